-- Each order has the notes with it: to look for a word along an order never reads the table.
DROP INDEX tokens_name, tokens_account, tokens_created, tokens_expires;
CREATE INDEX tokens_name ON tokens (name_key, account, frees_name, id)
    INCLUDE (expires_at, saved_at, note_key) WHERE revoked_at IS NULL;
CREATE INDEX tokens_account ON tokens (account, name_key, frees_name, id)
    INCLUDE (note_key) WHERE revoked_at IS NULL;
CREATE INDEX tokens_created ON tokens (created_at, name_key, account, frees_name, id)
    INCLUDE (note_key) WHERE revoked_at IS NULL;
CREATE INDEX tokens_expires ON tokens (expires_at, name_key, account, frees_name, id)
    INCLUDE (note_key) WHERE revoked_at IS NULL;
CREATE INDEX tokens_noted ON tokens (name_key, account, frees_name, id)
    INCLUDE (note_key) WHERE revoked_at IS NULL AND note_key <> '';
