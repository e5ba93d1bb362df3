"""A seeded monkey that drives the app over a pty, as no person would: `python -m tests.monkey`."""
