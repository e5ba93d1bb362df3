"""How much is written to a terminal, which a slow line feels: counts, not times."""

from tests.bench.samples import fill, sample

from .conftest import Sandbox

_TOKENS = 100
_AT_START, _FOR_A_CURSOR_KEY, _FOR_A_LETTER = 15_000, 1_000, 5_000
"""Bytes in 80x24 cells. A bare Textual app with a table of 20 rows writes 13,900 and 950."""


def test_bytes(sandbox: Sandbox) -> None:
    fill(sandbox.store, [sample(number, "") for number in range(_TOKENS)])
    with sandbox.app() as app:
        app.wait_for("> • svc-000000")
        app.wait_for("created 2026-01-01")
        app.wait_for("? Help")
        start = len(app.written)
        for row in range(1, 11):
            app.press("j")
            app.wait_for(f"> • svc-{row:06}")
            app.wait_for(f"ID {row:010}")
        keys = len(app.written) - start
        app.press("/")
        app.wait_for("Name, note, ID")
        before = len(app.written)
        app.type("77")
        app.wait_for("1 token matching '77'")
        app.wait_for("ID 0000000077")
        letters = len(app.written) - before
        app.press("ctrl+q")
        assert app.wait_exit() == 0
    assert start < _AT_START
    assert keys < 10 * _FOR_A_CURSOR_KEY
    assert letters < 2 * _FOR_A_LETTER
