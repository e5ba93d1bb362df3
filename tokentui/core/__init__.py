"""What a token is and what may be done with it: no screens, no files, no network."""
