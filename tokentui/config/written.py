"""The file with the settings: what stands in it, and on which line."""

import re
from pathlib import Path
from typing import Any

import msgspec

from tokentui import files
from tokentui.core.errors import InvalidSetting

_LARGEST = 1024 * 1024
_HEADER = r"\s*\[+([^\]]*)\]"


class Written(msgspec.Struct, frozen=True):
    """What stands in the file."""

    path: Path | None
    text: str
    table: dict[str, Any]

    @classmethod
    def read(cls, path: Path | None) -> "Written":
        """Read the file; raise `InvalidSetting` where it cannot be read, or is no TOML.

        Where there is no such file, that is `NOTHING`.
        """
        if path is None:
            return NOTHING
        try:
            content, _ = files.read_regular(path, _LARGEST)
            text = content.decode("utf-8-sig")  # some editors begin a file with a BOM
        except FileNotFoundError:
            return NOTHING
        except OSError as error:
            raise InvalidSetting(
                f"The settings in {path} cannot be read: {error.strerror}. Name another file "
                "with TOKENTUI_CONFIG, or set HOME to your home folder."
            ) from None
        except UnicodeDecodeError:
            raise InvalidSetting(f"{path} is not valid UTF-8.") from None
        import tomllib

        try:
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise InvalidSetting(f"{path} is not valid TOML: {error}.") from None
        except (ValueError, RecursionError):
            raise InvalidSetting(f"{path} is not valid TOML.") from None

    def source(self, name: str) -> str:
        """Return where a setting stands."""
        return f"{self.path}, line {_line(self.text, name)}"


NOTHING = Written(None, "", {})
"""What stands in a file that is not there."""


def _line(text: str, name: str) -> int:
    """Return the line on which a setting stands, or where its table begins."""
    table, begins = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        header, key = re.match(_HEADER, line), line.partition("=")[0]
        if header is not None:
            table = f"{_plain(header[1])}."
        here = table if header is not None else f"{table}{_plain(key)}."
        if here.startswith(f"{_plain(name)}."):
            return number
        if begins == 1 and _plain(name).startswith(here):
            begins = number
    return begins


def _plain(name: str) -> str:
    return re.sub(r"""["'\s]""", "", name)
