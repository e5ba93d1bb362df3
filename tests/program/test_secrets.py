"""Once a token is made, its secret is handed out; where it would have no place, none is made."""

import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tokentui.console import ExitCode

from .conftest import PROGRAM, Sandbox
from .walk import SECRET

_ROTATE = ["rotate", "deploy", "--overlap", "none", "--yes"]
_WAYS = {
    "create": ["create", "fresh"],
    "rotate": _ROTATE,
    "create to file": ["create", "fresh", "--to-file", "new.token"],
    "rotate to file": [*_ROTATE, "--to-file", "new.token"],
}
_TO_STDOUT = {name: way for name, way in _WAYS.items() if "--to-file" not in way}
_TO_FILE = {name: way for name, way in _WAYS.items() if "--to-file" in way}

_DRIVER = """
import errno, os, sys
from pathlib import Path
from tokentui import cli
from tokentui.stores.file.tinydb import TinyDBStore

{fault}

sys.exit(cli.run(sys.argv[1:]))
"""
# What a full disk says of a file when its blocks are asked for at last.
_NO_ROOM = """
sync = os.fsync
def full(descriptor):
    if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".token"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sync(descriptor)
os.fsync = full
"""
_FOLDER = """
sync = os.fsync
def refusing(descriptor):
    if os.readlink(f"/proc/self/fd/{{descriptor}}") == {folder!r}:
        raise OSError({error}, os.strerror({error}))
    sync(descriptor)
os.fsync = refusing
"""
_CUT_SHORT = """
apply = TinyDBStore.apply
def cut_short(self, **change):
    if {late} or not change.get("added"):
        apply(self, **change)
    if change.get("added"):
        raise {error}
TinyDBStore.apply = cut_short
"""
_SIGNALS = ["OSError(os.kill(os.getpid(), 15))", "OSError(os.kill(os.getpid(), 1))"]


@pytest.fixture
def old(sandbox: Sandbox) -> str:
    """Return the secret of deploy."""
    created = sandbox.run("create", "deploy")
    assert created.returncode == ExitCode.OK
    return created.stdout


def _run(
    sandbox: Sandbox, fault: str, arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run a command in a program with a fault."""
    return sandbox.execute([sys.executable, "-c", _DRIVER.format(fault=fault), *arguments])


def _in_a_shell(
    sandbox: Sandbox, script: str, arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    program = shlex.join([*PROGRAM, *arguments])
    return sandbox.execute(["/bin/sh", "-c", script.format(program=program)])


def _handed_out(
    sandbox: Sandbox, ended: subprocess.CompletedProcess[str], arguments: Sequence[str]
) -> str:
    """Return the secret where it belongs, and nowhere else."""
    assert SECRET.search(ended.stderr) is None
    if "--to-file" not in arguments:
        return ended.stdout
    assert ended.stdout == ""
    return (sandbox.home / "new.token").read_text()


def _opens(sandbox: Sandbox, secret: str) -> bool:
    return sandbox.run("verify", stdin=secret).returncode == ExitCode.OK


# -- a place for the secret, before the change ------------------------------------------------


@pytest.mark.parametrize("arguments", _TO_FILE.values(), ids=_TO_FILE)
def test_a_file_that_would_not_take_it_changes_nothing(
    sandbox: Sandbox, old: str, arguments: list[str]
) -> None:
    before = sandbox.store.read_bytes()
    ended = _run(sandbox, _NO_ROOM, arguments)
    assert ended.returncode == ExitCode.FILE
    assert "No space left on device. No token was created." in ended.stderr
    assert sandbox.store.read_bytes() == before
    assert _opens(sandbox, old)
    assert not (sandbox.home / "new.token").exists()


_FULL = "umask 77; mkdir full; mount -t tmpfs -o size=4k none full && echo x >full/x && "


@pytest.mark.needs("unshare", "mount")
@pytest.mark.parametrize("arguments", [[*_ROTATE, "--to-file", "full/new.token"], _ROTATE])
def test_a_full_disk_changes_nothing(sandbox: Sandbox, old: str, arguments: list[str]) -> None:
    before = sandbox.store.read_bytes()
    program = (
        f"{shlex.join([*PROGRAM, *arguments])} >full/out"
        if arguments == _ROTATE
        else (shlex.join([*PROGRAM, *arguments]))
    )
    # Room for nothing: the one block is taken, and an empty file has no block.
    ended = sandbox.execute(["unshare", "-rm", "sh", "-c", f"{_FULL} {program}"])
    if "tokentui" not in ended.stderr and "Error: " not in ended.stderr:
        pytest.skip(f"no mounts of its own here: {ended.stderr.strip()}")
    assert ended.returncode == ExitCode.FILE
    assert "No space left on device. No token was created." in ended.stderr
    assert sandbox.store.read_bytes() == before
    assert _opens(sandbox, old)


_NOBODY_READS = {
    "closed": "exec {program} >&-",
    # Opened to be read as well, a pipe can be opened without a reader.
    "no reader": "mkfifo line; exec 4<>line; exec >line; exec 4<&-; exec {program} 4<&-",
}


@pytest.mark.parametrize("script", _NOBODY_READS.values(), ids=_NOBODY_READS)
@pytest.mark.parametrize(
    "arguments", [*_TO_STDOUT.values(), [*_WAYS["rotate to file"], "--json"]], ids=" ".join
)
def test_a_stdout_that_nobody_reads_changes_nothing(
    sandbox: Sandbox, old: str, script: str, arguments: list[str]
) -> None:
    before = sandbox.store.read_bytes()
    ended = _in_a_shell(sandbox, script, arguments)
    assert ended.returncode == ExitCode.FILE
    assert ended.stderr.startswith("Error: The output could not be written: ")
    assert ended.stderr.endswith(" No token was created.\n")
    assert ended.stderr.count("\n") == 1
    assert sandbox.store.read_bytes() == before
    assert _opens(sandbox, old)
    assert not (sandbox.home / "new.token").exists()


# -- the secret, once the change is made ------------------------------------------------------


@pytest.mark.parametrize("arguments", _TO_STDOUT.values(), ids=_TO_STDOUT)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_stdout_that_fails_after_all_is_stood_in_for(
    sandbox: Sandbox, old: str, arguments: list[str], form: list[str]
) -> None:
    ended = _in_a_shell(sandbox, "exec {program} >/dev/full", [*arguments, *form])
    assert ended.returncode == ExitCode.FILE
    sentence, secret = ended.stderr.splitlines()
    assert sentence.startswith("Error: The output could not be written: No space left")
    assert "is listed as not saved" in sentence
    assert _opens(sandbox, secret)
    assert sandbox.records()[-1]["saved_at"] is None


def test_what_is_in_its_file_is_said_to_be_there(sandbox: Sandbox) -> None:
    ended = _in_a_shell(sandbox, "exec {program} >/dev/full", [*_WAYS["create to file"], "--json"])
    assert ended.returncode == ExitCode.FILE
    assert "The secret was saved to new.token." in ended.stderr
    assert _opens(sandbox, (sandbox.home / "new.token").read_text())


_NO_SYNC = [errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP]


@pytest.mark.parametrize("error", _NO_SYNC, ids=errno.errorcode.get)
@pytest.mark.parametrize("where", ["the secret", "the store"])
def test_a_folder_that_syncs_nothing_is_let_be(
    sandbox: Sandbox, old: str, error: int, where: str
) -> None:
    folder = sandbox.home if where == "the secret" else sandbox.store.parent
    arguments = _WAYS["rotate to file"]
    fault = _FOLDER.format(folder=os.path.realpath(folder), error=error)
    ended = _run(sandbox, fault, arguments)
    assert ended.returncode == ExitCode.OK
    assert _opens(sandbox, _handed_out(sandbox, ended, arguments))


@pytest.mark.parametrize("arguments", _WAYS.values(), ids=_WAYS)
def test_a_change_that_may_not_last_hands_it_out_with_a_warning(
    sandbox: Sandbox, old: str, arguments: list[str]
) -> None:
    fault = _FOLDER.format(folder=os.path.realpath(sandbox.store.parent), error=errno.EIO)
    ended = _run(sandbox, fault, arguments)
    assert ended.returncode == ExitCode.OK
    assert f"Warning: {sandbox.store} was changed, but the disk did not" in ended.stderr
    assert "not saved" not in ended.stderr
    assert _opens(sandbox, _handed_out(sandbox, ended, arguments))


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "MemoryError", *_SIGNALS])
@pytest.mark.parametrize("arguments", _WAYS.values(), ids=_WAYS)
def test_what_cuts_it_short_after_the_change_loses_no_secret(
    sandbox: Sandbox, old: str, arguments: list[str], error: str
) -> None:
    ended = _run(sandbox, _CUT_SHORT.format(late=True, error=error), arguments)
    assert ended.returncode in {ExitCode.CANCELLED, ExitCode.INTERNAL, 128 + 15, 128 + 1}
    assert _opens(sandbox, _handed_out(sandbox, ended, arguments))
    assert sandbox.records()[-1]["saved_at"] is None


@pytest.mark.parametrize(
    "error", ["KeyboardInterrupt", "OSError(errno.EIO, '')", "cli.accounts.errors.IdTaken('x')"]
)
@pytest.mark.parametrize("arguments", _WAYS.values(), ids=_WAYS)
def test_what_cuts_it_short_before_the_change_leaves_no_secret(
    sandbox: Sandbox, old: str, arguments: list[str], error: str
) -> None:
    before = sandbox.store.read_bytes()
    ended = _run(sandbox, _CUT_SHORT.format(late=False, error=error), arguments)
    assert ended.returncode != ExitCode.OK
    assert (ended.stdout, SECRET.search(ended.stderr)) == ("", None)
    assert sandbox.store.read_bytes() == before
    assert not (sandbox.home / "new.token").exists()


def test_a_folder_that_may_not_be_listed_takes_the_secret(sandbox: Sandbox) -> None:
    inbox = sandbox.home / "inbox"
    inbox.mkdir(mode=0o300)
    created = sandbox.run("create", "fresh", "--to-file", str(inbox / "new.token"))
    assert created.returncode == ExitCode.OK
    assert _opens(sandbox, Path(inbox / "new.token").read_text())
