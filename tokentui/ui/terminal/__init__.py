"""The terminal: what it sends, how large it is, and the signals that come with it."""
