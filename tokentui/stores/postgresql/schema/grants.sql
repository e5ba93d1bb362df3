-- Groups without log-in: the database's administrator grants them to users. Nobody may delete
-- tokens or lines of the audit log, and what is revoked has no hash, whoever writes it.
GRANT SELECT ON store TO tokentui_manager, tokentui_verifier, tokentui_auditor;

GRANT SELECT, INSERT, UPDATE ON tokens, accounts TO tokentui_manager;
GRANT SELECT, INSERT, UPDATE, DELETE ON passwords, failures, done TO tokentui_manager;
GRANT SELECT, INSERT ON audit_log TO tokentui_manager;
GRANT SELECT, UPDATE ON head, uses_head TO tokentui_manager;
GRANT SELECT, INSERT, UPDATE ON uses TO tokentui_manager;

GRANT SELECT ON tokens, uses, uses_head TO tokentui_verifier;
GRANT SELECT (name, disabled_at) ON accounts TO tokentui_verifier;
GRANT SELECT (one, tokens, accounts) ON head TO tokentui_verifier;
GRANT SELECT, INSERT, UPDATE ON uses TO tokentui_verifier;
GRANT UPDATE ON uses_head TO tokentui_verifier;
GRANT SELECT, INSERT, UPDATE, DELETE ON pulse TO tokentui_manager, tokentui_verifier;

GRANT SELECT (
    id, account, name, name_key, created_at, expires_at, saved_at, revoked_at, revoked_by,
    read_only, networks, replaced_by, frees_name, revision, note, note_key, changed
) ON tokens TO tokentui_auditor;
GRANT SELECT ON uses, uses_head, accounts, audit_log, head TO tokentui_auditor;
