-- What a token is for. Without a rewrite of the table, since the defaults are constants.
ALTER TABLE tokens
    ADD COLUMN note text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN note_key text COLLATE "C" NOT NULL DEFAULT ''; -- the note as it is compared
