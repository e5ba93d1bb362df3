"""What other programs import: its types, and that it opens the store of the settings."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import assert_type
from unittest import mock

import pytest

import tokentui
from tokentui import Health, PublicToken, Refused, Secret, StoreError, Verifier
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import StoreOutOfDate
from tokentui.core.policy import Policy
from tokentui.core.verdicts import TokenRevoked
from tokentui.stores import open_backend
from tokentui.stores.file.backend import FileBackend

from .conftest import CHEAPEST
from .opening import used

Open = Callable[[], TokenCommands]


async def _typed(verifier: Verifier) -> None:
    """Hold the public surface to its types: mypy reads this, nobody calls it."""
    assert_type(Verifier.open(), Verifier)
    assert_type(Verifier.open("/var/lib/app/tokens.json"), Verifier)
    token = verifier.verify("secret", method="GET", address="192.0.2.1")
    assert_type(token, PublicToken)
    assert_type(await verifier.averify(b"secret", "GET", None), PublicToken)
    assert_type(verifier.verify(Secret("secret")), PublicToken)
    assert_type((token.id, token.account, token.name), tuple[str, str, str])
    assert_type(token.expires_at, datetime | None)
    assert_type((token.read_only, token.networks), tuple[bool, tuple[str, ...]])
    assert_type(verifier.health(), Health)
    with Verifier.open() as opened:
        assert_type(opened, Verifier)
    try:
        assert_type(verifier.identify("secret"), PublicToken)
    except Refused as refused:
        assert_type((refused.public, refused.holder), tuple[str, bool])
        assert_type(refused.token_id, str | None)
    except StoreError as error:
        assert_type(str(error), str)


def test_each_name_is_there() -> None:
    for name in tokentui.__all__:
        assert getattr(tokentui, name).__module__.startswith("tokentui")
    with pytest.raises(AttributeError):
        _ = tokentui.nonsense


def test_every_reason_is_kept_from_the_caller_but_for_the_holder() -> None:
    kinds = [Refused]
    for kind in kinds:
        kinds += kind.__subclasses__()
    told = {kind.__name__ for kind in kinds if kind("why").public == "why"}
    assert told == {
        "TokenExpired",
        "NotAllowed",
        "AddressNotAllowed",
        "OwnerDisabled",
        "ScopesNotEnforced",
        "TokenReadOnly",
    }


class TestOpen:
    @pytest.fixture(autouse=True)
    def settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOKENTUI_CONFIG", str(tmp_path / "config.toml"))
        (tmp_path / "config.toml").write_text(f'prefix = "acme"\nusage = "{tmp_path}/used"')

    def test_the_store_of_the_settings(
        self, store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOKENTUI_STORE", str(store_path))
        service = TokenCommands(
            open_backend(str(store_path)),
            account="ada",
            hasher=CHEAPEST,
            policy=Policy(prefix="acme"),
        )
        made = service.create("ci", None)
        with Verifier.open() as verifier:
            assert verifier.verify(made.secret, "GET", "192.0.2.1").name == "ci"
        noted = json.loads((tmp_path / "used").read_text())["usage"]
        assert noted[made.token.id]["address"] == "192.0.2.1"

    def test_the_store_is_closed_with_it(self, store_path: Path) -> None:
        verifier = Verifier.open(str(store_path))
        with mock.patch.object(FileBackend, "close", autospec=True) as closed:
            verifier.close()
        closed.assert_called_once()

    def test_nothing_is_written_by_opening(self, tmp_path: Path) -> None:
        before = set(tmp_path.rglob("*"))
        with Verifier.open(str(tmp_path / "new" / "tokens.json")) as verifier:
            assert verifier.health().serving
        assert set(tmp_path.rglob("*")) == before

    def test_a_store_that_cannot_be_read_is_told_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "tokens.json").write_text("{")
        with pytest.raises(StoreOutOfDate, match="is damaged"):
            Verifier.open(str(tmp_path / "tokens.json"))


_ANOTHER_USER = """
import os, sys
import logging  # what is imported later may be out of its reach
from tokentui import Refused, Verifier
store, secret, usage, user = sys.argv[1:]
os.environ |= {"TOKENTUI_USAGE": usage, "HOME": "/nowhere", "XDG_CONFIG_HOME": "/nowhere"}
Verifier.open(store).identify(secret)
os.setgroups([int(user)])
os.setgid(int(user))
os.setuid(int(user))
with Verifier.open(store) as verifier:
    try:
        open(store, "a")
    except PermissionError:
        print(verifier.verify(secret, "GET", "192.0.2.1").name, flush=True)
    sys.stdin.readline()
    try:
        while True:
            verifier.verify(secret)
    except Refused as refused:
        print(type(refused).__name__, flush=True)
print(verifier.health().problems)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give a folder that other users can get at, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize("noting", [True, False])
def test_another_user_with_the_right_to_read(shared: Path, noting: bool) -> None:
    store = shared / "data" / "tokens.json"
    usage = shared / "used" / "usage.json"
    service = TokenCommands(
        open_backend(str(store), usage=str(usage)), account="ada", hasher=CHEAPEST
    )
    made = service.create("ci", None)
    user = 1234
    for path, mode in ((store.parent, 0o750), (store, 0o640)):
        os.chown(path, 0, user)
        path.chmod(mode)
    usage.parent.mkdir()
    if noting:
        os.chown(usage.parent, user, user)
    arguments = [str(store), made.secret.reveal(), str(usage), str(user)]
    with subprocess.Popen(
        [sys.executable, "-c", _ANOTHER_USER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ci\n"
        # A change of anything else must not lock it out, and a revocation must.
        service.create("other", None)
        process.stdin.write("go on\n")
        process.stdin.flush()
        service.revoke([made.token])
        assert process.stdout.readline() == "TokenRevoked\n"
        problems = process.stdout.readline()
    assert process.returncode == 0
    use = used(service.backend.usage, made.token.id)
    assert (use is not None) is noting
    assert (problems == "[]\n") is noting
    assert ("Last uses are not recorded" in problems) is not noting


_FLOW = """
import sys, time
from tokentui import Refused, Verifier
with Verifier.open(sys.argv[1]) as verifier:
    verifier.verify(sys.argv[2])
    print("in", flush=True)
    begun = let_in = 0.0
    try:
        while True:
            let_in, begun = begun, time.monotonic()
            verifier.verify(sys.argv[2])
    except Refused as refused:
        print(type(refused).__name__, let_in, flush=True)
"""


def test_revoked_elsewhere_while_requests_flow(service: TokenCommands) -> None:
    made = service.create("ci", None)
    program = [sys.executable, "-c", _FLOW, service.queries.location, made.secret.reveal()]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "in\n"
        for number in range(10):
            service.create(f"other-{number}", None)
        service.revoke([made.token])
        revoked = monotonic()
        reason, let_in = process.stdout.readline().split()
    assert reason == TokenRevoked.__name__
    assert float(let_in) - revoked < 1, "what was begun a second later was let in"
