"""The log of a run: what the monkey sends, and how long it waits."""

import json
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

Kind = Literal["send", "wait", "rest", "resize", "signal", "hang-up", "outside"]


class Step(NamedTuple):
    """One thing that the monkey does.

    `what` is the bytes to send, as Latin-1; the seconds to wait; the size, such as `80x24`; the
    name of a signal; or what is done outside of the app. `rest` waits until the app does nothing.
    """

    kind: Kind
    what: str = ""

    @property
    def bytes(self) -> bytes:
        """What is sent."""
        return self.what.encode("latin-1")

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        columns, rows = self.what.split("x")
        return int(columns), int(rows)


REST = Step("rest")


def send(keys: str) -> Step:
    """Return the step that sends text, or sequences that begin with Esc."""
    return Step("send", keys.encode().decode("latin-1"))


def wait(seconds: float) -> Step:
    """Return the step that waits, however busy the app is."""
    return Step("wait", f"{seconds:.3f}")


def to_json(steps: Iterable[Step]) -> str:
    """Write a log down, a step a line."""
    return "[\n" + ",\n".join(json.dumps(step) for step in steps) + "\n]\n"


def from_json(written: str) -> list[Step]:
    """Read a log; raise ValueError where it has a step of an unknown kind."""
    steps = [Step(*each) for each in json.loads(written)]
    if unknown := {step.kind for step in steps} - set(get_args(Kind)):
        raise ValueError(f"There is no step {', '.join(unknown)}.")
    return steps
