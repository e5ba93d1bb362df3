"""The commands over a store in a database."""

import sys
from pathlib import Path

import click
import pytest

from tokentui import config
from tokentui.cli.common import backend_for
from tokentui.console import ExitCode

from ..conftest import NOW
from ..opening import open_usage
from ..postgresql.sandbox import OnDatabase, on_database
from ..postgresql.server import NEEDED
from .conftest import Sandbox


@pytest.fixture
def database(tmp_path: Path) -> OnDatabase:
    return on_database(tmp_path)


def test_what_a_command_opened_is_closed_when_it_ends(store_path: Path) -> None:
    with click.Context(click.Command("verify")):
        backend_for(config.load(str(store_path))).usage.record("Abcdefghij", NOW)
        assert open_usage(str(store_path)).list_all() == {}
    assert open_usage(str(store_path)).list_all().keys() == {"Abcdefghij"}


def test_what_cannot_be_closed_does_not_fail_the_command(store_path: Path) -> None:
    store_path.with_name("usage.json").mkdir(parents=True)
    with click.Context(click.Command("verify")):
        backend_for(config.load(str(store_path))).usage.record("Abcdefghij", NOW)


@pytest.mark.needs(*NEEDED)
def test_commands_do_on_a_database_what_they_do_on_a_file(database: OnDatabase) -> None:
    secret = database.run("create", "deploy", "--never")
    assert secret.returncode == ExitCode.OK, secret.stderr
    assert "Warning" not in secret.stderr
    assert database.run("rename", "deploy", "ci").returncode == ExitCode.OK
    assert database.run("verify", stdin=secret.stdout).stdout.startswith("ci ")
    assert "Rename token" in database.run("audit").stdout
    assert "intact: " in database.run("audit", "verify").stderr
    assert database.run("revoke", "ci", "--yes").returncode == ExitCode.OK
    assert database.run("verify", stdin=secret.stdout).returncode == ExitCode.REFUSED


@pytest.mark.needs(*NEEDED)
def test_a_check_finds_nothing_in_the_way_of_a_database(database: OnDatabase) -> None:
    database.run("create", "deploy", "--never")
    checked = database.run("check")
    assert (checked.returncode, checked.stdout) == (ExitCode.OK, "")
    assert checked.stderr == f"No problems found in {database.url}.\n"


@pytest.mark.needs(*NEEDED)
@pytest.mark.parametrize("command", ["backup", "backup --list", "restore any --yes"])
def test_backups_of_a_database_are_its_own(database: OnDatabase, command: str) -> None:
    ended = database.run(*command.split())
    assert ended.returncode == (ExitCode.OK if "--list" in command else ExitCode.STORE)
    assert ended.stdout == ""
    assert ended.stderr.removeprefix("Error: ") == (
        "The tokens are in a database. Back it up with its own tools, such as pg_dump.\n"
    )


@pytest.mark.needs(*NEEDED)
def test_paths_of_a_database_are_its_url_and_the_folder_of_the_keys(database: OnDatabase) -> None:
    printed = database.run("paths").stdout.splitlines()
    assert printed[:2] == [f"tokens     {database.url}", f"audit keys {database.keys}"]


@pytest.mark.needs(*NEEDED)
def test_the_gate_and_the_unit_name_the_database(database: OnDatabase) -> None:
    assert f"'{database.url}'" in database.run("gate", "--print-config", "sshd").stdout
    unit = database.run("serve", "--print-config", "systemd").stdout
    assert f"{sys.executable} -m tokentui --store '{database.url}' serve" in unit
    assert "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n" in unit
    assert "ReadWritePaths" not in unit
    assert "PrivateNetwork" not in unit


def test_the_unit_of_a_file_reaches_the_folder_of_the_file_alone(sandbox: Sandbox) -> None:
    unit = sandbox.run("serve", "--print-config", "systemd").stdout
    assert f"\nReadWritePaths={sandbox.store.parent}\nPrivateNetwork=yes\n" in unit
