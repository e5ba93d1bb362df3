"""A secret is never lost: every way to end while a token is being created or rotated."""

import errno
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from .conftest import Sandbox
from .terminal import Terminal
from .walk import SECRET, save, to_form, to_secret

# The app creates and rotates only once another process has opened `go` for writing, and closed it.
_SLOW = """
import sys
from tokentui import cli
from tokentui.core.commands import TokenCommands
from tokentui.ui import handover
from tokentui.ui.handover import SecretHandover

handover.TERMINATION_GRACE, handover.OUTCOME_GRACE = {termination}, {outcome}

def slowly(verb):
    def wait(*arguments, **more):
        open({go!r}, "rb").read()
        return verb(*arguments, **more)
    return wait

def ended(secrets, await_outcome=SecretHandover.await_outcome):
    open({ended!r}, "x").close()
    return await_outcome(secrets)

SecretHandover.await_outcome = ended
TokenCommands.create = slowly(TokenCommands.create)
TokenCommands.rotate = slowly(TokenCommands.rotate)
sys.exit(cli.run([]))
"""
_LONG = 600.0


class Slow:
    """The app over a sandbox, which creates a token when it is told to."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._go = sandbox.home / "go"
        self.ended = sandbox.home / "ended"
        """Is there once the app has ended; the process may still wait for an outcome."""
        os.mkfifo(self._go)

    @contextmanager
    def app(self, termination: float = _LONG, outcome: float = _LONG) -> Iterator[Terminal]:
        """Start the app with these times of grace."""
        driver = self.sandbox.home / "slow.py"
        driver.write_text(
            _SLOW.format(
                go=str(self._go),
                ended=str(self.ended),
                termination=termination,
                outcome=outcome,
            )
        )
        with Terminal([sys.executable, str(driver)], self.sandbox.environment()) as app:
            yield app

    def begun(self, app: Terminal) -> int:
        """Wait until the app is creating a token; return what to close so that it goes on."""
        return app.wait_until(self._opened, "the creation to begin")

    def _opened(self) -> int | None:
        try:
            return os.open(self._go, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO, "nobody reads yet"
            return None


@pytest.fixture
def slow(sandbox: Sandbox) -> Slow:
    return Slow(sandbox)


def _creating(slow: Slow, app: Terminal) -> int:
    to_form(app)
    app.press("ctrl+s")
    return slow.begun(app)


def _rotating(slow: Slow, app: Terminal) -> int:
    app.wait_for("> • deploy")
    app.press("t")
    app.wait_for("The old secret keeps working for:")
    app.press("ctrl+s")
    return slow.begun(app)


Begin = Callable[[Slow, Terminal], int]


@pytest.fixture(params=[_creating, _rotating])
def begin(request: pytest.FixtureRequest, sandbox: Sandbox) -> Begin:
    """Return what leads to a token that is being created, or rotated."""
    if request.param is _rotating:
        sandbox.run("create", "deploy")
    begin: Begin = request.param
    return begin


def _quit(app: Terminal) -> None:
    app.press("ctrl+q")
    app.wait_for("The app ends once")


def _send(number: signal.Signals) -> Callable[[Terminal], None]:
    def send(app: Terminal) -> None:
        app.send_signal(number)
        app.wait_for("the app ends in")

    return send


@pytest.mark.parametrize("end", [_quit, _send(signal.SIGTERM), _send(signal.SIGINT)])
def test_the_end_waits_until_the_secret_is_saved(
    slow: Slow, begin: Begin, end: Callable[[Terminal], None]
) -> None:
    with slow.app() as app:
        go = begin(slow, app)
        end(app)
        os.close(go)
        app.wait_for(SECRET)
        app.press("c", "enter")
        assert app.wait_exit() == 0
        assert app.left_changed() == []
        assert app.last_words() == ""
    assert slow.sandbox.records()[-1]["saved_at"] is not None


def test_a_secret_on_the_screen_outlives_a_signal(sandbox: Sandbox) -> None:
    with sandbox.app() as app:
        secret = to_secret(app)
        app.send_signal(signal.SIGTERM)
        app.wait_for("the app ends in")
        assert secret in app.text()
        app.press("c", "enter")
        assert app.wait_exit() == 0
    assert sandbox.record()["saved_at"] is not None


@pytest.mark.parametrize("shown", [False, True])
def test_a_signal_waits_for_a_limited_time(slow: Slow, begin: Begin, shown: bool) -> None:
    with slow.app(termination=0.5) as app:
        go = begin(slow, app)
        if shown:
            os.close(go)
            app.wait_for(SECRET)
        before = slow.sandbox.store.exists() and slow.sandbox.store.read_bytes()
        app.send_signal(signal.SIGTERM)
        assert app.wait_exit() == 0
        assert app.left_changed() == []
        if not shown:
            os.close(go)
    assert (slow.sandbox.store.exists() and slow.sandbox.store.read_bytes()) == before


def test_a_lost_connection_leaves_a_token_that_is_not_saved(slow: Slow, begin: Begin) -> None:
    with slow.app() as app:
        go = begin(slow, app)
        app.hang_up()
        app.wait_until(slow.ended.exists, "the app to end")
        os.close(go)
        assert app.wait_exit() >= 0, "it was ended, rather than ended itself"
    assert slow.sandbox.records()[-1]["saved_at"] is None
    with slow.sandbox.app() as app:
        app.wait_for(re.compile("deploy was not saved|tokens were not saved"))


def test_a_lost_connection_waits_for_a_limited_time(slow: Slow) -> None:
    with slow.app(outcome=0.1) as app:
        go = _creating(slow, app)
        app.hang_up()
        assert app.wait_exit() >= 0, "it was ended, rather than ended itself"
        os.close(go)
    assert not slow.sandbox.store.exists()


def test_after_a_failure_the_reason_is_read_first(slow: Slow) -> None:
    with slow.app() as app:
        go = _creating(slow, app)
        _quit(app)
        assert slow.sandbox.run("create", "deploy").returncode == 0
        os.close(go)
        app.wait_for("The name deploy is already in use")
        app.press("ctrl+q")
        assert app.wait_exit() == 0


def test_what_is_saved_first_and_quit_later(slow: Slow) -> None:
    with slow.app() as app:
        os.close(_creating(slow, app))
        app.wait_for(SECRET)
        save(app)
        app.press("q")
        assert app.wait_exit() == 0
