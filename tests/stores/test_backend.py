"""The file's commit: what the audit log says of a change that a killed process did not make."""

from pathlib import Path
from unittest import mock

import pytest

from tests.opening import open_files
from tokentui.core.audit import Actor
from tokentui.core.backend import new_key
from tokentui.core.change import Import, Rename
from tokentui.core.errors import NameTaken, StoreBusy
from tokentui.stores.file import backend as file_backend
from tokentui.stores.file.backend import FileBackend
from tokentui.stores.file.durable import DurableJSON

from .samples import token


class Killed(BaseException):
    """The process ends here, and cleans nothing up."""


@pytest.fixture
def backend(store_path: Path) -> FileBackend:
    """Return a backend that has the token t1."""
    opened = open_files(str(store_path), Actor("tokens"))
    opened.commit(Import(tokens=(token(1),)), "ada", new_key())
    return opened


def kill(backend: FileBackend) -> None:
    """Let a process be killed between what it writes ahead of a renaming and that renaming."""
    with (
        mock.patch.object(file_backend._Logged, "fail"),
        mock.patch.object(DurableJSON, "_put", side_effect=Killed),
        pytest.raises(Killed),
    ):
        backend.commit(Rename(seen=token(1), name="other"), "ada", new_key())


def said(backend: FileBackend) -> list[tuple[str, str]]:
    return [(entry.action, entry.outcome) for entry in backend.audit.newest()][::-1][1:]


def test_the_next_change_says_so(backend: FileBackend) -> None:
    kill(backend)
    assert said(backend) == [("rename", "done")]
    for number in (2, 3):
        backend.commit(Import(tokens=(token(number),)), "ada", new_key())
    assert said(backend) == [
        ("rename", "done"),
        ("rename", "failed"),
        ("import", "done"),
        ("import", "done"),
    ]


def test_also_the_next_one_that_is_refused(backend: FileBackend) -> None:
    kill(backend)
    with pytest.raises(NameTaken):
        backend.commit(Import(tokens=(token(2, name="T1"),)), "ada", new_key())
    assert said(backend)[1:] == [("rename", "failed"), ("import", "failed")]


def test_also_after_one_that_had_to_wait_for_too_long(backend: FileBackend) -> None:
    kill(backend)
    with (
        mock.patch.object(backend.tokens, "changing", side_effect=StoreBusy("Busy.")),
        pytest.raises(StoreBusy),
    ):
        backend.commit(Import(tokens=(token(2),)), "ada", new_key())
    backend.commit(Import(tokens=(token(2),)), "ada", new_key())
    assert said(backend)[1:] == [("import", "failed"), ("rename", "failed"), ("import", "done")]


def test_a_change_of_long_ago_is_not_called_into_question(backend: FileBackend) -> None:
    with mock.patch.object(DurableJSON, "surely_lacks", return_value=False):
        kill(backend)
        backend.commit(Import(tokens=(token(2),)), "ada", new_key())
    assert said(backend) == [("rename", "done"), ("import", "done")]
