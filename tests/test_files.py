"""Files for one person's eyes."""

import os
import pwd
import resource
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from tokentui import file_access, files

from .conftest import folders_that_do_not_sync


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the steps that a power cut may come between, as they are taken."""
    taken: list[str] = []
    fsync, rename = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        taken.append(f"{kind} on disk")
        fsync(descriptor)

    def noted_rename(source: Path, target: Path) -> None:
        taken.append("renamed" if source.parent == target.parent else "moved")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_rename)
    return taken


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system write no file beyond `size` bytes: what is written stops half-way."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


class TestNewPrivate:
    def test_is_on_disk_once_the_block_ends(self, tmp_path: Path, steps: list[str]) -> None:
        with files.new_private(tmp_path / "new") as file:
            file.write(b"secret\n")
        assert steps == ["file on disk", "folder on disk"]

    def test_is_whole_and_its_owners_alone(self, tmp_path: Path) -> None:
        for mask in (0, 0o777):
            path = tmp_path / f"{mask:o}"
            before = os.umask(mask)
            try:
                with files.new_private(path) as file:
                    file.write(b"secret\n")
            finally:
                os.umask(before)
            assert path.read_bytes() == b"secret\n"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_never_touches_what_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        for name in ("file", "link"):
            with pytest.raises(FileExistsError), files.new_private(tmp_path / name):
                pass
        assert (tmp_path / "file").read_text() == "mine"
        assert not (tmp_path / "elsewhere").exists()

    def test_leaves_nothing_where_it_fails(self, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError), files.new_private(tmp_path / "new") as file:
            file.write(b"half")
            raise RuntimeError
        assert list(tmp_path.iterdir()) == []

    def test_leaves_nothing_that_may_not_last(self, tmp_path: Path) -> None:
        with (
            folders_that_do_not_sync(),
            pytest.raises(files.Unconfirmed),
            files.new_private(tmp_path / "new") as file,
        ):
            file.write(b"secret\n")
        assert list(tmp_path.iterdir()) == []


class TestReplace:
    def test_is_safe_from_a_power_cut_at_every_step(self, tmp_path: Path, steps: list[str]) -> None:
        files.replace(tmp_path / "file", b"content")
        assert steps == ["file on disk", "renamed", "folder on disk"]

    def test_a_write_that_stops_half_way_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        files.replace(path, b"old")
        with largest_file(4096), pytest.raises(OSError, match="too large"):
            files.replace(path, b"x" * 10_000)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_puts_one_content_for_another(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        for content in (b"one", b"another"):
            files.replace(path, content)
            assert path.read_bytes() == content
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]

    def test_more_parts_than_the_system_writes_at_a_time(self, tmp_path: Path) -> None:
        parts = [b"%d" % number for number in range(3000)]
        files.replace(tmp_path / "file", [*parts, b"", memoryview(b"end")])
        assert (tmp_path / "file").read_bytes() == b"".join(parts) + b"end"

    def test_a_system_that_writes_a_part_of_the_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def some(descriptor: int, parts: Sequence[memoryview]) -> int:
            return os.write(descriptor, b"".join(parts)[:5])

        monkeypatch.setattr(os, "writev", some)
        files.replace(tmp_path / "file", [b"one", b"", b"two", b"three", b"four"])
        assert (tmp_path / "file").read_bytes() == b"onetwothreefour"

    def test_takes_the_place_of_what_a_killed_process_left(self, tmp_path: Path) -> None:
        path, elsewhere = tmp_path / "file", tmp_path / "elsewhere"
        left = files.temporary_of(path)
        for leave in (partial(left.write_text, "half"), partial(left.symlink_to, elsewhere)):
            leave()
            files.replace(path, b"content")
            assert path.read_bytes() == b"content"
            assert list(tmp_path.iterdir()) == [path]

    def test_is_its_owners_alone_whatever_the_umask(self, tmp_path: Path) -> None:
        for number, mask in enumerate((0, 0o777)):
            path = tmp_path / f"{number}"
            for content in (b"new", b"replaced"):
                before = os.umask(mask)
                try:
                    files.replace(path, content)
                finally:
                    os.umask(before)
                assert path.read_bytes() == content
                assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_what_it_takes_over_is_the_owners_to_write_whatever_the_umask(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        modes, take_over = [], file_access.take_over

        def noted(descriptor: int, path: Path) -> list[str]:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return take_over(descriptor, path)

        monkeypatch.setattr(file_access, "take_over", noted)
        (tmp_path / "file").write_bytes(b"old")
        before = os.umask(0o277)  # without the right to write, it could get no attributes
        try:
            files.replace(tmp_path / "file", b"new")
        finally:
            os.umask(before)
        assert modes == [0o600]

    def test_a_reader_keeps_what_it_opened(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        files.replace(path, b"one")
        with path.open("rb") as reader:
            files.replace(path, b"another")
            assert reader.read() == b"one"


def test_the_home_folder_may_be_abbreviated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.named("~/tokens.json") == tmp_path / "tokens.json"


@pytest.mark.parametrize("text", ["", "a\0b", "~no-such-user/tokens.json"])
def test_what_names_no_file_is_refused(text: str) -> None:
    with pytest.raises(OSError, match=r"does not name a file|no such home"):
        files.named(text)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
            files.read_regular(path, 100)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(OSError, match="more than 1,000 bytes"):
        files.read_regular(tmp_path / "large", 1000)


class TestFoldersOfAUser:
    @pytest.mark.parametrize(
        ("kind", "variable", "beneath"),
        [
            ("config", "XDG_CONFIG_HOME", ".config"),
            ("data", "XDG_DATA_HOME", ".local/share"),
            ("state", "XDG_STATE_HOME", ".local/state"),
        ],
    )
    def test_they_are_those_of_the_standard(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: Literal["config", "data", "state"],
        variable: str,
        beneath: str,
    ) -> None:
        monkeypatch.setenv("HOME", "/home/ada")
        assert files.of_user(kind) == Path("/home/ada", beneath, "tokentui")
        monkeypatch.setenv(variable, "/elsewhere")
        assert files.of_user(kind) == Path("/elsewhere/tokentui")
        monkeypatch.setenv(variable, "relative")
        assert files.of_user(kind) == Path("/home/ada", beneath, "tokentui")

    @pytest.mark.parametrize("home", ["", "relative", None])
    def test_a_home_that_is_no_path_is_that_of_passwd(
        self, monkeypatch: pytest.MonkeyPatch, home: str | None
    ) -> None:
        if home is None:
            monkeypatch.delenv("HOME")
        else:
            monkeypatch.setenv("HOME", home)
        known = Path(pwd.getpwuid(os.getuid()).pw_dir)
        assert files.of_user("data") == known / ".local/share/tokentui"
