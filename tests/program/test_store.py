"""`tokentui store`: making, upgrading and looking at a store in a database."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tokentui.console import ExitCode
from tokentui.core.clock import utc_now
from tokentui.core.errors import StoreTooNew
from tokentui.stores import administration, open_backend
from tokentui.stores.postgresql import schema

from ..postgresql.sandbox import OnDatabase, keys_in, on_database
from ..postgresql.server import NEEDED, Server, fresh_database
from .conftest import Sandbox

pytestmark = pytest.mark.needs(*NEEDED)


def empty(_: str) -> None:
    """Leave a database as it is."""


@pytest.fixture
def database(tmp_path: Path) -> OnDatabase:
    return on_database(tmp_path)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_store_is_created_with_a_key_and_used(sandbox: Sandbox) -> None:
    url = fresh_database(empty)
    created = sandbox.run("store", "create", url)
    assert created.returncode == ExitCode.OK, created.stderr
    folder = Path(created.stdout.strip())
    assert folder.parent == keys_in(sandbox.home)
    assert sorted(each.name for each in folder.iterdir()) == ["audit.anchor", "audit.key"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "GRANT tokentui_manager TO" in created.stderr
    assert "--store URL" in created.stderr
    assert sandbox.run("--store", url, "create", "ci", "--never").returncode == ExitCode.OK
    verified = sandbox.run("--store", url, "audit", "verify")
    assert "The audit log is intact" in verified.stderr


def test_an_anchor_elsewhere_is_made_with_the_store(sandbox: Sandbox) -> None:
    url, anchor = fresh_database(empty), str(sandbox.home / "elsewhere" / "end")
    more = {"TOKENTUI_AUDIT_ANCHOR": anchor, "TOKENTUI_STORE": url}
    assert sandbox.run("store", "create", url, **more).returncode == ExitCode.OK
    assert sandbox.run("create", "ci", "--never", **more).returncode == ExitCode.OK
    assert "is intact" in sandbox.run("audit", "verify", **more).stderr


def test_a_second_store_is_refused_and_leaves_no_key(database: OnDatabase) -> None:
    keys = list(database.keys.iterdir())
    again = database.run("store", "create", database.url)
    assert (again.returncode, again.stdout) == (ExitCode.STORE, "")
    assert again.stderr == "Error: The database already contains a store. Nothing was changed.\n"
    assert list(database.keys.iterdir()) == keys


def test_an_owner_who_may_not_create_roles_is_told_the_statement(sandbox: Sandbox) -> None:
    with Server() as server:
        url = server.create_database()
        owned = f"{url}&user=owner"
        database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        execute(
            server.url(),
            "CREATE ROLE owner LOGIN",
            "CREATE ROLE tokentui_auditor",
            f"ALTER DATABASE {database} OWNER TO owner",
        )
        refused = sandbox.run("store", "create", owned)
        assert refused.returncode == ExitCode.STORE
        statements = "CREATE ROLE tokentui_manager NOLOGIN; CREATE ROLE tokentui_verifier NOLOGIN;"
        assert f'psql -c "{statements}"' in refused.stderr
        assert not keys_in(sandbox.home).exists()
        execute(server.url(), *statements.split(";")[:2])
        created = sandbox.run("store", "create", owned)
        assert created.returncode == ExitCode.OK, created.stderr


def test_nobody_but_the_owner_creates_a_store(sandbox: Sandbox, database: OnDatabase) -> None:
    url = fresh_database(empty)
    execute(url, "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    refused = sandbox.run("store", "create", f"{url}&user=stranger")
    assert refused.returncode == ExitCode.STORE
    assert "Only the owner of the database can do this" in refused.stderr
    assert len(list(keys_in(sandbox.home).iterdir())) == 1, "the key of the other store alone"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (
            "create",
            ExitCode.OK,
            "A file store needs no command: the first change creates the file.\n",
        ),
        ("upgrade", ExitCode.OK, "A file store needs no upgrade"),
        ("status", ExitCode.USAGE, "For a file, run: tokentui check"),
    ],
)
def test_a_file_needs_none_of_it(sandbox: Sandbox, command: str, code: int, said: str) -> None:
    ended = sandbox.run("store", command, str(sandbox.store))
    assert (ended.returncode, ended.stdout) == (code, "")
    assert said in ended.stderr
    assert not sandbox.store.exists()


def test_accounts_do_not_look_after_the_store(database: OnDatabase) -> None:
    refused = database.run("--account", "ann", "store", "status", database.url)
    assert refused.returncode == ExitCode.NOT_PERMITTED


# -- upgrades --------------------------------------------------------------------------------------

_NEXT_SCRIPT = f"{schema.VERSION + 1:04}.sql"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Make the program one that has another version of the schema."""
    scripts = tmp_path / "schema"
    shutil.copytree(str(schema.SCRIPTS), scripts)
    (scripts / _NEXT_SCRIPT).write_text(
        "CREATE TABLE notes (id text); INSERT INTO notes VALUES (1);"
    )
    monkeypatch.setattr(schema, "SCRIPTS", scripts)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    monkeypatch.setattr(schema, "_NEEDS", "0.3")
    return monkeypatch


def test_an_upgrade_runs_the_files_that_are_new_once(
    database: OnDatabase, newer: pytest.MonkeyPatch
) -> None:
    backend = open_backend(database.url, read_only=True)
    with pytest.raises(Exception, match=r"has an earlier version\. Run: tokentui store upgrade"):
        backend.tokens.version()
    assert administration.upgrade(database.url)
    assert not administration.upgrade(database.url)
    assert backend.tokens.version() == 0
    backend.close()
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT * FROM notes").fetchall() == [("1",)]


_OF_FIRST = """
    INSERT INTO store (version, needs, fingerprint) VALUES (1, '0.2', %s);
    INSERT INTO tokens (id, account, name, name_key, created_at, hash, revision, changed)
        VALUES ('0000000001', 'ada', 'ci', 'ci', now(), 'hash', 1, 1)
"""


@pytest.fixture
def upgraded(database: OnDatabase) -> OnDatabase:
    """Return a store of the first version, with the token ci, that was upgraded."""
    with psycopg.connect(database.url) as connection:
        [(key,)] = connection.execute("SELECT fingerprint FROM store").fetchall()
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for script in ("roles.sql", "store.sql", "0001.sql"):
            connection.execute((schema.SCRIPTS / script).read_bytes())
        for statement in _OF_FIRST.split(";"):
            connection.execute(statement.encode(), [key] if "%s" in statement else None)
    assert database.run("note", "ci", "x").returncode == ExitCode.STORE
    assert database.run("store", "upgrade", database.url).returncode == ExitCode.OK
    return database


def test_who_has_the_store_open_goes_on_after_an_upgrade(database: OnDatabase) -> None:
    backend = open_backend(database.url, read_only=True)
    assert backend.tokens.version() == 0
    with psycopg.connect(database.url) as connection:
        connection.execute("UPDATE store SET version = version + 1")
    assert backend.tokens.version() == 0
    backend.close()


def test_an_upgrade_makes_room_for_notes(upgraded: OnDatabase) -> None:
    assert upgraded.run("note", "ci").stdout == "\n"
    assert upgraded.run("note", "ci", "Nightly build").stdout == "Nightly build\n"
    readable = "SELECT has_column_privilege('tokentui_auditor', 'tokens', 'note', 'SELECT')"
    with psycopg.connect(upgraded.url) as connection:
        assert connection.execute(readable).fetchall() == [(True,)]
        [keys] = connection.execute("SELECT note_key FROM tokens").fetchall()
    assert keys == ("nightly build",)
    assert "ci" in upgraded.run("list", "--search", "NIGHTLY").stdout


def test_an_upgrade_makes_the_index_of_words(upgraded: OnDatabase) -> None:
    with psycopg.connect(upgraded.url) as connection:
        [(made,)] = connection.execute("SELECT pg_get_indexdef('tokens_text'::regclass)").fetchall()
    assert "lower(account)" in made


def test_an_upgrade_that_fails_changes_nothing(
    database: OnDatabase, newer: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "schema" / _NEXT_SCRIPT).write_text("CREATE TABLE notes (id text); SELECT 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        administration.upgrade(database.url)
    newer.undo()
    assert not administration.upgrade(database.url)
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT to_regclass('notes')").fetchall() == [(None,)]


def test_a_store_that_is_newer_is_refused_with_the_version_that_it_needs(
    database: OnDatabase, newer: pytest.MonkeyPatch
) -> None:
    administration.upgrade(database.url)
    newer.undo()
    with pytest.raises(StoreTooNew, match=r"needs tokentui 0\.3 or later"):
        administration.upgrade(database.url)
    for command in (["list"], ["store", "upgrade", database.url], ["store", "status"]):
        refused = database.run(*command)
        assert refused.returncode == ExitCode.STORE
        assert "needs tokentui 0.3 or later. Upgrade tokentui." in refused.stderr


def test_there_is_nothing_to_upgrade(database: OnDatabase) -> None:
    assert "up to date" in database.run("store", "upgrade", database.url).stderr
    url = fresh_database(empty)
    refused = database.run("store", "upgrade", url)
    assert refused.returncode == ExitCode.STORE
    assert f"tokentui store create {url}" in refused.stderr


# -- copies ----------------------------------------------------------------------------------------


def test_a_file_moves_to_a_database_and_back(sandbox: Sandbox) -> None:
    secret = sandbox.run("create", "ci", "--never").stdout
    sandbox.run("verify", stdin=secret)
    url, back = fresh_database(empty), str(sandbox.home / "back" / "tokens.json")
    assert sandbox.run("store", "create", url).returncode == ExitCode.OK
    copied = sandbox.run("store", "copy", str(sandbox.store), url)
    assert (copied.returncode, copied.stdout) == (ExitCode.OK, "")
    assert (
        "Copied and compared: 1 token, accounts: 0, used tokens: 0, audit log entries"
        in copied.stderr
    )
    assert len(list(keys_in(sandbox.home).iterdir())) == 1, "the key that was created is gone"
    there = sandbox.run("--store", url, "audit", "verify").stderr
    assert there == sandbox.run("audit", "verify").stderr
    again = sandbox.run("store", "copy", str(sandbox.store), url)
    assert (again.returncode, "is not empty" in again.stderr) == (ExitCode.STORE, True)
    assert sandbox.run("store", "copy", url, back).returncode == ExitCode.OK
    for store in (url, back):
        assert sandbox.run("--store", store, "verify", stdin=secret).stdout.startswith("ci ")


def test_only_the_owner_of_a_database_copies_into_it(database: OnDatabase) -> None:
    file = str(database.store)
    database.run("--store", file, "create", "ci", "--never")
    execute(database.url, "DROP ROLE IF EXISTS copier", "CREATE ROLE copier LOGIN")
    execute(database.url, "GRANT tokentui_manager TO copier")
    refused = database.run("store", "copy", file, f"{database.url}&user=copier")
    assert refused.returncode == ExitCode.STORE
    assert "Only the owner of the database can copy into it" in refused.stderr
    assert json.loads(database.run("store", "status", "--json").stdout)["counts"]["tokens"] == 0
    assert database.run("store", "copy", file, database.url).returncode == ExitCode.OK


# -- status ----------------------------------------------------------------------------------------


def test_a_status_tells_how_the_store_is(database: OnDatabase) -> None:
    database.run("create", "ci", "--never")
    database.run("revoke", "ci", "--yes")
    status = database.run("store", "status", "--json")
    assert (status.returncode, status.stderr) == (ExitCode.OK, "")
    told = json.loads(status.stdout)
    [folder] = database.keys.iterdir()
    assert told["counts"] == {"tokens": 1, "accounts": 0, "audit_lines": 3}
    assert (told["version"], told["fingerprint"], told["key"]) == (
        schema.VERSION,
        folder.name,
        str(folder),
    )
    assert (told["primary"], told["timeline"], told["standbys"]) == (True, 1, [])
    assert abs(told["clock_skew"]) < 60
    text = database.run("store", "status", database.url).stdout.splitlines()
    facts = dict(line.split(maxsplit=1) for line in text if not line.startswith(("audit", "clock")))
    assert facts["tokens"] == "1"
    assert facts["key"] == str(folder)
    assert "server is    primary, timeline 1" in text
    assert "audit entries 3" in text


def test_a_host_without_the_key_cannot_make_changes(database: OnDatabase) -> None:
    shutil.rmtree(database.keys)
    status = database.run("store", "status")
    assert status.returncode == ExitCode.STORE
    assert "key          not on this host\n" in status.stdout
    assert (
        "The store cannot be changed. The key of the audit log is not on this host" in status.stderr
    )


def test_a_user_without_the_role_is_told_the_statement(database: OnDatabase) -> None:
    execute(database.url, "DROP ROLE IF EXISTS looker", "CREATE ROLE looker LOGIN")
    execute(database.url, "GRANT tokentui_verifier TO looker")
    status = database.run("store", "status", f"{database.url}&user=looker")
    assert status.returncode == ExitCode.STORE
    assert 'GRANT tokentui_manager TO "looker"' in status.stderr
    assert "audit entries not readable by this user\n" in status.stdout


def test_a_clock_that_is_wrong_is_warned_of(database: OnDatabase) -> None:
    def told(seconds: int) -> tuple[str, ...]:
        found = administration.status(
            database.url,
            keys=str(database.keys),
            clock=lambda: utc_now() - timedelta(seconds=seconds),
        )
        assert not found.obstacles
        return found.warnings

    assert told(0) == told(50) == told(-50) == ()
    assert "seconds ahead of the clock of this host" in told(300)[0]
    assert "seconds behind the clock of this host" in told(-300)[0]


def test_changes_that_no_standby_confirms_are_told_of(sandbox: Sandbox) -> None:
    settings = {"max_wal_senders": "2", "wal_level": "replica"}
    with Server(settings=settings) as server:
        url = server.create_database()
        sandbox.run("store", "create", url)
        assert sandbox.run("store", "status", url).returncode == ExitCode.OK
        execute(
            url,
            "ALTER SYSTEM SET synchronous_standby_names = 'ANY 2 (*)'",
            "SELECT pg_reload_conf()",
        )
        # A connection that is new has the settings that are new once the server has read them.
        while True:
            with psycopg.connect(url) as connection:
                if connection.execute("SHOW synchronous_standby_names").fetchone() != ("",):
                    break
        status = sandbox.run("store", "status", url)
        assert status.returncode == ExitCode.STORE
        assert "wait for 2 synchronous standbys, but 0 are connected." in status.stderr


def test_a_server_that_takes_no_changes_is_looked_at_all_the_same(database: OnDatabase) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database.url)["dbname"]
    execute(database.url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    status = database.run("store", "status")
    assert status.returncode == ExitCode.STORE
    assert "The database is read-only" in status.stderr
    assert "tokens       0\n" in status.stdout
