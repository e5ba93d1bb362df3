"""One run: the app in a terminal, what the monkey does there, and what has to hold."""

import re
import signal
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.monkey.health import Health
from tests.monkey.invariants import Fault, Witness, asked, check_ending, check_store
from tests.monkey.outside import Outside
from tests.monkey.process import Process
from tests.monkey.profiles import Profile
from tests.monkey.steps import Step
from tests.program.conftest import PROGRAM, Sandbox
from tests.program.terminal import Terminal

_QUIET = 0.06
"""Seconds without a sign of life after which the app is at rest."""
_LOOKS = 3
"""How often it has to be seen at rest in that time, however busy the monkey itself is."""
_ESC_WAITS = 0.2
"""Seconds that the app waits for the rest of a sequence."""
_PATIENCE = 30.0
_LATEST = 64
"""Bytes among which the one is that ended the app: on its way out it may seem to be at rest."""
_BEGUN = re.compile(rb"\x1b(\[[0-?]*[ -/]*|O|[\]P_^X][^\x07]*)?$")
"""The beginning of a sequence, whose end may be on its way."""
_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_ENDS = re.compile(rb"[qQ\x03\x11\r]|113|\x1b\[<0;")
"""What may end the app: a key that quits, or Enter or a click on one that is shown."""
_FULL_SCREEN, _NO_FULL_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
_ONE_KEY = re.compile(rb"\x1b|[^\x1b]|\x1b[\[O][0-9;]*[A-Za-z~]")


def play(profile: Profile, steps: Iterable[Step], health: Health | None = None) -> Fault | None:
    """Do `steps` over a new store; return what does not hold, and note `health`."""
    with tempfile.TemporaryDirectory(prefix="monkey-") as folder:
        profile.prepare(Path(folder))
        session = Session(profile, Path(folder), health)
        try:
            session.play(steps)
        except Fault as fault:
            fault.steps = session.steps
            return fault
        finally:
            session.close()
    return None


class Session:
    """The app over one store. It is started anew for the next step whenever it has ended."""

    def __init__(self, profile: Profile, home: Path, health: Health | None) -> None:
        self._profile = profile
        self._sandbox = Sandbox(home)
        self._health = health
        self._outside = Outside(self._sandbox)
        self._witness = Witness(self._sandbox)
        self._terminal = ExitStack()
        self.steps = 0
        """How many steps were begun."""

    def _start(self) -> None:
        command = [*PROGRAM, "--store", str(self._sandbox.store), *self._profile.arguments]
        environment = self._sandbox.environment(**self._profile.environment)
        app = Terminal(command, environment, self._sandbox.home)
        self._app = self._terminal.enter_context(app)
        self._process = Process(app.pid)
        self._may_end = self._hung_up = False
        self._keys = self._keys_before = b""
        self._seen: set[str] = set()
        self._writes = 0
        try:
            app.wait_until(lambda: _FULL_SCREEN in app.written or not app.is_alive(), "the app")
        except TimeoutError as error:
            raise Fault("does not start", str(error)) from None
        # Where the store cannot be used, it says so and ends.
        self._may_end = not app.is_alive()
        app.resize(*self._profile.sizes[0])
        self._rest()

    def play(self, steps: Iterable[Step]) -> None:
        """Do `steps`, and look at what has to hold; raise `Fault` where something does not."""
        self._start()
        for step in steps:
            self.steps += 1
            if not self._app.is_alive():
                self._start_again()
            # A store that cannot be used lets it end at once.
            if self._app.is_alive() or step.kind == "outside":
                self._do(step)
        self._rest()
        if self._app.is_alive():
            if self._health is not None:
                self._health.look_at(self._process)
            self._do(Step("signal", "SIGHUP"))
        self._ended()
        self._outside.mend()
        check_store(self._sandbox)

    def close(self) -> None:
        """End what is still running."""
        self._terminal.close()
        self._outside.settle()

    def _do(self, step: Step) -> None:
        match step.kind:
            case "send":
                self._send(step.bytes)
            case "wait":
                self._wait(float(step.what))
            case "rest":
                self._rest()
            case "resize":
                self._app.resize(*step.size)
            case "signal":
                self._may_end |= step.what in {"SIGTERM", "SIGHUP", "SIGINT"}
                self._app.send_signal(signal.Signals[step.what])
            case "hang-up":
                self._hang_up()
            case "outside":
                self._rest()
                self._outside.do(step.what)
                self._witness.news()

    def _send(self, keys: bytes) -> None:
        self._seen |= asked(self._app.text())
        self._keys += keys
        self._writes += 1
        with suppress(OSError):  # it may have ended meanwhile
            self._app.paste(keys)

    def _look(self) -> bool:
        """Take in what the app writes; return whether it wrote.

        What one write brings is read at once, and answers nothing that is painted later. Of
        several, the app may read the last one after that, and paint over it at once.
        """
        before = len(self._app.written)
        wrote = self._app.take_in()
        if wrote and self._writes > 1:
            painted = self._app.written[before:].decode(errors="replace")
            self._seen |= asked(self._app.text()) | asked(_SEQUENCES.sub("", painted))
        return wrote

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._look()

    def _wait_until_quiet(self, quiet: float) -> float:
        """Wait until the app rests for `quiet` seconds; return when it last did something."""
        began = at_work = time.monotonic()
        looks = 0
        while (now := time.monotonic()) - at_work < quiet or looks < _LOOKS:
            looks += 1
            if self._look() or self._is_leaving or not self._process.asleep():
                at_work, looks = now, 0
            if now - began > _PATIENCE:
                raise Fault("never at rest", self._app.text())
        return at_work

    def _hang_up(self) -> None:
        self._rest()
        self._hung_up = self._may_end = True
        self._app.hang_up()
        self._start_again()

    def _start_again(self) -> None:
        self._ended()
        self._start()

    def _rest(self) -> None:
        """Wait until the app does nothing, then look at what it has done."""
        self._outside.settle()
        begun = _BEGUN.search(self._keys)
        queued = self._process.queued()
        # Longer than needed, the wait would take in what the app does by itself: it looks for
        # changes, blinks, and removes messages.
        due = time.monotonic() + (_ESC_WAITS if begun else 0)
        self._wait(due - time.monotonic())
        taken = self._wait_until_quiet(_QUIET) - due
        # To end takes longer, and is no answer to a key.
        answered = self._app.is_alive() and _ONE_KEY.fullmatch(self._keys)
        if self._health is not None and answered:
            # Time in which others had the cores is not the app's.
            self._health.note_key(taken - self._process.queued_since(queued))
        if begun:
            # The app may have read Esc late, and acts only once its own wait is over.
            self._wait_until_quiet(_QUIET + _ESC_WAITS)
        self._witness.judge(self._seen)
        self._keys_before = (self._keys_before + self._keys)[-_LATEST:]
        self._keys, self._writes, self._seen = b"", 0, set()

    @property
    def _is_leaving(self) -> bool:
        written = self._app.written
        return written.rfind(_NO_FULL_SCREEN) > written.rfind(_FULL_SCREEN) and self._app.is_alive()

    def _ended(self) -> None:
        """Look at how the app has ended, which it does not without a reason."""
        typed = self._keys_before + self._keys
        check_ending(self._app, self._profile.codes, typed, hung_up=self._hung_up)
        self._witness.judge(self._seen)
        if not self._may_end and not _ENDS.search(typed):
            raise Fault("ended by itself", self._app.last_words())
        self._terminal.close()
