"""The backend of many machines: a PostgreSQL database, behind `postgresql:` URLs."""
