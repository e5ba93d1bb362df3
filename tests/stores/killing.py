"""A program that kills a process at each step of a change, and looks at what is left.

    python -m tests.stores.killing FOLDER CHANGE [MUTANT]

A step is a call of the operating system that changes what is on the disk; a write can also be cut
off, in the middle or near its end. It prints in JSON what contradicts itself, and how many steps it
saw; with a mutant, it ends at the first contradiction.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from tokentui.core.audit import Actor, Entry, Outcome
from tokentui.core.backend import Backend, Change
from tokentui.core.chain import Link
from tokentui.core.change import Create
from tokentui.core.errors import NameTaken, TokentuiError
from tokentui.stores import AuditOptions, open_backend
from tokentui.stores.file.audit_log import AuditLogFile
from tokentui.stores.file.backend import FileBackend
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.file.json_slices import Buffer

from ..contracts import test_accounts as accounts
from ..contracts import test_commit as tokens
from ..contracts.samples import add, commit, token

STEPS = (
    *("open", "write", "writev", "pwrite", "fsync", "ftruncate", "replace", "rename", "unlink"),
    *("mkdir", "fchmod", "chmod", "chown", "link"),
)

CHANGES: dict[str, Change] = {
    "first": Create(token=token(1)),
    "rotate": tokens.CHANGES["rotate"],
    "revoke": tokens.CHANGES["revoke several"],
    "restore": tokens.CHANGES["restore"],
    "account": accounts.CHANGES["add"],
    "password": accounts.CHANGES["password"],
}
_FIRST = "first"
"""What is made in an empty folder."""
_TWO_FILES = "account"
"""What is made in two steps, of which the first one may be all."""


def opened(folder: Path) -> Backend:
    return open_backend(str(folder / "tokens.json"), audit=AuditOptions(Actor("ada")))


# -- what is killed ---------------------------------------------------------------------------


class Dying:
    """Kills the process at the step `at`, and counts steps."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.steps = 0

    def __call__(self, real: Callable[..., Any], name: str, *args: Any, **more: Any) -> Any:
        self._step()
        if name in ("write", "pwrite"):
            descriptor, content, *place = args
            for part in _beginnings(content):
                self._step(partial(real, descriptor, part, *place))
        if name == "writev":
            descriptor, parts = args
            for part in _beginnings(b"".join(parts)):
                self._step(partial(real, descriptor, [part]))
        return real(*args, **more)

    def _step(self, last: Callable[[], object] = lambda: None) -> None:
        if self._left == self.steps:
            last()
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps += 1


def _beginnings(content: bytes) -> Sequence[bytes]:
    """Return what may be written of a content before the process is killed."""
    return content[: len(content) // 2], content[:-3]


def killed_at(step: int, folder: Path, change: Change) -> bool:
    """Make `change` in a process that is killed at a step; say whether it came so far."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"step {step} failed"
        return os.WIFSIGNALED(status)
    ended = 1
    try:
        backend, dying = opened(folder), Dying(step)
        for name in STEPS:
            mock.patch.object(os, name, partial(dying, getattr(os, name), name)).start()
        commit(backend, change, "key")
        ended = 0
    finally:
        os._exit(ended)


# -- what is left -----------------------------------------------------------------------------


def state(backend: Backend) -> object:
    names = accounts.NAMES
    hashes = {name: backend.accounts.hash_of(name) for name in names}
    return backend.tokens.snapshot(), dict(backend.accounts.list_all()), hashes


def entries(backend: Backend) -> Sequence[Entry]:
    """Return what the audit log says of the change, oldest first."""
    return [each for each in reversed(list(backend.audit.newest())) if each.change == "key"]


def contradictions(
    folder: Path, change: Change, before: object, after: object, *, halves: bool
) -> Iterator[str]:
    """Yield what contradicts itself in a folder in which a process was killed."""
    backend = opened(folder)
    found = state(backend)
    if found not in (before, after) and not halves:
        yield "the change was made in part"
    # What comes next finds out about it, also where it is refused itself.
    try:
        commit(backend, Create(token=token(80, name="bobs", account="bob")))
        commit(backend, Create(token=token(81, name="bobs", account="bob")))
        yield "a name was given twice"
    except NameTaken:
        pass
    yield from _of_log(backend, done=found != before)
    answer = commit(opened(folder), change, "key")
    if answer.unconfirmed:
        yield "the disk said no"
    yield from _of_log(opened(folder), done=True)
    commit(backend, change, "key")
    if state(backend)[1:] != after[1:] and not halves:  # type: ignore[index]
        yield "asked for again, it was not made"
    yield from _of_log(backend, done=True)
    if not halves:  # a half-written password goes with the next one
        yield from (f"{path.name} was left behind" for path in folder.rglob("*.tmp"))


def _of_log(backend: Backend, *, done: bool) -> Iterator[str]:
    verified = backend.audit.verify()
    if not isinstance(verified, Link):
        yield f"the log {verified.what}"
    said = entries(backend)
    last = {(each.token, each.action): each.outcome for each in said}
    if done and (not last or set(last.values()) != {Outcome.DONE}):
        yield f"it was made, but the log says {last}"
    if not done and Outcome.DONE in last.values():
        yield f"it was not made, but the log says {last}"
    undone = sum(each.outcome == Outcome.FAILED for each in said)
    made = sum(each.outcome == Outcome.DONE for each in said)
    if made - undone not in (0, len(last)):
        yield "the log says it twice"


# -- what is wrong on purpose -----------------------------------------------------------------


def _log_afterwards() -> None:
    begin = FileBackend._change_tokens

    def late(self: FileBackend, change: Any, account: str, key: str, ahead: Any) -> None:
        with mock.patch.object(ahead, "begin", lambda: None):
            begin(self, change, account, key, ahead)
        ahead.begin()

    mock.patch.object(FileBackend, "_change_tokens", late).start()


def _write_no_key() -> None:
    change = DurableJSON.change
    without = lambda self, base=None, *, key=None, **more: change(self, base, **more)  # noqa: E731
    mock.patch.object(DurableJSON, "change", without).start()


def _never_finish() -> None:
    mock.patch.object(FileBackend, "finish_log", lambda _: None).start()


def _log_no_key() -> None:
    record = AuditLogFile.record
    without = lambda self, *events, change=None: record(self, *events)  # noqa: E731
    mock.patch.object(AuditLogFile, "record", without).start()


def _write_in_place() -> None:
    def put(self: DurableJSON, content: Sequence[Buffer]) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(descriptor, b"".join(content))
        os.close(descriptor)

    mock.patch.object(DurableJSON, "_put", put).start()


MUTANTS: dict[str, Callable[[], None]] = {
    "logs afterwards": _log_afterwards,
    "writes no key into the file": _write_no_key,
    "never says that a change was not made": _never_finish,
    "writes no key into the log": _log_no_key,
    "writes the file in place": _write_in_place,
}


def main(folder: Path, name: str, mutant: str | None = None) -> None:
    if mutant is not None:
        MUTANTS[mutant]()
    change, sample = CHANGES[name], folder / "sample"
    sample.mkdir(mode=0o700)
    if name != _FIRST:
        add(opened(sample), *tokens.BEFORE)
        for each in accounts.BEFORE:
            commit(opened(sample), each)
    before = state(opened(sample))
    done = shutil.copytree(sample, folder / "done")
    commit(opened(done), change, "key")
    after = state(opened(done))
    found, step = [], 0
    while True:
        place = shutil.copytree(sample, folder / str(step))
        alive = not killed_at(step, place, change)
        try:
            what = contradictions(place, change, before, after, halves=name == _TWO_FILES)
            found += [f"step {step}: {each}" for each in what]
        except TokentuiError as error:
            found.append(f"step {step}: {error}")
        shutil.rmtree(place)
        if alive or (mutant and found):
            break
        step += 1
    print(json.dumps({"contradictions": found, "steps": step}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
