"""What holds whatever is pressed."""

import json
import re
import stat
from collections import defaultdict
from contextlib import suppress
from typing import Any

from tests.program.conftest import Sandbox
from tests.program.terminal import Terminal
from tokentui.core.credential import SECRET_PATTERN

_ASKED = {
    "revoke": r"Yes, Rev|Revoke \S+\?|Revoke [\d,]+ tokens\?",
    "rotate": r"The old secret keeps|Revoke the old secret|1 hour|24 hours|7 days|Rotate \S+\?",
    "rename": r"New API Token Na|MANAGE API TOKEN|digits, - or|\bUpdate\b",
}
"""What a screen that asks before a change shows of that in any window, by the action's name."""


class Fault(Exception):
    """Something that does not hold. Faults of one `kind` are taken for the same.

    `steps` is how many the monkey had begun.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.steps = 0


def asked(screen: str) -> set[str]:
    """Return the changes that a screen asks for."""
    return {change for change, shown in _ASKED.items() if re.search(shown, screen)}


class Witness:
    """Follows the audit log of a store, and finds changes that nobody was asked about."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._read = 0
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        self.news()

    def news(self) -> list[dict[str, Any]]:
        """Return the entries that came since the last call; none while the log cannot be read."""
        trail = self._sandbox.store.with_name("audit.jsonl")
        try:
            added = trail.read_bytes()[self._read :]
        except OSError:
            return []
        whole = added[: added.rfind(b"\n") + 1]
        self._read += len(whole)
        entries = [json.loads(line) for line in whole.splitlines()]
        for entry in entries:
            self._names[entry["token"]].add(entry["name"])
        return entries

    def judge(self, seen: set[str]) -> None:
        """Raise `Fault` where the app did what none of the screens that were `seen` asks for."""
        for entry in self.news():
            change = entry["action"]
            if change not in _ASKED or change in seen:
                continue
            if change != "rename" or not self._is_undone(entry["token"]):
                raise Fault(f"{change} without a question", json.dumps(entry))

    def _is_undone(self, token: str) -> bool:
        """Say whether a token has a name again that it had: undoing asks nothing."""
        with suppress(OSError, ValueError):
            [name] = [each["name"] for each in self._sandbox.records() if each["id"] == token]
            return name in self._names[token]
        return True


def without_echo(words: str, typed: bytes) -> str:
    """Return `words` without lines that were typed: a terminal that is given back echoes them."""
    echoed = typed.decode(errors="replace").replace("\x1b", "^[")
    return "\n".join(line for line in words.split("\n") if not line or line not in echoed)


def check_ending(app: Terminal, codes: frozenset[int], typed: bytes, *, hung_up: bool) -> None:
    """Raise `Fault` where the app did not end in good order; `typed` is what was typed last."""
    try:
        code = app.wait_exit()
    except TimeoutError as error:
        raise Fault("does not end", str(error)) from None
    words = "" if hung_up else without_echo(app.last_words(), typed)
    if code not in codes:
        raise Fault(f"ended with {code}", words)
    if "Traceback" in words or SECRET_PATTERN.search(words) or words.strip().count("\n") > 0:
        raise Fault("words at the end", words)
    if not hung_up and (left := app.left_changed()):
        raise Fault("left the terminal changed", ", ".join(left))


def check_store(sandbox: Sandbox) -> None:
    """Raise `Fault` where the store or the audit log is not whole, or a secret is on the disk."""
    for command in (["check"], ["audit", "verify"]):
        ended = sandbox.run(*command)
        if ended.returncode:
            raise Fault(" ".join(command), ended.stdout + ended.stderr)
    for path in sandbox.home.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes().decode("latin-1")
        if SECRET_PATTERN.search(content) and not (
            # The person may have had it written to a file, which has nothing else in it.
            SECRET_PATTERN.fullmatch(content.strip())
            and stat.S_IMODE(path.stat().st_mode) == 0o600
            and not path.is_relative_to(sandbox.store.parent)
        ):
            raise Fault("secret on disk", str(path))
