-- Words are looked for in names, IDs and owners: one index of trigrams for all three of them. It is
-- of the same expression as in `search_parts.py`. In the collation "C", lower() is of ASCII only.
DROP INDEX tokens_text;
CREATE INDEX tokens_text ON tokens USING gin (
    (name_key || E'\n' || lower(id) || E'\n' || lower(account)) gin_trgm_ops
);
