"""Bytes from the terminal that are no UTF-8, such as those of a paste in another encoding."""

from codecs import getincrementaldecoder
from functools import partial
from typing import Any

from textual.drivers import linux_driver


def take_any_bytes() -> None:
    """Let Textual take what it cannot decode for a replacement character.

    It would end the app in its input thread, and with it a secret that is being saved.
    """

    def tolerant(encoding: str) -> Any:
        return partial(getincrementaldecoder(encoding), errors="replace")

    # The driver looks its decoder up by this name when it starts.
    linux_driver.getincrementaldecoder = tolerant  # type: ignore[attr-defined]
