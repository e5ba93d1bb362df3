"""How the commands speak: exit codes, errors, what goes to stdout and what to stderr."""

import errno
import fcntl
import os
import stat
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from itertools import pairwise
from typing import IO, Any, TextIO

import click
import msgspec
from click.exceptions import NoArgsIsHelpError, NoSuchCommand

from tokentui.core import credential, errors
from tokentui.core.text import ascii_json, did_you_mean, printable, similar
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
    (errors.NotRotated, ExitCode.CONFLICT),
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

    def make_context(
        self, info_name: str | None, args: list[str], *more: Any, **kwargs: Any
    ) -> click.Context:
        with _in_one_sentence():
            _refuse_options_as_values(self, args)
            return super().make_context(info_name, args, *more, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_sentence():
            return super().invoke(ctx)


def _refuse_options_as_values(command: click.Command, words: Sequence[str]) -> None:
    """Raise `UsageError` where an option stands in the place of another option's value."""
    for word, following in pairwise(words):
        if word == "--":
            return
        if isinstance(command, click.Group):
            command = command.commands.get(word, command)
        options = [each for each in command.params if isinstance(each, click.Option)]
        known = {"-h", "--help"}.union(*(each.opts + each.secondary_opts for each in options))
        if following in known and any(word in each.opts and not each.is_flag for each in options):
            raise click.UsageError(
                f"{word} needs a value, but {following} is an option. To use it as the value, "
                f"write {word}={following}."
            )


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
        raise click.UsageError(harmless(_in_words(error)), error.ctx) from None
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            echo_error("")
        raise Failure("Cancelled. Nothing was changed.", ExitCode.CANCELLED) from None
    except KeyboardInterrupt:
        raise Failure(
            "Cancelled. Check the list for changes that were made.", ExitCode.CANCELLED
        ) from None
    except OSError:
        with _all_written():
            sys.stdout.flush()  # holds what click printed for --help, if that was not taken
        raise


def _in_words(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            message = f'There is no option "{error.option_name}".'
            message += did_you_mean(similar(error.option_name, _option_names(error.ctx)))
        case NoSuchCommand():
            message = f'There is no command "{error.command_name}".'
            group = error.ctx.command if error.ctx else None
            known = group.commands if isinstance(group, click.Group) else ()
            message += did_you_mean(similar(error.command_name, known))
        case _:
            message = error.format_message()
    takes_a_name = error.ctx is not None and any(
        isinstance(each, click.Argument) for each in error.ctx.command.params
    )
    if isinstance(error, click.NoSuchOption) and takes_a_name:
        message += " If a name begins with -, put it after --."
    return message


def _option_names(ctx: click.Context | None) -> Iterable[str]:
    """Return the names of all options of a command; of those that were renamed, the present one."""
    for each in ctx.command.get_params(ctx) if ctx else ():
        old: Collection[str] = getattr(each, "old", ())
        yield from (
            name
            for name in (*each.opts, *each.secondary_opts)
            if name.startswith("-") and name not in old
        )


def harmless(message: str) -> str:
    """Return `message` without what was typed in it that is a secret or acts on a terminal."""
    lines = (printable(line.expandtabs(2)) for line in message.split("\n"))
    return credential.SECRET_PATTERN.sub("(a secret)", "\n".join(lines))


def echo_error(sentence: str) -> None:
    """Write a sentence for a person to stderr, out of the way of what a script reads."""
    with suppress(OSError):  # a full disk under stderr must not undo what was done
        click.echo(sentence, err=True)


def write(text: str, end: str = "\n") -> None:
    """Write to stdout, at once, or raise `Unwritten`."""
    with _all_written():
        click.echo(text + end, nl=False)
        sys.stdout.flush()


@contextmanager
def _all_written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _forget(sys.stdout)
        raise Unwritten(error) from None


def read_line(longest: int) -> bytes:
    """Return the next line of stdin, up to `longest` bytes; raise `InvalidInput`."""
    try:
        return sys.stdin.buffer.readline(longest)
    except OSError as error:
        raise errors.InvalidInput(
            f"stdin cannot be read: {error.strerror}. Nothing was changed."
        ) from None


def expect_stdout(size: int) -> None:
    """Raise `Unwritten` where stdout would not take `size` bytes more, as far as can be told.

    To be asked before something is done whose result must not be lost: stdout may be closed, a
    pipe that nobody reads, or a file on a full disk.
    """
    import select  # slow to load

    try:
        descriptor = sys.stdout.fileno()
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))  # noqa: TRY301
        poll = select.poll()
        poll.register(descriptor, 0)
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and _free(descriptor) < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301
    except OSError as error:
        raise Unwritten(error) from None


def _free(descriptor: int) -> int:
    """Return the bytes that are free on the disk of an open file, as far as this user may."""
    disk = os.fstatvfs(descriptor)
    if not disk.f_blocks:
        return sys.maxsize  # a file system that does not count, such as one over a network
    return disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)


def open_closed_streams() -> None:
    """Open each standard stream that is closed, as one that fails when it is read or written.

    The next file that is opened, perhaps the store, would get the number of a closed stream, and
    what is meant for the stream would be written into that file. To be called before any is.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free, which is this one; and the wrong access mode.
            os.open(os.devnull, os.O_WRONLY if mode == "r" else os.O_RDONLY)
            setattr(sys, name, open(number, mode))  # noqa: PTH123, SIM115 - for the whole run


def flush_streams() -> None:
    """Write out what stdout and stderr still hold, or forget it, before the program ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _forget(stream)


def _forget(stream: TextIO) -> None:
    """Discard what `stream` did not take: Python would try again at its end, and complain."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path
        os.dup2(nowhere.fileno(), stream.fileno())


def write_json(value: object) -> None:
    """Write `value` to stdout as JSON, or raise `Unwritten`."""
    write(ascii_json(msgspec.to_builtins(value)))


def write_parts(parts: Iterable[str]) -> None:
    """Write `parts` of one text to stdout, each at once, and end its line, or raise `Unwritten`."""
    for part in parts:
        write(part, end="")
    write("")


def is_terminal(*streams: TextIO | None) -> bool:
    """Say whether all of `streams` are open and belong to a terminal."""
    return all(stream is not None and stream.isatty() for stream in streams)
