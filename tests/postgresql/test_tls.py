"""A real PostgreSQL behind TLS: who it is is checked, and passwords come from a file."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tokentui.core.errors import StoreError, StoreUnknown
from tokentui.stores import open_backend
from tokentui.stores.postgresql.opening import created

from ..conftest import program
from . import processes
from .server import NEEDED, Server

pytestmark = pytest.mark.needs(*NEEDED, "openssl")

NAME = "db.tokens.example"
PASSWORD = "a password of a database"


def openssl(folder: Path, *words: str) -> None:
    subprocess.run([program("openssl"), *words], cwd=folder, check=True, capture_output=True)


def certify(folder: Path) -> None:
    """Make an authority, and a key and a certificate of a server that it vouches for."""
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = ("-x509", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority")
    openssl(folder, "req", *new, *authority)
    openssl(folder, "req", *new, "-keyout", "server.key", "-out", "csr", "-subj", f"/CN={NAME}")
    (folder / "names").write_text(f"subjectAltName=DNS:{NAME}\n")
    by = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
    openssl(folder, "x509", "-req", "-in", "csr", *by, "-extfile", "names", "-out", "server.crt")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(tcp=True, settings={"ssl": "on", "password_encryption": "scram-sha-256"})
    certify(server.data)
    for name in ("server.key", "server.crt"):
        processes.give(server.data / name)
        (server.data / name).chmod(0o600)
    (server.data / "ca.crt").chmod(0o644)
    (server.data / "pg_hba.conf").write_text(
        "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    )
    with server:
        yield server


@pytest.fixture
def store(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a store by the name of the server; its password is in PGPASSFILE."""
    local = server.create_database()
    created(local, tmp_path / "keys")
    with psycopg.connect(local) as connection:
        connection.execute("DROP ROLE IF EXISTS far")
        connection.execute(f"CREATE ROLE far LOGIN PASSWORD '{PASSWORD}'".encode())
        connection.execute("GRANT tokentui_manager TO far")
    passwords = tmp_path / "passwords"
    passwords.write_text(f"*:*:*:far:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    name = psycopg.conninfo.conninfo_to_dict(local)["dbname"]
    trusting = f"sslrootcert={server.data / 'ca.crt'}&hostaddr=127.0.0.1"
    return f"postgresql://far@{NAME}:{server.port}/{name}?{trusting}"


def answered(url: str) -> object:
    with closing(open_backend(url, read_only=True)) as backend:
        return backend.tokens.version()


def test_a_server_that_proves_its_name_is_used(store: str) -> None:
    assert answered(store) == 0


def test_a_server_with_another_name_is_refused(store: str) -> None:
    wrong = store.replace(f"@{NAME}", "@other.tokens.example")
    with pytest.raises(StoreError, match=r"failed TLS verification .*match host name"):
        answered(wrong)


def test_a_server_that_nobody_vouches_for_is_refused(store: str, tmp_path: Path) -> None:
    certify(tmp_path)
    ours = store.index("sslrootcert=")
    other = f"{store[:ours]}sslrootcert={tmp_path / 'ca.crt'}&hostaddr=127.0.0.1"
    with pytest.raises(StoreError, match=r"failed TLS verification .*certificate verify failed"):
        answered(other)


@pytest.mark.parametrize("content", ["", "*:*:*:far:wrong\n"])
def test_without_the_password_a_person_is_told_where_it_goes(
    store: str, tmp_path: Path, content: str
) -> None:
    (tmp_path / "passwords").write_text(content)
    with pytest.raises(StoreError, match=r"Put the password into ~/\.pgpass"):
        answered(store)


def test_a_database_that_is_not_there_is_told_of(server: Server) -> None:
    with pytest.raises(StoreUnknown, match="does not exist"):
        answered(server.url("nowhere"))


def test_a_user_who_is_not_there_is_told_of(server: Server) -> None:
    with pytest.raises(StoreError, match='role "who" does not exist'):
        answered(f"{server.url()}&user=who")
