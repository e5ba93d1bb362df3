"""What each role of a database may do, statement by statement, and what is said of the rest."""

from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tokentui.core.errors import StoreError
from tokentui.stores import open_backend

from ..contracts.samples import LIVE
from .roles import NOBODY, ROLES, USERS, as_user
from .server import NEEDED
from .stores import fresh_store

pytestmark = pytest.mark.needs(*NEEDED)

_TOKEN = "('Abcdefghij', 'ada', 'ci', 'ci', now(), 1, 1)"
_INSERT = "INSERT INTO tokens (id, account, name, name_key, created_at, revision, changed) VALUES "
_LINE = "INSERT INTO audit_log VALUES (1, now(), 'ada', 'create', NULL, NULL, '')"
_ACCOUNT = (
    "INSERT INTO accounts (name, role, created_at, revision) VALUES ('bob', 'member', now(), 1)"
)

STATEMENTS: dict[str, tuple[str, ...]] = {
    # statement: who may run it
    "SELECT version, needs, fingerprint FROM store": ROLES,
    "UPDATE store SET version = 9": (),
    "INSERT INTO store VALUES (false, 1, '', '')": (),
    "DELETE FROM store": (),
    "SELECT id, name, account, expires_at, networks, replaced_by FROM tokens": ROLES,
    "SELECT hash FROM tokens": ("manager", "verifier"),
    "SELECT * FROM tokens": ("manager", "verifier"),
    _INSERT + _TOKEN: ("manager",),
    "UPDATE tokens SET name = 'x'": ("manager",),
    "UPDATE tokens SET revoked_at = NULL": ("manager",),
    "DELETE FROM tokens": (),
    "TRUNCATE tokens": (),
    "SELECT * FROM uses": ROLES,
    "INSERT INTO uses VALUES ('Abcdefghij', now(), 1, NULL)": ("manager", "verifier"),
    "UPDATE uses SET count = count + 1": ("manager", "verifier"),
    "UPDATE uses_head SET version = version + 1": ("manager", "verifier"),
    "DELETE FROM uses": (),
    "SELECT name, disabled_at FROM accounts": ROLES,
    "SELECT keys FROM accounts": ("manager", "auditor"),
    "SELECT role FROM accounts": ("manager", "auditor"),
    _ACCOUNT: ("manager",),
    "UPDATE accounts SET disabled_at = now()": ("manager",),
    "DELETE FROM accounts": (),
    "SELECT * FROM passwords": ("manager",),
    "UPDATE passwords SET hash = ''": ("manager",),
    "DELETE FROM passwords": ("manager",),
    "SELECT * FROM failures": ("manager",),
    "DELETE FROM failures": ("manager",),
    "SELECT * FROM audit_log": ("manager", "auditor"),
    _LINE: ("manager",),
    "UPDATE audit_log SET line = ''": (),
    "DELETE FROM audit_log": (),
    "TRUNCATE audit_log": (),
    "SELECT tokens, accounts FROM head": ROLES,
    "SELECT seq, mac FROM head": ("manager", "auditor"),
    "UPDATE head SET tokens = tokens + 1": ("manager",),
    "DELETE FROM head": (),
    "SELECT * FROM done": ("manager",),
    "INSERT INTO done (key) VALUES ('k')": ("manager",),
    "SELECT * FROM pulse": ("manager", "verifier"),
    "INSERT INTO pulse VALUES ('v', now())": ("manager", "verifier"),
    "DROP TABLE tokens": (),
    "ALTER TABLE audit_log DISABLE TRIGGER ALL": (),
    "CREATE TABLE more (id text)": (),
    "GRANT tokentui_manager TO CURRENT_USER": (),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fresh_store(tmp_path_factory.mktemp("keys"), passing=False)


@pytest.mark.parametrize("role", USERS)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_role_may_do_what_it_needs_and_nothing_else(url: str, role: str, statement: str) -> None:
    with psycopg.connect(as_user(url, role)) as connection:
        if role in STATEMENTS[statement]:
            connection.execute(statement.encode())
        else:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())
        connection.rollback()


def test_who_has_no_role_is_told_so(url: str, tmp_path: Path) -> None:
    backend = open_backend(as_user(url, NOBODY), read_only=True)
    with pytest.raises(StoreError, match=r"has no permission .*\. Grant it tokentui_manager"):
        backend.tokens.page(LIVE)
    backend.close()
