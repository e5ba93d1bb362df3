"""Files for one person's eyes."""

import os
import stat
from pathlib import Path

import pytest

from tokentui import files


class TestNewPrivate:
    def test_is_whole_and_its_owners_alone(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            with files.new_private(tmp_path / "new") as file:
                file.write(b"secret\n")
        finally:
            os.umask(before)
        assert (tmp_path / "new").read_bytes() == b"secret\n"
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600

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


class TestReplace:
    def test_puts_one_content_for_another(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        for content in (b"one", b"another"):
            files.replace(path, content)
            assert path.read_bytes() == content
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]

    def test_a_reader_keeps_what_it_opened(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        files.replace(path, b"one")
        with path.open("rb") as reader:
            files.replace(path, b"another")
            assert reader.read() == b"one"


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
