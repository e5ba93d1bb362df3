-- Words are looked for in notes as well: the same expression as in `search_parts.py`.
DROP INDEX tokens_text;
CREATE INDEX tokens_text ON tokens USING gin (
    (name_key || E'\n' || lower(id) || E'\n' || lower(account) || E'\n' || note_key) gin_trgm_ops
);
