"""What is recorded of a refused command: the command itself, but no password typed into it."""

import re
import shlex
import shutil
from collections.abc import Collection

from tokentui.console import harmless
from tokentui.core.account import Role

_LONGEST = 500
_HIDDEN = "..."
_SENSITIVE = {"account", "passwd", "password", "verify"}
"""The words that a password or a secret is likely to be typed beside."""
_HARMLESS = {
    *_SENSITIVE,
    *("tokentui", "add", "list", "disable", "enable", "role", "key", "remove"),
    *(role.value for role in Role),
}
_SYNTAX = re.compile(r"--?[a-z-]+|[|&;<>()$`]+")
"""Options, and what only a shell understands."""


def told(asked: str, commands: Collection[str], accounts: Collection[str]) -> str:
    """Return `asked` as it may be recorded, cut; `commands` and `accounts` are the known names.

    Where a password may be in it, only words that are known to be none are kept: beside the words
    that go with passwords, and where the first word is no program, but perhaps a password itself.
    """
    if len(asked) > _LONGEST:
        asked = f"{asked[:_LONGEST]} {_HIDDEN}"
    words = _words(asked)
    first = next((word for word in words if word != "tokentui"), "")
    begins_well = first in commands or shutil.which(first) is not None
    if begins_well and not _SENSITIVE.intersection(words):
        return harmless(asked)
    known = {*_HARMLESS, *commands, *accounts, *([first] if begins_well else [])}
    kept: list[str] = []
    for word in words:
        if word in known or _SYNTAX.fullmatch(word):
            kept.append(word)
        elif kept[-1:] != [_HIDDEN]:
            kept.append(_HIDDEN)
    return harmless(" ".join(kept))


def _words(asked: str) -> list[str]:
    """Return the words and operators of a command line, as a shell would take them apart."""
    parts = shlex.shlex(asked, posix=True, punctuation_chars=True)
    parts.whitespace_split = True
    parts.commenters = ""
    try:
        return list(parts)
    except ValueError:  # a quotation without an end
        return asked.split()
