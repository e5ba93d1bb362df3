"""Copies of a store: when they are made, how many are kept, and the way back."""

import errno
import json
import os
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.opening import one, open_files, open_store
from tokentui import files
from tokentui.core.change import Restore
from tokentui.core.errors import (
    BackupNotFound,
    NameTaken,
    StoreDamaged,
    StoreUnreadable,
    StoreUnwritable,
)
from tokentui.core.token import Token
from tokentui.stores.file.backups import BackupFiles, Copies, Reason
from tokentui.stores.file.tinydb import TinyDBStore

from ..conftest import NOW, folders_that_do_not_sync
from .samples import ALL, after, names, put, token


class Calendar:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def opener(store_path: Path, calendar: Calendar) -> Callable[[], TinyDBStore]:
    return lambda: open_files(str(store_path), clock=calendar).tokens


@pytest.fixture
def store(opener: Callable[[], TinyDBStore]) -> TinyDBStore:
    """Return a store of two tokens whose copy of the day is made."""
    store = opener()
    store.apply(added=[token(1)])
    store.apply(added=[token(2)])
    return store


def reasons(store: TinyDBStore) -> list[str]:
    return [backup.reason for backup in BackupFiles(store).listed()]


def revoked(before: Token) -> Token:
    return after(before, revoked_at=NOW, hash=None)


class TestWhen:
    def test_before_the_first_change_of_each_day(
        self, opener: Callable[[], TinyDBStore], calendar: Calendar
    ) -> None:
        for day in range(3):
            calendar.now = NOW + timedelta(days=day)
            for number in range(2):
                opener().apply(added=[token(day * 2 + number)])
        assert reasons(opener()) == ["daily"] * 3
        copied = [
            names(BackupFiles(opener()).open(copy.name), ALL)
            for copy in BackupFiles(opener()).listed()
        ]
        # A copy is what was there before the day; on the first day there was only its first token.
        assert copied == [["t0", "t1", "t2", "t3"], ["t0", "t1"], ["t0"]]

    def test_a_store_that_is_not_there_yet_has_none(
        self, opener: Callable[[], TinyDBStore]
    ) -> None:
        opener().apply(added=[token(1)])
        assert BackupFiles(opener()).listed() == []

    def test_one_that_was_asked_for_is_no_copy_of_the_day(
        self, store: TinyDBStore, calendar: Calendar
    ) -> None:
        calendar.now = NOW + timedelta(days=1)
        BackupFiles(store).make()
        store.apply(added=[token(3)])
        assert reasons(store) == ["daily", "asked", "daily"]

    def test_before_several_are_changed_at_once(self, store: TinyDBStore) -> None:
        store.apply(replaced=[after(token(2), name="one")])
        assert reasons(store) == ["daily"]
        store.apply(replaced=[revoked(token(1)), revoked(after(token(2), name="one"))])
        assert reasons(store) == ["bulk", "daily"]
        assert names(BackupFiles(store).open(BackupFiles(store).listed()[0].name), ALL) == [
            "one",
            "t1",
        ]
        assert names(store, ALL) == []

    def test_a_change_that_is_refused_makes_none(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        with pytest.raises(NameTaken):
            put(open_files(str(store_path)), added=[token(3), token(4, name="t1")])
        assert reasons(store) == ["daily"]

    def test_when_asked(self, store: TinyDBStore, store_path: Path) -> None:
        made = Path(BackupFiles(store).make())
        assert made.read_bytes() == store_path.read_bytes()
        assert reasons(store) == ["asked", "daily"]

    def test_there_must_be_something_to_copy(self, opener: Callable[[], TinyDBStore]) -> None:
        with pytest.raises(StoreUnreadable, match="nothing to back up"):
            BackupFiles(opener()).make()


class TestKept:
    def test_the_oldest_of_a_reason_go(self, store: TinyDBStore, calendar: Calendar) -> None:
        asked = BackupFiles(store).make()
        for day in range(1, 20):
            calendar.now = NOW + timedelta(days=day)
            store.apply(added=[token(2 + day)])
        assert reasons(store).count("daily") == 14
        assert reasons(store)[-1] == "asked"
        assert Path(asked).exists()

    def test_those_of_one_second_stay_apart_and_in_order(self, store: TinyDBStore) -> None:
        for number in range(12):
            store.apply(added=[token(10 + 2 * number), token(11 + 2 * number)])
        counts = [
            BackupFiles(store).open(copy.name).page(ALL).total.value
            for copy in BackupFiles(store).listed()
            if copy.reason == "bulk"
        ]
        assert counts == list(range(24, 4, -2))

    def test_a_clock_that_was_ahead_takes_none_away(
        self, store: TinyDBStore, calendar: Calendar
    ) -> None:
        for day in range(1, 20):
            calendar.now = NOW + timedelta(days=day)
            store.apply(added=[token(2 + day)])
        calendar.now = NOW - timedelta(days=1)
        store.apply(added=[token(30)])
        store.apply(added=[token(31)])
        earlier = BackupFiles(store).listed()[-1]
        assert BackupFiles(store).open(earlier.name).page(ALL).total.value == 21
        assert reasons(store) == ["daily"] * 14

    def test_other_files_are_let_be(self, store: TinyDBStore, store_path: Path) -> None:
        folder = store_path.parent / "backups"
        others = [
            "notes.txt",
            "other.json.2020-01-01T000000Z.daily",
            "tokens_json.2020-01-01T000000Z.daily",
            "tokens.json.2020-01-01T000000Z.mine",
            "tokens.json.2020-99-01T000000Z.daily",
            "tokens.json.2020-01-01T000000Z.daily.gz",
        ]
        for name in others:
            (folder / name).write_text("mine")
        assert len(BackupFiles(store).listed()) == 1
        copies = Copies(store_path, lambda: NOW)
        for _ in range(30):
            copies.keep(Reason.DAILY)
        assert set(others) <= {path.name for path in folder.iterdir()}

    def test_its_owners_alone_whatever_the_umask(
        self, opener: Callable[[], TinyDBStore], store_path: Path
    ) -> None:
        before = os.umask(0)
        try:
            for number in range(2):
                opener().apply(added=[token(number)])
        finally:
            os.umask(before)
        folder = store_path.parent / "backups"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_what_root_makes_is_the_owners(self, store_path: Path) -> None:
        store_path.parent.mkdir(mode=0o700)
        os.chown(store_path.parent, 1234, 1234)
        for number in range(2):
            open_store(str(store_path)).apply(added=[token(number)])
        folder = store_path.parent / "backups"
        assert {path.stat().st_uid for path in (folder, *folder.iterdir())} == {1234}


def test_a_copy_that_may_not_last_is_a_copy(store: TinyDBStore) -> None:
    with folders_that_do_not_sync():
        assert Path(BackupFiles(store).make()).exists()
    assert reasons(store) == ["asked", "daily"]


class TestNoRoom:
    @pytest.fixture(autouse=True)
    def full(self, monkeypatch: pytest.MonkeyPatch, store: TinyDBStore) -> None:
        """Let no copy be made."""

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(files, "copy", refuse)

    def test_one_token_can_be_changed_and_several_revoked(
        self, store: TinyDBStore, calendar: Calendar
    ) -> None:
        said: list[str] = []
        store.on_notice = said.append
        store.apply(replaced=[revoked(token(1)), revoked(token(2))])
        assert names(store, ALL) == []
        calendar.now += timedelta(days=1)
        store.apply(added=[token(3)])
        assert len(said) == 2
        assert all("No backup was made" in sentence for sentence in said)

    def test_several_are_not_changed(self, store: TinyDBStore, store_path: Path) -> None:
        before = store_path.read_bytes()
        with pytest.raises(StoreUnwritable, match=r"Nothing was changed\. Free some disk space"):
            store.apply(added=[token(3), token(4)])
        assert store_path.read_bytes() == before

    def test_none_is_made_when_asked(self, store: TinyDBStore) -> None:
        with pytest.raises(StoreUnwritable, match="Free some disk space"):
            BackupFiles(store).make()

    def test_a_damaged_file_is_not_replaced(self, store: TinyDBStore, store_path: Path) -> None:
        [daily] = BackupFiles(store).listed()
        store_path.write_text("damaged")
        with pytest.raises(StoreUnwritable):
            store.recover(BackupFiles(store).path_of(daily.name), Restore(name=daily.name))
        assert store_path.read_text() == "damaged"


class TestProblems:
    def test_a_folder_that_can_be_none(self, store_path: Path) -> None:
        folder = store_path.parent / "backups"
        store = open_store(str(store_path))
        assert list(BackupFiles(store).problems()) == []
        store.apply(added=[token(1)])
        folder.write_text("a file")
        assert "Backups cannot be written to" in next(iter(BackupFiles(store).problems()))
        with pytest.raises(StoreUnreadable, match="Not a directory"):
            BackupFiles(store).listed()
        folder.unlink()
        folder.symlink_to("nowhere")
        assert "is a broken link" in next(iter(BackupFiles(store).problems()))

    def test_a_folder_that_cannot_be_written(
        self, store: TinyDBStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert "Check the owner" in next(iter(BackupFiles(store).problems()))

    def test_odd_things_in_it(self, store: TinyDBStore, store_path: Path) -> None:
        folder = store_path.parent / "backups"
        (folder / "tokens.json.2020-01-01T000000Z.daily").mkdir()
        (folder / "tokens.json.2020-01-02T000000Z.daily").symlink_to("nowhere")
        os.mkfifo(folder / "tokens.json.2020-01-03T000000Z.daily")
        assert len(BackupFiles(store).listed()) == 1
        assert list(BackupFiles(store).problems()) == []

    def test_a_copy_that_cannot_be_let_go_hinders_nothing(
        self, store: TinyDBStore, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, missing_ok: bool = False) -> None:
            if path.suffix == ".daily":
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            unlink(path, missing_ok)

        said: list[str] = []
        store.on_notice = said.append
        unlink = Path.unlink
        monkeypatch.setattr(Path, "unlink", refuse)
        for day in range(1, 17):
            calendar.now = NOW + timedelta(days=day)
            store.apply(added=[token(2 + day)])
        assert (said, len(BackupFiles(store).listed())) == ([], 17)

    def test_one_that_is_read_is_not_touched(self, store: TinyDBStore, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        copy = elsewhere / "copy.json"
        copy.write_bytes(Path(BackupFiles(store).make()).read_bytes())
        copy.chmod(0o600)
        files.temporary_of(copy).write_text("precious")
        (elsewhere / "copy.json.lock").touch()
        before = {path: path.read_bytes() for path in elsewhere.iterdir()}
        assert BackupFiles(store).open(str(copy)).page(ALL).total.value == 2
        assert {path: path.read_bytes() for path in elsewhere.iterdir()} == before
        copy.write_text("{")
        with pytest.raises(StoreDamaged, match="Choose another backup"):
            BackupFiles(store).open(str(copy)).page(ALL)

    def test_a_half_copy_is_swept(self, store: TinyDBStore, store_path: Path) -> None:
        left = files.temporary_of(store_path.parent / "backups" / store_path.name)
        left.write_text("half")
        assert open_store(str(store_path)).page(ALL).total.value == 2
        assert not left.exists()


_REVOKING = Restore(name="copy", replaced=((token(1), revoked(token(1))),), instead=True)


class TestRecover:
    def test_the_damaged_file_is_kept(self, store: TinyDBStore, store_path: Path) -> None:
        name = BackupFiles(store).make()
        store_path.write_text("damaged")
        store.recover(BackupFiles(store).path_of(name), _REVOKING)
        assert names(store, ALL) == ["t2"]
        assert one(store, token(1).id).revoked_at == NOW
        kept = next(copy for copy in BackupFiles(store).listed() if copy.reason == "damaged")
        assert (store_path.parent / "backups" / kept.name).read_text() == "damaged"

    def test_what_other_versions_wrote_comes_back(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        tables = json.loads(store_path.read_text())
        tables["tokens"]["1"]["colour"] = "blue"
        tables["tokens"]["7"] = {"id": "no token"}
        tables["later"] = {"1": {"x": 1}}
        store_path.write_text(json.dumps(tables))
        name = BackupFiles(store).make()
        store_path.write_text("damaged")
        store.recover(BackupFiles(store).path_of(name), _REVOKING)
        back = json.loads(store_path.read_text())
        assert back["tokens"]["1"]["colour"] == "blue"
        assert back["tokens"]["1"]["hash"] is None
        assert back["tokens"]["7"] == {"id": "no token"}
        assert back["later"] == {"1": {"x": 1}}

    @pytest.mark.parametrize("name", ["nothing", "/nowhere/at.all", "backups/"])
    def test_a_backup_that_is_not_there(self, store: TinyDBStore, name: str) -> None:
        with pytest.raises(BackupNotFound, match="There is no backup"):
            BackupFiles(store).open(name)
        with pytest.raises(BackupNotFound):
            store.recover(BackupFiles(store).path_of(name), Restore(name=name))

    def test_a_backup_that_can_be_none(self, store: TinyDBStore) -> None:
        with pytest.raises(StoreUnreadable, match="too long"):
            BackupFiles(store).open("x" * 300)
