"""Files of earlier versions: each later one reads, verifies and changes them.

Each folder beside this file holds what the commands of that version wrote: the tokens with all
that lies beside them, the file of the app, a file of settings, and what the commands printed of
it. `secrets.json` has the secrets of its tokens, which open nothing else.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tokentui import Verifier, app_state
from tokentui.core.verdicts import AddressNotAllowed, Refused, TokenExpired, TokenReadOnly
from tokentui.ui.preferences import Preferences

from ..program.conftest import Sandbox

_HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in _HERE.iterdir() if (path / "secrets.json").exists())
BEYOND = {"77": {"id": "xxxxxxxxxx", "name": 5}}
"""A record that is no token, as another program might leave one."""


class Golden:
    """A copy of what a version wrote, and the program of today over it."""

    def __init__(self, version: str, sandbox: Sandbox) -> None:
        self.home, self._written, self._sandbox = sandbox.home, _HERE / version, sandbox
        for folder in ("data", "state", "config"):
            shutil.copytree(self._written / folder, self.home / folder / "tokentui")
        for path in self.home.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)

    @property
    def store(self) -> Path:
        return self.home / "data" / "tokentui" / "tokens.json"

    def read(self, name: str) -> Any:
        """Return what the version printed, or the secrets."""
        return json.loads((self._written / name).read_text())

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run a command on the copy; return what it says."""
        ended = self._sandbox.run(
            *arguments,
            stdin=stdin,
            TOKENTUI_STORE="",
            XDG_DATA_HOME=str(self.home / "data"),
            XDG_STATE_HOME=str(self.home / "state"),
            XDG_CONFIG_HOME=str(self.home / "config"),
        )
        assert ended.returncode == code, ended.stderr
        return ended.stdout or ended.stderr

    def events(self) -> Any:
        return json.loads(self.run("audit", "--last", "0", "--json"))


@pytest.fixture(params=VERSIONS)
def golden(request: pytest.FixtureRequest, sandbox: Sandbox) -> Golden:
    return Golden(request.param, sandbox)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def test_every_token_is_what_it_was(golden: Golden) -> None:
    exported = {each["id"]: each for each in json.loads(golden.run("export", "--hashes"))}
    for then in golden.read("export.json"):
        assert then.items() <= exported[then["id"]].items()


def test_every_event_is_what_it_was(golden: Golden) -> None:
    for then, now in zip(golden.read("audit.json"), golden.events(), strict=True):
        assert then.items() <= now.items()
    assert "intact: 32 entries" in golden.run("audit", "verify")


def test_secrets_are_verified_as_they_were(golden: Golden) -> None:
    secrets = golden.read("secrets.json")
    with Verifier.open(str(golden.store)) as verifier:
        for name in ("plain", "forever", "of-bob", "renamed", "turned"):
            verifier.verify(secrets[name], "POST", "203.0.113.5")
        verifier.verify(secrets["reader"], "GET", "2001:db8::1")
        for name, method, address, refusal in (
            ("reader", "POST", "192.0.2.1", TokenReadOnly),
            ("reader", "GET", "203.0.113.5", AddressNotAllowed),
            ("over", "GET", None, TokenExpired),
            ("gone", "GET", None, Refused),
        ):
            with pytest.raises(refusal):
                verifier.verify(secrets[name], method, address)


def test_uses_are_known(golden: Golden) -> None:
    used = json.loads(golden.run("show", "plain", "--json"))
    assert (used["uses"], used["last_used_from"]) == (2, "192.0.2.9")


def test_every_kind_of_change_is_possible(golden: Golden) -> None:
    golden.run("rename", "plain", "renamed")
    golden.run("access", "renamed", "--for-reading")
    golden.run("note", "renamed", "Nightly build")
    golden.run("rotate", "forever")
    golden.run("revoke", "reader", "--yes")
    golden.run("create", "another", "--never")
    tables = json.loads(golden.store.read_text())
    assert tables["notes"] == {"1": {"kept": "as it stands"}}
    assert BEYOND.items() <= tables["tokens"].items()
    assert [each["seq"] for each in golden.events()] == list(range(1, len(golden.events()) + 1))
    assert "intact" in golden.run("audit", "verify")


def test_a_backup_is_restored(golden: Golden) -> None:
    golden.run("revoke", "plain", "--yes")
    copies = sorted((golden.store.parent / "backups").glob("*.asked"))
    golden.run("restore", copies[-1].name, "--revive", "plain", "--yes")
    with Verifier.open(str(golden.store)) as verifier:
        verifier.verify(golden.read("secrets.json")["plain"])


def test_accounts_are_who_they_were(golden: Golden) -> None:
    accounts = {each["name"]: each for each in json.loads(golden.run("account", "list", "--json"))}
    assert {name: each["role"] for name, each in accounts.items()} == {
        "ann": "administrator",
        "bob": "member",
        "eye": "auditor",
    }
    assert accounts["eye"]["disabled_at"] is not None
    assert len(accounts["bob"]["keys"]) == 1
    passwords = "staple correct horse\nan entirely new one\n"
    golden.run("--account", "bob", "account", "passwd", "bob", stdin=passwords)


def test_settings_are_read(golden: Golden) -> None:
    told = golden.run("config")
    for text in ("30", "90d", "european", "sunday", "nord", "list.create", "x,delete"):
        assert text in told


def test_the_app_looks_as_it_did(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(golden.home / "state"))
    preferences = app_state.load(Preferences)
    assert (preferences.theme, preferences.sort, preferences.descending) == (
        "gruvbox",
        "expires",
        True,
    )
    assert "shown" not in msgspec.to_builtins(preferences), "a filter of 0.1.0 counts still"
