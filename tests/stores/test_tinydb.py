"""What stock TinyDB gets wrong, and what may happen to a file: each has its cure here."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest import mock

import pytest
from msgspec.structs import replace
from tinydb import TinyDB

from tests.opening import one, open_files, open_store
from tokentui import files
from tokentui.core.errors import (
    NameTaken,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreReadOnly,
    StoreTooNew,
    StoreUnconfirmed,
    StoreUnknown,
    StoreUnreadable,
    StoreUnsafe,
    StoreUnwritable,
)
from tokentui.core.query import Count, Query
from tokentui.core.repositories import every_token
from tokentui.core.token import Token
from tokentui.core.window import Offset
from tokentui.stores import lock
from tokentui.stores.file import durable
from tokentui.stores.file.backups import BackupFiles
from tokentui.stores.file.tinydb import TinyDBStore

from ..conftest import NOW, folders_that_do_not_sync
from ..test_files import largest_file
from .samples import ALL, after, names, put, token


@pytest.fixture
def store(store_path: Path) -> TinyDBStore:
    """Return a store with the token t1."""
    store = open_store(str(store_path))
    store.apply(added=[token(1)])
    return store


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def failing_at(step: int, error: int) -> Iterator[list[str]]:
    """Let the `step`th call to the system fail; give the names of the calls."""
    reached: list[str] = []

    def wrapped(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def failing(*args: Any, **kwargs: Any) -> Any:
            reached.append(name)
            if len(reached) == step + 1:
                raise OSError(error, os.strerror(error))
            return call(*args, **kwargs)

        return failing

    with ExitStack() as patches:
        for name in ("open", "writev", "fchmod", "fsync", "replace"):
            patches.enter_context(mock.patch.object(os, name, wrapped(name)))
        yield reached


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


class TestFile:
    def test_modes_whatever_the_umask(self, store_path: Path) -> None:
        with umask(0):
            open_store(str(store_path)).apply(added=[token(1)])
        assert mode(store_path.parent) == 0o700
        assert {mode(path) for path in store_path.parent.iterdir()} == {0o600}

    def test_reading_makes_nothing(self, store_path: Path) -> None:
        store = open_store(str(store_path))
        assert store.page(ALL).total.value == 0
        assert store.warnings() == []
        assert not store_path.parent.exists()

    def test_missing_folders_above_are_made(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "b" / "c" / "tokens.json"
        with umask(0):
            open_store(str(path)).apply(added=[token(1)])
        assert {mode(folder) for folder in list(path.parents)[:3]} == {0o700}

    def test_asking_again_reads_nothing_again(
        self, store: TinyDBStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.apply(added=[token(2)])  # makes the copy of the day
        monkeypatch.delattr(files, "read_regular")
        assert names(store, ALL) == ["t1", "t2"]
        store.apply(replaced=[after(token(1), name="other")])
        assert names(store, ALL) == ["other", "t2"]

    def test_the_next_window_is_not_sorted_for_anew(
        self, store: TinyDBStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert store.page(ALL).total.value == 1
        monkeypatch.delattr(Query, "matching")
        page = store.page(replace(ALL, now=NOW + timedelta(hours=1)), Offset(1))
        assert (page.total, page.rows) == (Count(1), [])

    @pytest.mark.parametrize("differs", ["inode", "moment", "size"])
    def test_one_difference_is_enough_to_read_again(
        self, store: TinyDBStore, store_path: Path, differs: str
    ) -> None:
        before = store_path.stat()
        name = b'"longer"' if differs == "size" else b'"u1"'
        content = store_path.read_bytes().replace(b'"t1"', name)
        if differs == "inode":
            files.replace(store_path, content)
        else:
            store_path.write_bytes(content)
        later = before.st_mtime_ns + (differs == "moment")
        os.utime(store_path, ns=(before.st_atime_ns, later))
        assert names(store, ALL) == [name.decode().strip('"')]

    def test_stock_tinydb_reads_it(self, store: TinyDBStore, store_path: Path) -> None:
        with TinyDB(store_path) as stock:
            assert [document["name"] for document in stock.table("tokens").all()] == ["t1"]

    def test_fields_of_other_versions_survive(self, store: TinyDBStore, store_path: Path) -> None:
        tables = json.loads(store_path.read_text())
        tables["tokens"]["1"]["colour"] = "blue"
        tables["later"] = {"1": {"x": 1}}
        store_path.write_text(json.dumps(tables))
        for name in ("other", "another"):
            store.apply(replaced=[after(one(store, token(1).id), name=name)])
        rewritten = json.loads(store_path.read_text())
        assert rewritten["tokens"]["1"]["name"] == "another"
        assert rewritten["tokens"]["1"]["colour"] == "blue"
        assert rewritten["later"] == {"1": {"x": 1}}

    def test_a_field_that_has_its_default_is_left_out(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        """So earlier versions, which do not know notes, read records without one as their own."""

        def record() -> dict[str, Any]:
            return json.loads(store_path.read_text())["tokens"]["1"]  # type: ignore[no-any-return]

        noted = after(token(1), note="Nightly build")
        store.apply(replaced=[noted])
        assert record()["note"] == "Nightly build"
        store.apply(replaced=[after(noted, note="")])
        assert "note" not in record()

    def test_a_note_is_removed_beside_fields_of_other_versions(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        tables = json.loads(store_path.read_text())
        tables["tokens"]["1"] |= {"colour": "blue", "note": "Nightly build", "read_only": True}
        store_path.write_text(json.dumps(tables))
        found = one(store, token(1).id)
        assert (found.note, found.read_only) == ("Nightly build", True)
        store.apply(replaced=[after(found, note="", read_only=False)])
        found = one(open_store(str(store_path)), token(1).id)
        assert (found.note, found.read_only) == ("", False)

    @pytest.mark.parametrize(
        "value",
        [
            b'"caf\xe9"',
            b"1e400",
            b"12345678901234567890123.50",
            b'{"a": [1, 2.50]}',
        ],
        ids=["no utf-8", "too large", "too long", "nested"],
    )
    def test_a_strange_field_is_kept_as_it_is(
        self, store: TinyDBStore, store_path: Path, value: bytes
    ) -> None:
        content = store_path.read_bytes()
        store_path.write_bytes(content.replace(b'"account"', b'"strange":%s,"account"' % value))
        store.apply(replaced=[after(token(1), name="other")])
        store.apply(added=[token(2)])
        store.apply(replaced=[after(one(store, token(1).id), revoked_at=NOW, hash=None)])
        assert b'"strange":%s' % value in store_path.read_bytes()
        assert one(open_store(str(store_path)), token(1).id).revoked_at == NOW

    def test_the_file_behind_a_link_is_replaced(self, store: TinyDBStore, store_path: Path) -> None:
        link = store_path.with_name("link.json")
        link.symlink_to(store_path)
        open_store(str(link)).apply(added=[token(2)])
        assert link.is_symlink()
        assert store.page(ALL).total.value == 2

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_root_leaves_it_its_owners(self, store: TinyDBStore, store_path: Path) -> None:
        os.chown(store_path, 1234, 1234)
        store.apply(added=[token(2)])
        assert (store_path.stat().st_uid, store_path.stat().st_gid) == (1234, 1234)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_root_gives_away_nothing_that_a_link_leads_to(
        self, store: TinyDBStore, store_path: Path, tmp_path: Path
    ) -> None:
        os.chown(store_path, 1234, 1234)
        (tmp_path / "roots").write_text("mine")
        link = tmp_path / "link"
        link.symlink_to(tmp_path / "roots")
        files.give_to_owner(link, store_path)
        assert (tmp_path / "roots").stat().st_uid == 0
        assert link.lstat().st_uid == 1234

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_root_makes_no_lock_by_looking(self, store: TinyDBStore, store_path: Path) -> None:
        lock = Path(f"{store_path}.lock")
        lock.unlink()
        files.temporary_of(store_path).write_text("half")
        assert names(open_store(str(store_path)), ALL) == ["t1"]
        assert not lock.exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_what_root_makes_in_another_ones_folder_is_that_ones(self, store_path: Path) -> None:
        store_path.parent.mkdir(mode=0o700)
        os.chown(store_path.parent, 1234, 1234)
        open_store(str(store_path)).apply(added=[token(1)])
        owners = {(path.name, path.stat().st_uid) for path in store_path.parent.iterdir()}
        assert owners == {("tokens.json", 1234), ("tokens.json.lock", 1234)}

    @pytest.mark.parametrize(
        "error",
        [errno.EINVAL, errno.EBADF, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP],
        ids=errno.errorcode.get,
    )
    def test_a_file_system_that_syncs_no_folder_is_let_be(
        self, store: TinyDBStore, error: int
    ) -> None:
        with folders_that_do_not_sync(error):
            store.apply(added=[token(2)])
        assert names(store, ALL) == ["t1", "t2"]

    @pytest.mark.parametrize("number", ["01", "one", "", "-1\n", "1_0", "9" * 5000])
    def test_a_record_without_a_number_of_its_own_hides_no_other(
        self, store: TinyDBStore, store_path: Path, number: str
    ) -> None:
        tables = json.loads(store_path.read_text())
        odd = tables["tokens"]["1"] | {"id": "0000000002", "name": "t2"}
        tables["tokens"][number] = odd
        store_path.write_text(json.dumps(tables))
        assert names(store, ALL) == ["t1"]
        assert "no document number" in store.warnings()[0]
        # TinyDB would take one for the other, or stumble, where it has to find the next number.
        before = store_path.read_bytes()
        with pytest.raises(StoreDamaged, match="a document number"):
            store.apply(added=[token(3)])
        assert store_path.read_bytes() == before
        store.apply(replaced=[after(token(1), revoked_at=NOW, hash=None)])
        kept = json.loads(store_path.read_text())["tokens"]
        assert kept[number] == odd
        assert kept["1"]["hash"] is None

    @pytest.mark.parametrize("location", ["redis://host/0", "~no-such-user/tokens.json", ""])
    def test_another_kind_of_location(self, location: str) -> None:
        with pytest.raises(StoreUnknown):
            open_store(location)


class TestRights:
    @pytest.mark.parametrize("wrong", [0o620, 0o602])
    def test_a_file_that_others_write_is_refused(
        self, store: TinyDBStore, store_path: Path, wrong: int
    ) -> None:
        store_path.chmod(wrong)
        with pytest.raises(StoreUnsafe, match="chmod 600"):
            open_store(str(store_path)).page(ALL)

    def test_a_folder_that_others_write_is_refused_unless_sticky(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        store_path.parent.chmod(0o777)
        with pytest.raises(StoreUnsafe, match="chmod go-w"):
            open_store(str(store_path)).page(ALL)
        store_path.parent.chmod(0o1777)
        assert open_store(str(store_path)).page(ALL).total.value == 1

    def test_rights_that_become_too_wide_are_noticed_at_once(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        assert names(store, ALL) == ["t1"]
        store_path.chmod(0o666)
        with pytest.raises(StoreUnsafe, match="chmod 600"):
            store.page(ALL)

    def test_no_store_is_made_where_others_could_replace_it(self, store_path: Path) -> None:
        store_path.parent.mkdir()
        store_path.parent.chmod(0o777)
        with pytest.raises(StoreUnsafe, match="chmod go-w"):
            open_store(str(store_path)).apply(added=[token(1)])
        assert not store_path.exists()

    def test_advice_can_be_pasted(self, tmp_path: Path) -> None:
        path = tmp_path / "my data" / "it's.json"
        open_store(str(path)).apply(added=[token(1)])
        path.chmod(0o644)
        [warning] = open_store(str(path)).warnings()
        run = warning.partition("Run: ")[2]
        subprocess.run(run, shell=True, check=True)
        assert mode(path) == 0o600

    def test_a_file_that_a_group_reads_stays_so(self, store: TinyDBStore, store_path: Path) -> None:
        store_path.chmod(0o640)
        store.apply(added=[token(2)])
        assert mode(store_path) == 0o640
        assert store.warnings() == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    def test_it_stays_its_groups(self, store: TinyDBStore, store_path: Path) -> None:
        os.chown(store_path, -1, 1234)
        store_path.chmod(0o640)
        store.apply(added=[token(2)])
        assert store_path.stat().st_gid == 1234

    @pytest.mark.parametrize("closed", ["", ".lock"])
    def test_one_that_may_only_be_read_is_told_beforehand(
        self, store_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
    ) -> None:
        open_store(str(store_path)).apply(added=[token(1)])
        path = Path(f"{store_path}{closed}") if closed else store_path.parent
        access = os.access
        monkeypatch.setattr(os, "access", lambda each, mode: each != path and access(each, mode))
        [said] = open_store(str(store_path)).warnings()
        assert said == f"The store is read-only: you cannot write to {path}."
        assert open_store(str(store_path), read_only=True).warnings() == []

    def test_a_file_that_everybody_reads_is_warned_about(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        assert store.warnings() == []
        store_path.chmod(0o604)
        assert store.warnings() == [f"Others can read {store_path}. Run: chmod 600 {store_path}"]

    def test_a_path_through_a_file_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        store = open_store(str(tmp_path / "file" / "tokens.json"))
        with pytest.raises(StoreUnreadable, match="Not a directory"):
            store.page(ALL)
        with pytest.raises(StoreUnwritable, match=r"Nothing was changed\."):
            store.apply(added=[token(1)])
        assert (tmp_path / "file").read_text() == "mine"


class TestReadOnly:
    def test_what_is_looked_at_is_not_touched(self, store: TinyDBStore, store_path: Path) -> None:
        files.temporary_of(store_path).write_text("half")
        before = {path: path.read_bytes() for path in store_path.parent.iterdir()}
        looked = open_store(str(store_path), read_only=True)
        assert names(looked, ALL) == ["t1"]
        assert list(BackupFiles(looked).problems()) == []
        for change in (
            lambda: looked.apply(added=[token(2)]),
            lambda: looked.apply(replaced=[after(token(1), name="other")]),
            BackupFiles(looked).make,
        ):
            with pytest.raises(StoreReadOnly, match="Nothing was changed"):
                change()
        assert {path: path.read_bytes() for path in store_path.parent.iterdir()} == before

    def test_a_store_that_is_not_there_is_not_made(self, store_path: Path) -> None:
        looked = open_store(str(store_path), read_only=True)
        assert looked.page(ALL).total.value == 0
        with pytest.raises(StoreReadOnly):
            looked.apply(added=[token(1)])
        assert not store_path.parent.exists()


class TestFullDisk:
    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EIO])
    def test_whichever_step_fails_the_store_is_the_old_or_the_new_one(
        self, store: TinyDBStore, store_path: Path, error: int
    ) -> None:
        store.apply(added=[token(2)])
        for step in count():
            before = set(every_token(store))
            new = token(10 + step)
            try:
                with failing_at(step, error) as reached:
                    store.apply(added=[new])
            except StoreUnconfirmed:
                expected = {*before, new}
            except StoreUnwritable as refusal:
                assert "Nothing was changed." in str(refusal)
                expected = before
            else:
                expected = {*before, new}
            for each in (store, open_store(str(store_path))):
                assert set(every_token(each)) == expected
            assert not files.temporary_of(store_path).exists()
            if len(reached) <= step:
                break
        assert set(reached) >= {"open", "writev", "fsync", "replace"}

    @pytest.mark.parametrize("step", range(6))
    def test_what_failed_is_not_done_by_the_next_change(
        self, store: TinyDBStore, store_path: Path, step: int
    ) -> None:
        store.apply(added=[token(2)])
        with failing_at(step, errno.ENOSPC), pytest.raises(StoreUnwritable):
            store.apply(replaced=[after(token(1), name="failed")])
        store.apply(replaced=[after(token(2), name="other")])
        for each in (store, open_store(str(store_path))):
            assert names(each, ALL) == ["other", "t1"]
        store.apply(replaced=[after(token(1), name="done")])
        for each in (store, open_store(str(store_path))):
            assert names(each, ALL) == ["done", "other"]

    def test_a_bulk_revoke_that_stops_half_way_revokes_none(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        store.apply(added=[token(number) for number in range(2, 40)])
        before = store_path.read_bytes()
        with largest_file(4096), pytest.raises(StoreUnwritable, match="Nothing was changed"):
            store.apply(replaced=[after(t, revoked_at=NOW, hash=None) for t in every_token(store)])
        assert store_path.read_bytes() == before
        assert store.page(ALL).total.value == 39
        assert list(store_path.parent.glob(".*")) == []

    def test_what_a_crash_left_is_swept_by_the_next_look(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        stale = files.temporary_of(store_path)
        stale.write_text("half")
        other = files.temporary_of(store_path.with_name("other.json"))
        other.write_text("not ours")
        assert names(open_store(str(store_path)), ALL) == ["t1"]
        assert not stale.exists()
        assert other.exists()

    def test_what_another_process_is_writing_is_let_be(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        with durable.DurableJSON(store_path, "tokens", Token).lock():
            files.temporary_of(store_path).write_text("half")
            assert names(open_store(str(store_path)), ALL) == ["t1"]
            assert files.temporary_of(store_path).exists()
        store.apply(added=[token(2)])
        assert not files.temporary_of(store_path).exists()

    def test_a_change_is_done_although_the_file_cannot_be_looked_at_afterwards(
        self, store: TinyDBStore, store_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = files.replace

        def replace_and_hide(path: Path, *content: Any, **more: Any) -> None:
            done(path, *content, **more)
            if path == store_path:
                hidden.setattr(Path, "stat", mock.Mock(side_effect=PermissionError))

        with monkeypatch.context() as hidden:
            hidden.setattr(files, "replace", replace_and_hide)
            store.apply(added=[token(2)])
        assert names(store, ALL) == ["t1", "t2"]
        store.apply(replaced=[after(token(2), name="other")])
        assert names(store, ALL) == ["other", "t1"]

    def test_a_change_that_may_not_last_is_told_as_done(self, store: TinyDBStore) -> None:
        with (
            folders_that_do_not_sync(),
            pytest.raises(StoreUnconfirmed, match="was changed, but"),
        ):
            store.apply(added=[token(2)])
        assert names(store, ALL) == ["t1", "t2"]


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "kind", "said"),
        [
            (b"", StoreDamaged, "is empty"),
            (b"\x00\xff\xfe binary", StoreDamaged, "not JSON"),
            (b'{"tokentui": {"1": {"format": 1}}, "tok', StoreDamaged, "not JSON"),
            (b'{"x": {"x": ' + b"[" * 10_000, StoreDamaged, "not JSON"),
            (b"[]", StoreDamaged, "not a tokentui store"),
            (b'"text"', StoreDamaged, "not a tokentui store"),
            (b'{"_default": {"1": {"name": "x"}}}', StoreDamaged, "not a tokentui store"),
            (b'{"tokentui": {"1": {"format": "x"}}}', StoreDamaged, "not a tokentui store"),
            (b'{"tokentui": {"1": []}}', StoreDamaged, "not a tokentui store"),
            (
                b'{"tokentui": {"1": {"format": 2}}}',
                StoreTooNew,
                "Install a newer version of tokentui.",
            ),
            (
                b'{"tokentui": {"1": {"format": 2, "needs": "0.3"}}}',
                StoreTooNew,
                "Install tokentui 0.3 or later.",
            ),
            (b'{"tokentui": {"1": {"format": 0}}}', StoreDamaged, "not a tokentui store"),
        ],
    )
    def test_what_is_no_store_is_left_alone(
        self, store_path: Path, content: bytes, kind: type[StoreError], said: str
    ) -> None:
        store_path.parent.mkdir(mode=0o700)
        store_path.write_bytes(content)
        store_path.chmod(0o600)
        store = open_store(str(store_path))
        with pytest.raises(kind, match="was not changed") as error:
            store.page(ALL)
        assert said in str(error.value)
        with pytest.raises(kind):
            store.apply(added=[token(1)])
        assert store_path.read_bytes() == content

    def test_a_file_that_vanishes_is_no_empty_store(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        kept = store_path.rename(store_path.with_name("kept.json"))
        for attempt in (lambda: store.page(ALL), lambda: store.apply(added=[token(2)])):
            with pytest.raises(StoreUnreadable, match="is missing"):
                attempt()
        assert not store_path.exists()
        kept.rename(store_path)
        assert names(store, ALL) == ["t1"]

    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (os.mkfifo, "not a regular file"),
            (os.mkdir, "The path is a folder. Name a file"),
            (lambda path: sparse(path, 2**30), "more than 268,435,456 bytes"),
        ],
        ids=["pipe", "folder", "1 GiB"],
    )
    def test_what_is_no_file_to_read_is_neither_waited_for_nor_touched(
        self, store_path: Path, make: Callable[[Path], None], said: str
    ) -> None:
        store_path.parent.mkdir(mode=0o700)
        make(store_path)
        before = store_path.stat()
        for attempt in ("find", "add"):
            store = open_store(str(store_path))
            with pytest.raises(StoreUnreadable, match=said):
                store.page(ALL) if attempt == "find" else store.apply(added=[token(1)])
        assert store_path.stat().st_ino == before.st_ino

    def test_refused_files_leave_nothing_open(self, store_path: Path) -> None:
        store_path.mkdir(parents=True)
        store = open_store(str(store_path))
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            with pytest.raises(StoreUnreadable):
                store.page(ALL)
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_a_name_that_is_too_long(self, store: TinyDBStore, store_path: Path) -> None:
        for length in (253, 300):
            path = store_path.with_name("x" * length)
            with suppress(StoreUnreadable):
                assert open_store(str(path)).page(ALL).total.value == 0
            with pytest.raises(StoreUnwritable):
                open_store(str(path)).apply(added=[token(1)])
        long = store_path.rename(store_path.with_name("x" * 253))
        assert names(open_store(str(long)), ALL) == ["t1"]

    def test_a_full_file_takes_no_more_tokens(
        self, store: TinyDBStore, store_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = store_path.read_bytes()
        monkeypatch.setattr(durable, "FULL", len(before))
        with pytest.raises(StoreUnwritable, match=r"limit of a store\. Nothing was changed"):
            store.apply(added=[token(2)])
        assert store_path.read_bytes() == before
        # What adds no token is still possible, such as a revocation.
        store.apply(replaced=[after(token(1), revoked_at=NOW, revoked_by="ada", hash=None)])
        assert len(store_path.read_bytes()) > len(before)

    def test_links_that_go_in_a_circle(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
        with pytest.raises((StoreUnknown, StoreUnreadable), match=r"circle|symbolic links"):
            open_store(str(tmp_path / "a")).page(ALL)

    def test_a_folder_that_vanishes_is_not_made_anew(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        store_path.parent.rename(store_path.parent.with_name("elsewhere"))
        with pytest.raises(StoreUnreadable, match="is missing"):
            store.apply(added=[token(2)])
        assert not store_path.exists()

    def test_text_that_is_no_utf8_hides_no_other_record(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        store.apply(added=[token(2)])
        store_path.write_bytes(store_path.read_bytes().replace(b'"t1"', b'"\xff"'))
        assert names(store, ALL) == ["t2"]
        assert len(store.warnings()) == 1
        store.apply(added=[token(3)])
        assert b'"\xff"' in store_path.read_bytes()

    def test_a_bad_record_hides_no_other_and_is_kept(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        tables = json.loads(store_path.read_text())
        good = tables["tokens"]["1"]
        tables["tokens"] |= {
            "2": {"id": "short"},
            "3": good | {"name": "twin"},
            "4": good | {"id": "0000000004", "created_at": "long ago"},
            "5": good | {"id": "0000000005", "created_at": "0001-01-01T00:00:00Z"},
            "6": good | {"id": "0000000006", "expires_at": "9999-12-31T23:59:59Z"},
            "7": good | {"id": "0000/00007", "name": "path"},
        }
        store_path.write_text(json.dumps(tables))
        assert names(store, ALL) == ["t1"]
        assert len(store.warnings()) == 6
        assert "Record 2 was skipped" in store.warnings()[0]
        store.apply(replaced=[after(token(1), name="other")])
        store.apply(added=[token(2)])
        kept = json.loads(store_path.read_text())["tokens"]
        assert [kept[place] for place in "234567"] == [
            tables["tokens"][place] for place in "234567"
        ]
        assert kept["1"]["name"] == "other"
        assert kept["8"]["name"] == "t2"
        assert names(open_store(str(store_path)), ALL) == ["other", "t2"]

    def test_a_bad_record_is_not_taken_for_the_good_one_of_its_id(
        self, store: TinyDBStore, store_path: Path
    ) -> None:
        tables = json.loads(store_path.read_text())
        good = tables["tokens"]["1"]
        bad = good | {"created_at": "0001-01-01T00:00:00Z"}
        tables["tokens"] = {"1": bad, "2": good}
        store_path.write_text(json.dumps(tables))
        store.apply(replaced=[after(token(1), name="other")])
        kept = json.loads(store_path.read_text())["tokens"]
        assert kept["1"] == bad
        assert kept["2"]["name"] == "other"


class TestLock:
    _HOLD = """
import sys
from pathlib import Path
from tokentui.core.token import Token
from tokentui.stores.file.durable import DurableJSON
with DurableJSON(Path(sys.argv[1]), "tokens", Token).lock():
    print("held", flush=True)
    sys.stdin.read()
"""

    @pytest.fixture
    def holder(self, store: TinyDBStore, store_path: Path) -> Iterator[subprocess.Popen[str]]:
        """Give a process that holds the lock."""
        with subprocess.Popen(
            [sys.executable, "-c", self._HOLD, str(store_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
            process.kill()

    def test_a_held_lock_is_waited_for_then_reported(
        self,
        store: TinyDBStore,
        holder: subprocess.Popen[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(lock, "LOCK_PATIENCE", 0.05)
        monkeypatch.setattr(lock, "LOCK_TIMEOUT", 0.1)
        said: list[str] = []
        store.on_notice = said.append
        with pytest.raises(StoreBusy, match="Nothing was changed") as error:
            store.apply(added=[token(2)])
        name = f"rocess {holder.pid} (python"
        assert name in said[0]
        assert name in str(error.value)
        assert store.page(ALL).total.value == 1

    def test_readers_do_not_wait_with_a_change(
        self, store: TinyDBStore, holder: subprocess.Popen[str]
    ) -> None:
        waiting = Event()
        store.on_notice = lambda _: waiting.set()
        change = Thread(target=store.apply, kwargs={"added": [token(2)]})
        change.start()
        assert waiting.wait(60)
        assert names(store, ALL) == ["t1"]
        assert change.is_alive(), "the answer came only after the change"
        holder.kill()
        change.join()
        assert names(store, ALL) == ["t1", "t2"]

    def test_what_came_while_waiting_counts(self, store: TinyDBStore, store_path: Path) -> None:
        other = durable.DurableJSON(store_path, "tokens", Token)
        held = ExitStack()
        held.enter_context(other.lock())

        def finish(_: str) -> None:
            with other.change():
                other.read()["tokens"]["2"] = token(2, name="wanted")
            held.close()

        backend = open_files(str(store_path))
        backend.on_notice = finish
        with pytest.raises(NameTaken):
            put(backend, added=[token(3, name="wanted")])
        assert names(store, ALL) == ["t1", "wanted"]

    def test_a_change_waits_until_a_reader_is_through(
        self, store: TinyDBStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change = Thread(target=store.apply, kwargs={"added": [token(2)]})

        def matching(query: Query, tokens: Iterable[Token], *_: Any) -> list[Token]:
            change.start()
            change.join(0.3)
            return list(tokens)

        with monkeypatch.context() as patch:
            patch.setattr(Query, "matching", matching)
            assert names(store, ALL) == ["t1"]
        change.join()
        assert names(store, ALL) == ["t1", "t2"]

    def test_a_killed_holder_frees_it(
        self, store: TinyDBStore, holder: subprocess.Popen[str]
    ) -> None:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        store.apply(added=[token(2)])
        assert store.page(ALL).total.value == 2
