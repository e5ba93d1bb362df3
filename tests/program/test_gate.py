"""Several people over a real SSH connection: each reaches their own tokens, and nothing else."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..postgresql.sandbox import on_database
from ..postgresql.server import NEEDED
from .conftest import Sandbox
from .ssh import Server
from .terminal import Terminal

pytestmark = pytest.mark.needs("sshd", "ssh", "ssh-keygen", "scp", "sftp")

PASSWORD = "correct horse battery"
# As careless as an administrator can be: all of these come from the client.
_CARELESS = (
    "AcceptEnv TOKENTUI_* TEXTUAL_* PYTHON* XDG_* _TOKENTUI_COMPLETE COMP_* PAGER EDITOR VISUAL\n"
)
_SIGNS_OF_A_SHELL = ("uid=", "root:x:")


@dataclass
class Office:
    """Ann is an administrator, bob and cid are members; each has a token and a key."""

    sandbox: Sandbox
    server: Server
    ids: dict[str, str]

    def over(
        self,
        who: str,
        *command: str,
        options: tuple[str, ...] = (),
        stdin: str = "",
        sent: Mapping[str, str] = {},
    ) -> subprocess.CompletedProcess[str]:
        """Connect as somebody, with a command and with variables that the client sends."""
        names = [part for name in sent for part in ("-o", f"SendEnv={name}")]
        ssh = self.server.client(who, *names, *options)
        return self.sandbox.execute([*ssh, "127.0.0.1", "--", *command], stdin, **sent)

    def app(self, who: str) -> Terminal:
        """Open the app as somebody."""
        ssh = self.server.client(who, "-tt")
        return Terminal([*ssh, "127.0.0.1"], self.sandbox.environment())

    def trail(self) -> list[dict[str, Any]]:
        """Return the audit log, the latest last."""
        told = self.sandbox.run("audit", "--json", "--last", "0")
        assert told.returncode == 0, told.stderr
        entries: list[dict[str, Any]] = json.loads(told.stdout)
        return entries

    def tokens(self) -> str:
        return self.sandbox.store.read_text()

    def is_whole(self) -> bool:
        """Say whether store and trail are as they should be."""
        return all(self.sandbox.run(*each).returncode == 0 for each in (["audit", "verify"],))


Pattern = tuple[Sandbox, dict[str, str]]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Pattern:
    """Return the home of an office, to be copied, and the ids of the tokens in it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("pattern"))
    return sandbox, _peopled(sandbox)


def _peopled(sandbox: Sandbox) -> dict[str, str]:
    """Give accounts and tokens to people, and return the ids of the tokens."""
    ids = {}
    for name in ("ann", "bob", "cid"):
        assert sandbox.run("account", "add", name, stdin=PASSWORD).returncode == 0
        new = sandbox.run("--account", name, "create", f"of-{name}", "--never", "--json")
        ids[name] = json.loads(new.stdout)["id"]
    added = sandbox.run("account", "add", "eye", "--role", "auditor", stdin=PASSWORD)
    assert added.returncode == 0
    return ids


def _furnished(pattern: Pattern, folder: Path) -> Office:
    """Return an office in `folder` whose doors are still shut."""
    shutil.copytree(pattern[0].home, folder, dirs_exist_ok=True)
    return Office(Sandbox(folder), Server(folder / "ssh"), pattern[1])


@contextmanager
def _open(office: Office) -> Iterator[Office]:
    """Let people in by their keys."""
    lines = [
        office.sandbox.run("account", "key", "add", name, stdin=office.server.public_key(name))
        for name in office.ids
    ]
    with office.server.serving("".join(line.stdout for line in lines), _CARELESS):
        yield office


@pytest.fixture
def furnished(pattern: Pattern, tmp_path: Path) -> Office:
    """Return an office whose doors are still shut."""
    return _furnished(pattern, tmp_path)


@pytest.fixture
def office(furnished: Office) -> Iterator[Office]:
    """Return an office that is open."""
    with _open(furnished):
        yield furnished


@pytest.fixture(scope="module")
def shared(pattern: Pattern, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return an office that is open, for tests in which nothing is changed."""
    with _open(_furnished(pattern, tmp_path_factory.mktemp("office"))) as office:
        yield office


def test_each_reaches_their_own_by_a_key(office: Office) -> None:
    for name in ("bob", "cid"):
        listed = office.over(name, "list", "--json")
        assert [token["name"] for token in json.loads(listed.stdout)] == [f"of-{name}"]
    listed = office.over("ann", "tokentui list --json")
    assert {token["account"] for token in json.loads(listed.stdout)} == {"ann", "bob", "cid"}
    made = office.over("bob", "create fresh --expires-in 90d")
    assert made.stdout.startswith("tt_")
    last = office.trail()[-1]
    assert (last["account"], last["action"], last["name"]) == ("bob", "save", "fresh")
    assert last["address"] == "127.0.0.1"
    assert any(each["action"] == "log-in" for each in office.trail())


def test_the_guide_is_read_without_a_pager(shared: Office) -> None:
    ssh = shared.server.client("cid", "-tt", "-o", "SendEnv=PAGER")
    environment = shared.sandbox.environment(PAGER="sed s/^/paged:/")
    with Terminal([*ssh, "127.0.0.1", "guide rotation"], environment) as terminal:
        terminal.wait_for("## Undo a rotation")
        assert terminal.wait_exit() == 0
        assert b"paged:" not in terminal.written


@pytest.mark.parametrize(
    "command",
    [
        "sh",
        "/bin/sh -c id",
        "list; id",
        "list && id",
        "list | cat /etc/passwd",
        "list > /tmp/x",
        "$(id)",
        "`id`",
        "list $(id)",
        "list\nid",
        "'list",
        "tokentui",
        "tokentui sh",
        "--help",
        "--store /etc/passwd list",
        "--account ann list",
        "list --store /etc/passwd",
        "list --account ann",
        "create stolen --to-file /tmp/stolen",
        "rotate of-cid --to-file /tmp/stolen",
        "export --hashes",
        "backup",
        "restore x",
        "import -",
        "config",
        "paths",
        "check",
        "serve",
        "gate",
        "completion bash",
        "audit accept 1",
        "audit rotate",
        "audit verify",
        "account list",
        "account add eve --role administrator",
        "account role cid administrator",
        "account disable ann",
        "account passwd ann",
        "account key add ann ssh-ed25519 AAAA",
        "show {bob}",
        "show of-bob",
        "rename {bob} mine",
        "revoke {bob} --yes",
        "revoke of-cid {bob} --yes",
        "rotate {bob} --yes",
        "access {bob} --from-anywhere",
        "show of-bob\x1b[2J",
        "rename of-cid x\x1b]0;owned\x07",
        "scp -t /tmp",
        "/usr/lib/openssh/sftp-server",
    ],
)
def test_nothing_else_is_reached_by_a_command(shared: Office, command: str) -> None:
    before = shared.tokens()
    asked = command.format(**shared.ids)
    told = shared.over("cid", asked, stdin="a password that is long enough\n")
    assert told.returncode != 0
    assert told.stdout == ""
    assert not any(sign in told.stderr for sign in (*_SIGNS_OF_A_SHELL, "Traceback", "\x1b"))
    assert shared.tokens() == before
    last = shared.trail()[-1]
    # A name that is none is refused where it is typed, and nothing was reached for.
    if "\x1b" not in asked:
        assert (last["account"], last["outcome"]) == ("cid", "refused"), last
    assert shared.is_whole()


@pytest.mark.needs(*NEEDED)
def test_nothing_of_others_is_reached_in_a_database(tmp_path: Path) -> None:
    sandbox = on_database(tmp_path)
    # Where it is for whoever comes in by a key, without variables of a person.
    shutil.copytree(sandbox.keys, tmp_path / ".local" / "share" / "tokentui" / "keys")
    ids, server = _peopled(sandbox), Server(tmp_path / "ssh")

    def door(who: str) -> str:
        """Return what sshd runs for somebody, in the home of whoever has the store."""
        line = sandbox.run("account", "key", "add", who, stdin=server.public_key(who)).stdout
        return line.partition('command="')[2].partition('" ')[0]

    doors = {who: door(who) for who in ids}

    def over(who: str, command: str) -> subprocess.CompletedProcess[str]:
        asked = {"SSH_ORIGINAL_COMMAND": command, "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
        return sandbox.execute(["sh", "-c", doors[who]], "a password of some length\n", **asked)

    before = sandbox.run("list", "--json").stdout
    for command in (
        "show {bob}",
        "show of-bob",
        "rename {bob} mine",
        "revoke of-cid {bob} --yes",
        "rotate {bob} --yes",
        "access {bob} --from-anywhere",
        "export --hashes",
        "audit verify",
        "account role cid administrator",
        "store status",
        "store copy x y",
    ):
        told = over("cid", command.format(**ids))
        assert told.returncode != 0, command
        assert told.stdout == "", command
        assert "Traceback" not in told.stderr, command
        last = json.loads(sandbox.run("audit", "--json", "--last", "1").stdout)[-1]
        assert (last["account"], last["outcome"]) == ("cid", "refused"), (command, told, last)
    assert sandbox.run("list", "--json").stdout == before
    assert sandbox.run("audit", "verify").returncode == 0
    listed = over("cid", "list --json")
    assert [token["name"] for token in json.loads(listed.stdout)] == ["of-cid"]
    assert over("bob", "create fresh --expires-in 90d").stdout.startswith("tt_")


@pytest.mark.parametrize(
    "variable",
    [
        {"TOKENTUI_STORE": "/etc/passwd"},
        {"TOKENTUI_CONFIG": "/etc/passwd"},
        {"TOKENTUI_AUDIT": "off"},
        {"TOKENTUI_READ_ONLY": "1"},
        {"TEXTUAL": "devtools"},
        {"TEXTUAL_DRIVER": "os:system"},
        {"PYTHONPATH": "/tmp"},
        {"PYTHONSTARTUP": "/etc/passwd"},
        {"PYTHONINSPECT": "1"},
        {"XDG_CONFIG_HOME": "/tmp"},
        {"_TOKENTUI_COMPLETE": "bash_source"},
        {"_TOKENTUI_COMPLETE": "bash_complete", "COMP_WORDS": "tokentui show o", "COMP_CWORD": "2"},
    ],
    ids=lambda variable: next(iter(variable)),
)
def test_nothing_else_is_reached_by_a_variable(shared: Office, variable: dict[str, str]) -> None:
    told = shared.over("cid", "list", "--json", sent=variable)
    assert [token["name"] for token in json.loads(told.stdout)] == ["of-cid"]
    assert shared.trail()[-1]["action"] == "log-in"


def test_no_file_is_copied(shared: Office, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    stolen = f"127.0.0.1:{shared.sandbox.store}"
    target = "127.0.0.1:/tmp/of-cid-was-here"
    for copy in (
        [*shared.server.client("cid", "-O", program="scp"), str(tmp_path / "mine"), target],
        [*shared.server.client("cid", program="scp"), str(tmp_path / "mine"), target],
        [*shared.server.client("cid", "-O", program="scp"), stolen, "."],
        [*shared.server.client("cid", "-b", "-", program="sftp"), "127.0.0.1"],
    ):
        assert shared.sandbox.execute(copy, "ls /\n").returncode != 0
        assert shared.trail()[-1]["outcome"] == "refused"
    assert not Path("/tmp/of-cid-was-here").exists()


def test_no_port_is_forwarded(shared: Office) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        told = shared.over("cid", options=("-W", f"127.0.0.1:{port}"))
        assert told.returncode != 0
        assert "forwarding failed" in told.stderr
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    back = shared.over(
        "cid", "list", options=("-o", "ExitOnForwardFailure=yes", "-R", f"0:127.0.0.1:{port}")
    )
    assert back.returncode != 0
    assert "forwarding failed" in back.stderr


def test_three_at_once_in_the_app(office: Office) -> None:
    with office.app("ann") as ann, office.app("bob") as bob, office.app("cid") as cid:
        for app, name in ((ann, "ann"), (bob, "bob"), (cid, "cid")):
            app.wait_for(f"of-{name}")
        assert "of-cid" not in bob.text()
        assert "of-bob" not in cid.text()
        ann.wait_for("of-bob")
        # The administrator revokes what is bob's, who sees it go.
        ann.press("j", "r")
        ann.wait_for("Revoke of-bob")
        ann.press("tab", "enter")
        bob.wait_until(lambda: "of-bob" not in bob.text(), "the token to go")
        for app in (ann, bob, cid):
            app.press("q")
            assert app.wait_exit() == 0
    revoked = next(each for each in office.trail() if each["action"] == "revoke")
    assert (revoked["account"], revoked["name"]) == ("ann", "of-bob")
    assert office.is_whole()


def test_no_escape_from_the_app(office: Office) -> None:
    with office.app("cid") as app:
        app.wait_for("of-cid")
        app.press("ctrl+z")
        app.press("ctrl+p")
        app.wait_for("Search for commands")
        app.type("screensh")
        app.wait_for("No matches found")
        app.press("escape")
        app.wait_until_gone("No matches found")
        app.press("c")
        app.wait_for("API Token Name")
        app.type("fresh")
        app.press("enter")
        app.wait_for("Yes, I Saved My Token")
        assert "Write to file" not in app.text()
        # Without a password to unlock it, it would end; with one, it asks.
        app.press("ctrl+l")
        app.wait_for("Locked")
        assert "tt_" not in app.text()
        app.type(PASSWORD)
        app.press("enter")
        app.wait_for("Yes, I Saved My Token")
        app.press("c", "enter")
        app.wait_for("> • fresh")
        app.press("q")
        assert app.wait_exit() == 0
    assert [each["action"] for each in office.trail()[-2:]] == ["unlock", "save"]


def test_disabling_shuts_the_key_and_the_session(office: Office) -> None:
    with office.app("bob") as bob:
        bob.wait_for("of-bob")
        assert office.over("ann", "account disable bob").returncode == 0
        bob.wait_exit()
    told = office.over("bob", "list")
    assert told.returncode == 11
    assert "disabled" in told.stderr
    assert office.over("ann", "account enable bob").returncode == 0
    assert office.over("bob", "list").returncode == 0


def test_an_administrator_looks_after_accounts(office: Office) -> None:
    added = office.over("ann", "account add dan", stdin=f"{PASSWORD}\n")
    assert added.returncode == 0, added.stderr
    assert "dan" in office.over("ann", "account list").stdout
    assert office.over("ann", "audit verify").returncode == 0
    assert office.over("ann", "account disable ann").returncode == 4


# -- led in by sshd -----------------------------------------------------------------------------


@pytest.fixture
def led(furnished: Office) -> Iterator[Office]:
    """Return an office in front of which sshd leads everybody through the gate."""
    block = furnished.sandbox.run("gate", "--print-config", "sshd", "--user", _user()).stdout
    keys = {name: furnished.server.public_key(name) for name in ("bob", "stranger")}
    added = furnished.sandbox.run("account", "key", "add", "bob", stdin=keys["bob"])
    assert added.returncode == 0
    with furnished.server.serving("".join(keys.values()), f"{_CARELESS}{block}"):
        yield furnished


def _user() -> str:
    import getpass

    return getpass.getuser()


def test_a_known_key_is_the_log_in(led: Office) -> None:
    listed = led.over("bob", "list", "--json")
    assert [token["name"] for token in json.loads(listed.stdout)] == ["of-bob"]
    assert led.over("bob", "sh").returncode != 0
    assert led.trail()[-1]["outcome"] == "refused"


def test_others_are_asked_for_name_and_password(led: Office) -> None:
    told = led.over("stranger", "list")
    assert told.returncode == 11
    assert "need the SSH key" in told.stderr
    assert led.trail()[-1]["action"] == "command"
    with led.app("stranger") as app:
        app.wait_for("Sign in")
        app.type("cid")
        app.press("enter")
        app.type("wrong")
        app.press("enter")
        app.wait_for("Wrong name or password.")
        app.type(PASSWORD)
        app.press("enter")
        app.wait_for("of-cid")
        assert "of-bob" not in app.text()
        app.press("ctrl+z")
        app.press("q")
        assert app.wait_exit() == 0
    actions = [(each["account"], each["outcome"]) for each in led.trail()[-2:]]
    assert actions == [("cid", "refused"), ("cid", "done")]


def test_the_block_forwards_nothing(led: Office) -> None:
    assert "forwarding failed" in led.over("bob", options=("-W", "127.0.0.1:1")).stderr


def test_without_accounts_nobody_is_let_in(sandbox: Sandbox) -> None:
    told = sandbox.run("gate")
    assert told.returncode == 11
    assert "no accounts" in told.stderr


# -- whatever happens ---------------------------------------------------------------------------

_SCREENS = {
    "list": ("", "? Help"),
    "create": ("c", "API Token Name"),
    "manage": ("m", "MANAGE API TOKEN"),
    "rotate": ("t", "The old secret keeps"),
    "revoke": ("r", "Yes, Revoke"),
    "history": ("h", "History of"),
    "audit": ("H", "Audit log"),
    "accounts": ("A", "All accounts"),
    "help": ("?", "Search in help"),
    "try": ("y", "Verify a secret"),
    "show": ("f", "Show only"),
    "lock": ("\x0c", "Locked"),
}
"""The screens, the key that leads there from the list, and what is read there."""
_NOT_FOR = {
    "ann": set[str](),
    "bob": {"accounts"},
    "eye": {"create", "rotate", "revoke"},
}


@pytest.mark.parametrize("name", _NOT_FOR)
def test_a_hang_up_at_every_screen_leaves_all_whole(furnished: Office, name: str) -> None:
    sandbox = furnished.sandbox
    before = furnished.tokens()
    command = [sys.executable, "-m", "tokentui", "--store", str(sandbox.store), "--account", name]

    def hang_up(screen: str) -> None:
        key, text = _SCREENS[screen]
        with Terminal(command, sandbox.environment()) as app:
            app.wait_for("? Help")
            app.paste(key)
            app.wait_for(text)
            app.hang_up()
            app.wait_exit()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(hang_up, _SCREENS.keys() - _NOT_FOR[name]))
    assert furnished.tokens() == before
    assert furnished.is_whole()


def test_a_hang_up_while_a_secret_waits(furnished: Office) -> None:
    sandbox = furnished.sandbox
    command = [sys.executable, "-m", "tokentui", "--store", str(sandbox.store), "--account", "bob"]
    with Terminal(command, sandbox.environment()) as app:
        app.wait_for("of-bob")
        app.press("c")
        app.wait_for("API Token Name")
        app.type("fresh")
        app.press("enter")
        app.wait_for("Yes, I Saved My Token")
        app.press("ctrl+l")
        app.wait_for("Locked")
        app.hang_up()
        app.wait_exit()
    assert furnished.is_whole()
    [fresh] = [each for each in sandbox.records() if each["name"] == "fresh"]
    assert fresh["saved_at"] is None
