-- Revoked tokens by name: whoever reads all tokens in this order walks two indexes.
CREATE INDEX tokens_gone ON tokens (name_key, account, frees_name, id)
    WHERE revoked_at IS NOT NULL;
