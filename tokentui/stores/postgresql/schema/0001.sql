-- Text is compared by its bytes, which in UTF-8 is as Python compares it.
CREATE TABLE tokens (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{10}$'),
    account text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_key text COLLATE "C" NOT NULL, -- the name as it is compared, made by Python
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL DEFAULT 'infinity', -- of one that never expires
    saved_at timestamptz,
    revoked_at timestamptz,
    revoked_by text COLLATE "C",
    hash text CHECK (revoked_at IS NULL OR hash IS NULL),
    read_only boolean NOT NULL DEFAULT false,
    networks text[] NOT NULL DEFAULT '{}',
    replaced_by text COLLATE "C",
    -- A column, because an expression in an index forbids index-only scans.
    frees_name boolean NOT NULL
        GENERATED ALWAYS AS (revoked_at IS NOT NULL OR replaced_by IS NOT NULL) STORED,
    revision integer NOT NULL CHECK (revision >= 1),
    changed bigint NOT NULL -- the number of the change that wrote it: the feed of verifiers
) WITH (fillfactor = 90);

-- No two tokens of an account hold one name. Deferred, since one change may swap names.
ALTER TABLE tokens ADD CONSTRAINT tokens_held EXCLUDE USING btree (
    account WITH =, name_key WITH =
) WHERE (revoked_at IS NULL AND replaced_by IS NULL) DEFERRABLE INITIALLY DEFERRED;

-- One index an order; each ends in what tells equals apart, so that keyset pagination can use it.
CREATE INDEX tokens_name ON tokens (name_key, account, frees_name, id)
    INCLUDE (expires_at, saved_at) WHERE revoked_at IS NULL;
CREATE INDEX tokens_account ON tokens (account, name_key, frees_name, id)
    WHERE revoked_at IS NULL;
CREATE INDEX tokens_created ON tokens (created_at, name_key, account, frees_name, id)
    WHERE revoked_at IS NULL;
CREATE INDEX tokens_expires ON tokens (expires_at, name_key, account, frees_name, id)
    WHERE revoked_at IS NULL;
CREATE INDEX tokens_revoked ON tokens (revoked_at, name_key, account, frees_name, id)
    WHERE revoked_at IS NOT NULL;
CREATE INDEX tokens_unsaved ON tokens (name_key, account, frees_name, id)
    INCLUDE (expires_at) WHERE revoked_at IS NULL AND saved_at IS NULL;
CREATE INDEX tokens_replaced ON tokens (name_key, account, frees_name, id)
    INCLUDE (expires_at) WHERE revoked_at IS NULL AND frees_name;
CREATE INDEX tokens_text ON tokens USING gin (name_key gin_trgm_ops);
CREATE INDEX tokens_changed ON tokens (changed);

CREATE TABLE uses (
    id text COLLATE "C" PRIMARY KEY,
    last_used_at timestamptz NOT NULL,
    count bigint NOT NULL CHECK (count >= 1),
    address text COLLATE "C"
) WITH (fillfactor = 70);
CREATE INDEX uses_last ON uses (last_used_at, id);

CREATE TABLE accounts (
    name text COLLATE "C" PRIMARY KEY,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    keys text[] NOT NULL DEFAULT '{}',
    revision integer NOT NULL CHECK (revision >= 1)
);
CREATE TABLE passwords (
    name text COLLATE "C" PRIMARY KEY REFERENCES accounts,
    hash text NOT NULL
);
CREATE TABLE failures (
    slot text COLLATE "C" PRIMARY KEY,
    count bigint NOT NULL,
    last_at timestamptz NOT NULL
);

CREATE TABLE audit_log (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    token text COLLATE "C",
    name_key text COLLATE "C",
    line bytea NOT NULL -- byte for byte what the file of a store in files has
);
CREATE INDEX audit_log_token ON audit_log (token, seq) WHERE token IS NOT NULL;
CREATE INDEX audit_log_name ON audit_log (name_key, seq) WHERE name_key IS NOT NULL;
CREATE INDEX audit_log_account ON audit_log (account, seq);

-- One row, which every change locks first: the order of changes is that of their commits.
CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    tokens bigint NOT NULL DEFAULT 0, -- the number of the last change of tokens
    accounts bigint NOT NULL DEFAULT 0, -- the number of the last change of accounts
    seq bigint NOT NULL DEFAULT 0, -- the end of the audit log's chain
    mac bytea NOT NULL
) WITH (fillfactor = 10);

-- Apart from the head: those who note uses change nothing else.
CREATE TABLE uses_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- The keys of changes that were made, so that a lost answer can be asked for.
CREATE TABLE done (
    key text COLLATE "C" PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX done_at ON done (at);

-- What a verifier writes to know that its primary still has its quorum.
CREATE TABLE pulse (
    verifier text COLLATE "C" PRIMARY KEY,
    at timestamptz NOT NULL
);

INSERT INTO head (mac) VALUES (decode(repeat('00', 32), 'hex'));
INSERT INTO uses_head DEFAULT VALUES;
