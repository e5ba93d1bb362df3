"""Tokens in a TinyDB file, and what lies beside it."""
