"""Users of a database, one with each role."""

import psycopg

ROLES = ("manager", "verifier", "auditor")
NOBODY = "nobody_here"
USERS = (*ROLES, NOBODY)


def as_user(url: str, role: str) -> str:
    """Return the URL of a database for a user who has a role, or none; the user is made."""
    user = role if role == NOBODY else f"a_{role}"
    with psycopg.connect(url, autocommit=True) as connection:
        known = "SELECT FROM pg_roles WHERE rolname = %s"
        if not connection.execute(known, [user]).fetchall():
            groups = "" if role == NOBODY else f" IN ROLE tokentui_{role}"
            connection.execute(f"CREATE ROLE {user} LOGIN{groups}".encode())
    return f"{url}&user={user}"
