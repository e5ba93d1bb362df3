"""How the commands speak: exit codes, errors, what goes to stdout and what to stderr."""

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import IO, Any, TextIO

import click
import msgspec
from click.exceptions import NoArgsIsHelpError

from tokentui.core import credential, errors
from tokentui.core.text import ascii_json, printable
from tokentui.core.verdicts import Refused


class ExitCode(IntEnum):
    """What a script can tell from how a command ended."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    STORE = 5
    REFUSED = 6
    NO_TERMINAL = 7
    CANCELLED = 8
    FILE = 9
    FINDINGS = 10
    NOT_PERMITTED = 11


_CODES: list[tuple[type[errors.TokentuiError], ExitCode]] = [
    (errors.InvalidInput, ExitCode.USAGE),
    (errors.AmbiguousName, ExitCode.USAGE),
    (errors.TokenNotFound, ExitCode.NOT_FOUND),
    (errors.BackupNotFound, ExitCode.NOT_FOUND),
    (errors.NameTaken, ExitCode.CONFLICT),
    (errors.NamesClash, ExitCode.CONFLICT),
    (errors.IdTaken, ExitCode.CONFLICT),
    (errors.TokenChanged, ExitCode.CONFLICT),
    (errors.AlreadyRevoked, ExitCode.CONFLICT),
    (errors.AlreadyReplaced, ExitCode.CONFLICT),
    (errors.StoreMended, ExitCode.CONFLICT),
    (errors.AccountNotFound, ExitCode.NOT_FOUND),
    (errors.AccountTaken, ExitCode.CONFLICT),
    (errors.AccountChanged, ExitCode.CONFLICT),
    (errors.LastAdministrator, ExitCode.CONFLICT),
    (errors.NotPermitted, ExitCode.NOT_PERMITTED),
    (errors.StoreReadOnly, ExitCode.STORE),
    (errors.StoreError, ExitCode.STORE),
    (Refused, ExitCode.REFUSED),
]


class Failure(click.ClickException):
    """A sentence and an exit code on their way out through click."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]  # click has a code a class, we one an error


class Unwritten(Failure):
    """What was to be printed was not, or not all of it."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The output could not be written: {error.strerror}.", ExitCode.FILE)
        self._reader_left = isinstance(error, BrokenPipeError)

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it, but not where a reader such as `head` had simply seen enough."""
        if not self._reader_left:
            super().show(file)


class Program(click.Group):
    """Turns whatever goes wrong into one sentence and an exit code."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            with _in_one_sentence():
                return super().make_context(*args, **kwargs)
        except OSError as error:  # only --help and --version print here
            _forget_stdout()
            raise Unwritten(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_sentence():
            return super().invoke(ctx)


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    try:
        yield
    except errors.TokentuiError as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        raise Failure(harmless(str(error)), code) from None
    except NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(harmless(error.format_message()), error.ctx) from None
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            say("")
        raise Failure("Cancelled; nothing was changed.", ExitCode.CANCELLED) from None
    except KeyboardInterrupt:
        raise Failure("Cancelled. See the list for what was done.", ExitCode.CANCELLED) from None


def harmless(message: str) -> str:
    """Return `message` without what was typed in it that is a secret or acts on a terminal."""
    lines = (printable(line.expandtabs(2)) for line in message.split("\n"))
    return credential.WRITTEN.sub("(a secret)", "\n".join(lines))


def say(sentence: str) -> None:
    """Tell a person something, out of the way of what a script reads."""
    with suppress(OSError):  # a full disk under stderr must not undo what was done
        click.echo(sentence, err=True)


def write(text: str) -> None:
    """Write to stdout, at once, or raise `Unwritten`."""
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))  # noqa: TRY301
        click.echo(text)
        sys.stdout.flush()
    except OSError as error:
        _forget_stdout()
        raise Unwritten(error) from None


def _forget_stdout() -> None:
    """Let what stdout did not take go nowhere: Python would try again, and complain, at its end."""
    if sys.stdout is not None:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def write_json(value: object) -> None:
    """Write `value` to stdout as JSON, or raise `Unwritten`."""
    write(ascii_json(msgspec.to_builtins(value)))


def write_table(rows: Sequence[Sequence[str]]) -> None:
    """Write rows of cells to stdout, the first one with the titles, or raise `Unwritten`."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        write("  ".join(cells).rstrip())


def is_terminal(*streams: TextIO | None) -> bool:
    """Say whether all of `streams` are open and belong to a terminal."""
    return all(stream is not None and stream.isatty() for stream in streams)
