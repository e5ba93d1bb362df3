"""The window: whether it is there, and how large, which the kernel says of the terminal."""

import os
import sys
import termios
from contextlib import suppress

from textual.geometry import Size

LARGEST = Size(1000, 400)
"""More than an 8K screen shows in a tiny font. A terminal may claim 65535 x 65535."""
_UNKNOWN = Size(80, 24)
_STDERR = 2
"""Where Textual writes."""


def size() -> Size:
    """Return the columns and rows of the terminal.

    COLUMNS and LINES do not count: a shell may export them, and they do not follow the window.
    """
    columns = rows = 0
    with suppress(OSError):
        columns, rows = os.get_terminal_size(_STDERR)
    return Size(
        min(columns or _UNKNOWN.width, LARGEST.width),
        min(rows or _UNKNOWN.height, LARGEST.height),
    )


def is_there() -> bool:
    """Say whether the line still stands.

    Below a shell that keeps the hang-up signal to itself, nothing else tells that it does not.
    """
    try:
        termios.tcgetattr(sys.stdin)
    except termios.error:
        return False
    return True
