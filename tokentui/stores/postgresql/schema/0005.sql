-- Of a deleted account a tombstone stays, disabled, so that its name is never given again.
ALTER TABLE accounts
    ADD COLUMN deleted_at timestamptz CHECK (deleted_at IS NULL OR disabled_at IS NOT NULL);
