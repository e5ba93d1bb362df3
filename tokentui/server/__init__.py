"""What a web service talks to."""
