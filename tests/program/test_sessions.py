"""Sessions that are open while what opened them is taken away."""

import subprocess
from collections.abc import Sequence

import pytest

from tokentui.core.account import fingerprint

from .conftest import PROGRAM, Sandbox
from .terminal import Terminal

PASSWORD = "correct horse battery"
KEYS = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICROj42RD8YcYiXVQVW5szkT+UAuUR4YJR/0WB2vQKuR",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICROj42RD8YcYiXVQVW5szkT+UAuUR4YJR/0WB2vQKuQ",
]
_OVER_SSH = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"}


@pytest.fixture
def office(sandbox: Sandbox) -> Sandbox:
    """Return a store with an administrator, and bob, who has a password and two keys."""
    for name in ("ann", "bob"):
        assert sandbox.run("account", "add", name, stdin=PASSWORD).returncode == 0
    for key in KEYS:
        assert sandbox.run("account", "key", "add", "bob", key).returncode == 0
    return sandbox


def _as_bob(office: Sandbox) -> list[str]:
    return [*PROGRAM, "--store", str(office.store), "--account", "bob"]


def _opened_by(office: Sandbox, keys: Sequence[str]) -> dict[str, str]:
    """Return the environment of a session that sshd says was opened by `keys`."""
    told = office.home / "auth"
    told.write_text("".join(f"publickey {key}\n" for key in keys))
    return office.environment(SSH_USER_AUTH=str(told), **_OVER_SSH)


def _remove(office: Sandbox, key: str) -> None:
    assert office.run("account", "key", "remove", "bob", fingerprint(key)).returncode == 0


def test_the_key_that_opened_the_app_is_removed(office: Sandbox) -> None:
    with Terminal(_as_bob(office), _opened_by(office, KEYS[:1])) as app:
        app.wait_for("No API tokens yet.")
        _remove(office, KEYS[1])
        app.press("?")
        app.wait_for("Token list")
        _remove(office, KEYS[0])
        assert app.wait_exit() == 11
        assert app.left_changed() == []
        assert "SSH key of this session was removed" in app.last_words()


def test_a_session_of_an_unknown_key_ends_with_any_key(office: Sandbox) -> None:
    with Terminal(_as_bob(office), office.environment(**_OVER_SSH)) as app:
        app.wait_for("No API tokens yet.")
        _remove(office, KEYS[1])
        assert app.wait_exit() == 11


def test_a_session_from_a_shell_has_no_key_to_lose(office: Sandbox) -> None:
    with Terminal(_as_bob(office), office.environment()) as app:
        app.wait_for("No API tokens yet.")
        _remove(office, KEYS[0])
        assert office.run("account", "passwd", "bob", stdin="a quite different one").returncode == 0
        app.wait_for("The password was changed")
        app.press("ctrl+q")
        assert app.wait_exit() == 0


def test_what_follows_the_audit_log_ends_as_well(office: Sandbox) -> None:
    environment = _opened_by(office, KEYS[:1]) | {"SSH_ORIGINAL_COMMAND": "audit --follow"}
    with subprocess.Popen(
        _as_bob(office), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        assert "Sign in" in following.stdout.readline()
        _remove(office, KEYS[0])
        assert following.wait(30) == 11
        assert "was removed" in following.stderr.read()
