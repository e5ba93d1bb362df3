"""A file that cannot be replaced, found before a change and said with one."""

import errno
import os
import shlex
from pathlib import Path
from unittest import mock

import pytest

from tests.opening import open_store
from tokentui.core.errors import StoreUnwritable
from tokentui.stores import change_problems
from tokentui.stores.file import replacing

from ..program.conftest import PROGRAM, Sandbox
from .samples import token

_ADVICE = "Mount its folder instead"


def test_a_mounted_file_is_found_before_a_change(
    tmp_path: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store_path.with_name("my tokens.json")
    open_store(str(path)).apply(added=[token(1)])
    assert list(change_problems(str(path))) == []
    mounts = tmp_path / "mountinfo"
    escaped = str(path).replace(" ", r"\040")
    mounts.write_text(f"36 35 98:0 /x {escaped} rw,noatime - ext4 /dev/root rw\n")
    monkeypatch.setattr(replacing, "_MOUNTS", mounts)
    [said] = change_problems(str(path))
    assert said.startswith(f"{path} cannot be changed. ")
    assert _ADVICE in said


def test_a_change_of_a_mounted_file_says_what_to_do(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(store_path))
    busy = mock.Mock(side_effect=OSError(errno.EBUSY, os.strerror(errno.EBUSY)))
    monkeypatch.setattr(os, "replace", busy)
    with pytest.raises(StoreUnwritable, match=_ADVICE):
        store.apply(added=[token(1)])


@pytest.mark.parametrize("name", ["loop", "x" * 300, "file/below"])
def test_notes_that_cannot_be_looked_at_hide_nothing(
    tmp_path: Path, store_path: Path, name: str
) -> None:
    open_store(str(store_path)).apply(added=[token(1)])
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    assert list(change_problems(str(store_path), usage=str(tmp_path / name))) == []


@pytest.mark.needs("unshare", "mount")
def test_a_file_that_is_really_mounted(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.run("create", "deploy")
    before = sandbox.store.read_bytes()
    program, store = shlex.join(PROGRAM), shlex.quote(str(sandbox.store))
    script = f"mount --bind {store} {store} && {{ {program} check; {program} create other; }}"
    ended = sandbox.execute(["unshare", "-rm", "sh", "-c", script])
    if "Error: " not in ended.stderr:
        pytest.skip(f"no mounts of its own here: {ended.stderr.strip()}")
    assert f"{sandbox.store} cannot be changed. The file is a mount point" in ended.stdout
    assert "busy. Nothing was changed. The file is a mount point" in ended.stderr
    assert sandbox.store.read_bytes() == before
