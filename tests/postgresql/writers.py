"""People who change tokens as fast as the store lets them, and note what was acknowledged."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple, Self

from msgspec.structs import replace

from tokentui.core.audit import Action, Outcome
from tokentui.core.backend import Backend, Change, committed
from tokentui.core.change import Create, Rename, Revoke
from tokentui.core.errors import OutcomeUnknown, StoreUnavailable
from tokentui.core.token import Token

from ..conftest import NOW
from ..contracts.kinds import opened
from ..contracts.samples import EVERYTHING, token

_BEFORE_ASKING_AGAIN = 0.1
_NUMBERS_EACH = 1_000_000


class Acknowledged(NamedTuple):
    """A change that was said to be done."""

    token: str
    action: str
    moment: float
    """When, by the monotonic clock."""


class Writer:
    """Creates, renames and revokes tokens of an account of its own, one after another.

    What is refused because the store cannot be reached is asked for again, as people do.
    """

    def __init__(self, number: int, url: str, keys: Path) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.tokens: dict[str, Token] = {}
        """Each as it was after the last change that was acknowledged."""
        self.unknown: set[str] = set()
        """The tokens of which it was never said whether a change was done."""
        self.error: BaseException | None = None
        """What ended it."""
        self._first = (number + 1) * _NUMBERS_EACH
        self._account = f"a{number}"
        self._backend = opened(url, keys)
        self._ending = Event()
        self._thread = Thread(target=self._run, name=f"writer {number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Let it end with the change that is under way."""
        self._ending.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()
        self._backend.close()

    def _run(self) -> None:
        number = self._first
        try:
            while not self._ending.is_set():
                self._make_one(f"{number:010}", f"t{number}")
                number += 1
        except BaseException as error:  # noqa: BLE001 - whoever started it is told
            self.error = error

    def _make_one(self, token_id: str, name: str) -> None:
        made = replace(token(0), id=token_id, account=self._account, name=name)
        try:
            made = self._made(token_id, Action.CREATE, Create(token=made))
            made = self._made(token_id, Action.RENAME, Rename(seen=made, name=f"{name}-new"))
            self._made(token_id, Action.REVOKE, Revoke(seen=(made,), at=NOW, by=self._account))
        except OutcomeUnknown:
            self.unknown.add(token_id)

    def _made(self, token_id: str, action: Action, change: Change) -> Token:
        while True:
            try:
                made = committed(self._backend, change, self._account).tokens[token_id]
            except StoreUnavailable:
                self._ending.wait(_BEFORE_ASKING_AGAIN)
                continue
            self.acknowledged.append(Acknowledged(token_id, action, monotonic()))
            self.tokens[token_id] = made
            return made


class Writers:
    """Several of them, each with a backend of its own; they end with the block."""

    def __init__(self, url: str, keys: Path, count: int) -> None:
        self._writers = [Writer(number, url, keys) for number in range(count)]

    def __enter__(self) -> Self:
        for each in self._writers:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._writers:
            each.end()
        for each in self._writers:
            each.join()

    def trouble(self) -> str | None:
        """Return what has ended a writer, if anything has."""
        errors = [each.error for each in self._writers if each.error is not None]
        return repr(errors[0]) if errors else None

    def counts(self) -> Sequence[int]:
        """Return how many changes of each were acknowledged."""
        return [len(each.acknowledged) for each in self._writers]

    def acknowledged(self) -> Sequence[Acknowledged]:
        """Return all that was acknowledged, in order."""
        found = [change for each in self._writers for change in each.acknowledged.copy()]
        return sorted(found, key=lambda change: change.moment)

    def tokens(self) -> Mapping[str, Token]:
        """Return all tokens as they were acknowledged last."""
        return {key: found for each in self._writers for key, found in each.tokens.items()}

    def unknown(self) -> Collection[str]:
        """Return the tokens of which it was never said whether a change was done."""
        return {token_id for each in self._writers for token_id in each.unknown}


def differences(writers: Writers, backend: Backend) -> Sequence[str]:
    """Compare what was acknowledged with what the store has, once the writers have ended.

    Returns:
        A line for each difference: what is missing, what is there twice or differs, and what is
        there although nobody was told so. What is unknown may be there, once.
    """
    said = Counter((change.token, change.action) for change in writers.acknowledged())
    logged = Counter(
        (entry.token or "", entry.action)
        for entry in backend.audit.newest()
        if entry.outcome == Outcome.DONE
    )
    unknown = writers.unknown()
    found = [f"{key} was acknowledged and is not in the audit log" for key in said - logged]
    found += [
        f"{key} is in the audit log and was not acknowledged"
        for key in logged - said
        if key[0] not in unknown or logged[key] > 1
    ]
    known = writers.tokens()
    there = {row.token.id: row.token for row in backend.tokens.scan(EVERYTHING)}
    for token_id in (known.keys() | there.keys()).difference(unknown):
        if (one := known.get(token_id)) != (other := there.get(token_id)):
            found.append(f"{one} was acknowledged, and {other} is there")
    return found
