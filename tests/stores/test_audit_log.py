"""The audit log on disk: written before a change, whole after whatever happens."""

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.opening import open_audit_log
from tokentui import files
from tokentui.core import audit_queries, chain, credential
from tokentui.core.audit import Action, Actor, Event, Search
from tokentui.core.chain import START, Broken, Link
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import (
    AuditLogUnwritable,
    InvalidInput,
    NameTaken,
    StoreError,
    StoreReadOnly,
)
from tokentui.stores import syslog
from tokentui.stores.anchor import Anchor
from tokentui.stores.file.audit_log import AuditLogFile
from tokentui.stores.file.backend import FileBackend
from tokentui.stores.file.backups import Copies
from tokentui.stores.file.durable import DurableJSON
from tokentui.stores.lock import Lock
from tokentui.stores.syslog import to_syslog

from ..conftest import NOW

Open = Callable[..., AuditLogFile]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Return what opens the same trail, as another process would."""

    def opening(**more: object) -> AuditLogFile:
        settings = {
            "anchor": tmp_path / "audit.anchor",
            "actor": Actor("tokens", "192.0.2.7"),
            "clock": lambda: NOW,
            **more,
        }
        return AuditLogFile(tmp_path / "audit.jsonl", **settings)  # type: ignore[arg-type]

    return opening


def event(name: str = "one") -> Event:
    return Event(account="ada", action=Action.CREATE, token="0123456789", name=name)


def names(trail: AuditLogFile) -> list[str | None]:
    return [entry.name for entry in trail.newest()][::-1]


def lines(trail: AuditLogFile) -> list[bytes]:
    return trail.path.read_bytes().splitlines(keepends=True)


def broken(trail: AuditLogFile) -> Broken:
    found = trail.verify()
    assert isinstance(found, Broken), found
    return found


def test_lines_go_on_in_another_process(opened: Open) -> None:
    opened().record(event("one"), event("two"))
    opened().record(event("three"))
    assert names(opened()) == ["one", "two", "three"]
    end = opened().verify()
    assert isinstance(end, Link)
    assert end.seq == 3
    assert opened().anchor.read() == end


def test_nothing_is_whole_too(opened: Open) -> None:
    assert opened().verify() == Link(0, bytes(32))
    assert list(opened().newest()) == []
    assert opened().rotate() is None


def test_files_are_for_nobody_else(opened: Open, tmp_path: Path) -> None:
    opened().record(event())
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(
        ("audit.jsonl", "audit.jsonl.lock", "audit.key", "audit.anchor"), 0o600
    )


def test_threads_and_processes_wait_for_each_other(opened: Open) -> None:
    def write() -> None:
        trail = opened()
        for _ in range(20):
            trail.record(event())

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = opened().verify()
    assert isinstance(end, Link)
    assert end.seq == 80


def test_a_line_costs_one_sync(opened: Open) -> None:
    trail = opened()
    trail.record(event())
    with mock.patch.object(os, "fsync", wraps=os.fsync) as sync:
        trail.record(*[event()] * 50)
    assert sync.call_count == 1


def test_a_line_cut_off_by_a_kill_is_taken_away_and_that_is_said(opened: Open) -> None:
    opened().record(event("one"), event("two"))
    path = opened().path
    path.write_bytes(path.read_bytes() + b'{"seq":3,"time":"2026')
    assert broken(opened()).line == 3
    opened().record(event("three"))
    assert names(opened()) == ["one", "two", None, "three"]
    assert isinstance(opened().verify(), Link)


def test_a_full_disk_leaves_the_file_as_it_was(opened: Open) -> None:
    trail = opened()
    trail.record(event("one"))
    before = trail.path.read_bytes()
    real = os.write

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, content[: len(content) - 50])

    with mock.patch.object(os, "write", half), pytest.raises(AuditLogUnwritable, match="No space"):
        trail.record(event("two"))
    assert trail.path.read_bytes() == before
    trail.record(event("three"))
    assert isinstance(opened().verify(), Link)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_what_was_cut_off_stays_missing_for_ever(opened: Open, left: int) -> None:
    opened().record(event("one"), event("two"), event("three"))
    kept = lines(opened())[:left]
    opened().path.write_bytes(b"".join(kept))
    assert broken(opened()).line == left + 1
    opened().record(event("four"))
    found = broken(opened())
    assert found.line == left + 1
    assert "missing" in found.what
    assert isinstance(opened().verify(4), Link)


def test_a_file_that_is_gone_is_missed(opened: Open) -> None:
    opened().record(event("one"))
    opened().path.unlink()
    assert broken(opened()).line == 1
    opened().record(event("two"))
    assert broken(opened()).line == 1


def test_an_anchor_that_is_gone_is_missed_and_written_down(opened: Open) -> None:
    opened().record(event("one"))
    opened().anchor.path.unlink()
    assert "is empty" in broken(opened()).what
    opened().record(event("two"))
    assert [e.about for e in opened().newest()][1] == (
        "The anchor was missing. Entries may be missing too."
    )
    assert "records that the anchor was missing" in broken(opened()).what
    assert isinstance(opened().verify(2), Link)


def test_an_anchor_may_be_for_writing_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = os.open

    def refused(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise PermissionError
        return opening(path, flags, mode)

    monkeypatch.setattr(os, "open", refused)
    with Anchor(tmp_path / "anchor").opened() as anchor:
        anchor.write(START)
    assert Anchor(tmp_path / "anchor").read() == START


@pytest.mark.parametrize("content", ["", "nonsense", "5 00", "1 zz"])
def test_a_damaged_anchor_counts_as_none(opened: Open, content: str) -> None:
    opened().record(event("one"))
    opened().anchor.path.write_text(content)
    assert "is empty" in broken(opened()).what


def test_a_damaged_anchor_is_mended_by_the_next_line(opened: Open) -> None:
    opened().record(event("one"))
    opened().anchor.path.write_text("nonsense" * 50)
    opened().record(event("two"))
    end = opened().verify(2)
    assert isinstance(end, Link)
    assert opened().anchor.read() == end


def test_the_anchor_can_be_elsewhere(opened: Open, tmp_path: Path) -> None:
    anchor = tmp_path / "elsewhere" / "anchor"
    opened(anchor=anchor).record(event())
    assert anchor.read_text().startswith("1 ")


def test_what_a_missing_anchor_leaves_is_accepted_once(opened: Open, tmp_path: Path) -> None:
    opened().record(event("one"))
    moved = {"anchor": tmp_path / "new place" / "anchor"}
    assert broken(opened(**moved)).acceptable
    opened(**moved).record(event("two"))
    found = broken(opened(**moved))
    assert (found.line, found.acceptable) == (2, True)
    opened(**moved).accept(2, "ada")
    end = opened(**moved).verify()
    assert isinstance(end, Link)
    assert end.seq == 4
    with pytest.raises(InvalidInput, match="nothing to accept"):
        opened(**moved).accept(2, "ada")
    opened(**moved).anchor.path.unlink()
    opened(**moved).record(event("three"))
    assert broken(opened(**moved)).line == 5


def test_an_anchor_that_a_power_cut_emptied_is_accepted_before_the_next_change(
    opened: Open,
) -> None:
    opened().record(event("one"))
    os.truncate(opened().anchor.path, 0)
    found = broken(opened())
    assert (found.line, found.acceptable) == (2, True)
    opened().accept(2, "ada")
    assert isinstance(opened().verify(), Link)
    assert [e.about for e in opened().newest()][:2] == [
        "Accepted: the anchor was missing before line 2.",
        "The anchor was missing. Entries may be missing too.",
    ]


def test_a_new_anchor_is_on_disk_at_once(opened: Open) -> None:
    synced: list[str] = []
    sync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("only Linux tells which file was synced")
    with mock.patch.object(os, "fsync", noting):
        opened().record(event())
    assert str(opened().anchor.path) in synced


def test_what_is_not_harmless_cannot_be_accepted(opened: Open) -> None:
    opened().record(event("one"), event("two"), event("three"))
    whole = lines(opened())
    for left in (whole[:1], [whole[0].replace(b"one", b"eve"), *whole[1:]]):
        opened().path.write_bytes(b"".join(left))
        found = broken(opened())
        assert not found.acceptable
        with pytest.raises(InvalidInput, match="Nothing was accepted"):
            opened().accept(found.line, "ada")
        opened().path.write_bytes(b"".join(whole))
    with pytest.raises(StoreReadOnly):
        opened(read_only=True).accept(1, "ada")


def test_an_anchor_that_cannot_be_written_at_first_leaves_nothing(
    opened: Open, tmp_path: Path
) -> None:
    opened().anchor.path.mkdir()
    with pytest.raises(AuditLogUnwritable, match="anchor cannot be written: Is a directory"):
        opened().record(event("one"))
    assert {path.name for path in tmp_path.iterdir()} == {"audit.anchor", "audit.jsonl.lock"}
    opened().anchor.path.rmdir()
    opened().record(event("two"))
    assert names(opened()) == ["two"]
    assert isinstance(opened().verify(), Link)


def test_an_anchor_that_cannot_be_written_later_leaves_no_line(opened: Open) -> None:
    opened().record(event("one"))
    full = OSError(errno.EDQUOT, "Disk quota exceeded")
    with mock.patch.object(os, "pwrite", side_effect=full), pytest.raises(AuditLogUnwritable):
        opened().record(event("two"))
    assert names(opened()) == ["one"]
    opened().record(event("three"))
    assert isinstance(opened().verify(), Link)


def test_an_anchor_that_cannot_be_read_is_named(opened: Open) -> None:
    opened().record(event())
    opened().anchor.path.unlink()
    opened().anchor.path.mkdir()
    with pytest.raises(StoreError, match=r"audit\.anchor cannot be read"):
        opened().verify()


@pytest.mark.parametrize("dies_at", range(1, 5))
@pytest.mark.parametrize("step", ["new_private", "give_to_owner"])
def test_a_log_that_was_left_while_it_began_begins_again(
    opened: Open, step: str, dies_at: int
) -> None:
    real, calls = getattr(files, step), []

    def dying(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == dies_at:
            raise MemoryError
        return real(*arguments)

    with mock.patch.object(files, step, dying), suppress(MemoryError):
        opened().record(event())
    assert isinstance(opened().verify(), Link)
    opened().record(event())
    assert isinstance(opened().verify(), Link)


def test_a_rotation_that_fails_hinders_nothing(opened: Open, tmp_path: Path) -> None:
    told: list[str] = []
    refusal = OSError(errno.EACCES, "Permission denied")
    with mock.patch.object(Path, "rename", side_effect=refusal):
        opened(largest=10, on_notice=told.append).record(event())
    assert names(opened()) == ["one"]
    assert "was not rotated" in told[0]


def test_a_lost_key_stops_the_trail(opened: Open, tmp_path: Path) -> None:
    opened().record(event())
    opened().key.path.unlink()
    with pytest.raises(AuditLogUnwritable, match="Put the key back"):
        opened().record(event())
    opened().key.path.write_text("nonsense")
    with pytest.raises(AuditLogUnwritable, match="does not contain a key"):
        opened().record(event())
    with pytest.raises(StoreError):
        opened().verify()


def test_numbers_and_chain_go_on_after_a_rotation(opened: Open, tmp_path: Path) -> None:
    opened().record(event("one"), event("two"))
    assert opened().rotate() == str(tmp_path / "audit-2.jsonl")
    assert opened().rotate() is None
    opened().record(event("three"))
    assert names(opened()) == ["one", "two", "three"]
    end = opened().verify()
    assert isinstance(end, Link)
    assert end.seq == 3


def test_numbers_go_on_after_a_rotation_without_an_anchor(opened: Open) -> None:
    opened().record(event("one"), event("two"))
    opened().rotate()
    opened().anchor.path.unlink()
    opened().record(event("three"))
    assert [entry.seq for entry in opened().newest()] == [4, 3, 2, 1]
    assert isinstance(opened().verify(3), Link)


def test_a_long_file_is_rotated_by_itself(opened: Open, tmp_path: Path) -> None:
    for _ in range(20):
        opened(largest=1000).record(event())
    assert len(list(tmp_path.glob("audit-*.jsonl"))) > 2
    end = opened().verify()
    assert isinstance(end, Link)
    assert end.seq == 20
    assert [entry.seq for entry in opened().newest()] == list(range(20, 0, -1))


def test_a_rotated_file_that_is_gone_is_missed(opened: Open, tmp_path: Path) -> None:
    opened().record(event("one"), event("two"))
    opened().rotate()
    opened().record(event("three"))
    (tmp_path / "audit-2.jsonl").unlink()
    assert broken(opened()).line == 1


def test_many_lines_are_read_backwards(opened: Open) -> None:
    trail = opened()
    for _ in range(10):
        trail.record(*[event("x" * 900)] * 30)
    assert [entry.seq for entry in trail.newest()] == list(range(300, 0, -1))


def test_a_line_that_is_none_hides_no_other(opened: Open) -> None:
    opened().record(event("one"), event("two"))
    first, second = lines(opened())
    opened().path.write_bytes(first + b"nonsense\n" + second)
    assert names(opened()) == ["one", "two"]


def test_long_texts_are_cut(opened: Open) -> None:
    opened().record(event("x" * 100_000))
    [entry] = opened().newest()
    assert len(entry.name or "") < 1100
    assert isinstance(opened().verify(), Link)


def test_a_trail_that_is_only_tried_hinders_nothing(opened: Open) -> None:
    told: list[str] = []
    trail = opened(required=False, on_notice=told.append)
    trail.path.mkdir()
    trail.record(event())
    assert "The audit log does not contain this event." in told[0]
    [warning] = trail.warnings()
    assert "without entries in the audit log" in warning
    trail.path.rmdir()
    trail.record(event())
    assert trail.warnings() == []


def test_a_trail_that_is_only_looked_at_is_not_written(opened: Open, tmp_path: Path) -> None:
    opened(read_only=True).record(event())
    assert list(tmp_path.iterdir()) == []


def test_what_root_begins_belongs_to_the_owner_of_the_folder(opened: Open, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(tmp_path, 1234, 1234)
    opened().record(event())
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {1234}


def test_what_looks_like_a_secret_is_not_written(opened: Open) -> None:
    secret = credential.mint().encode().reveal()
    opened().record(Event(account="a\udcff", action=Action.COMMAND, about=f"verify {secret}"))
    [entry] = opened().newest()
    assert entry.about == "verify (a secret)"
    assert entry.account == "a\\udcff"


def test_a_search_looks_only_as_far_as_it_must(opened: Open) -> None:
    trail = opened()
    trail.record(event("Grafana"), event('t"wo'), event("three"))
    assert [e.name for e in trail.newest(Search(text="gRAF"))] == ["Grafana"]
    assert [e.name for e in trail.newest(Search(token='T"WO'))] == ['t"wo']
    many = frozenset(str(number) for number in range(100))
    for ids in (frozenset(), many):
        assert [e.name for e in trail.newest(Search(token="GRAFANA", ids=ids))] == ["Grafana"]
    assert [e.seq for e in trail.newest(after=1)] == [3, 2]
    before = trail.version()
    trail.record(event())
    assert trail.version() != before


def test_a_line_that_comes_while_others_are_checked_is_left_alone(opened: Open) -> None:
    trail = opened()
    trail.record(event("one"))
    check = chain.verify

    def slow(key: bytes, lines: object, *more: object) -> object:
        with trail.path.open("ab") as file:
            file.write(b'{"seq":2,')
        return check(key, lines, *more)  # type: ignore[arg-type]

    with mock.patch.object(chain, "verify", slow):
        assert isinstance(trail.verify(), Link)


def test_a_number_that_there_is_not_cannot_be_believed(opened: Open) -> None:
    opened().record(event())
    with pytest.raises(InvalidInput, match="no entry 7"):
        opened().verify(7)


def test_no_link_is_followed(opened: Open, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("theirs")
    opened().path.symlink_to(target)
    with pytest.raises(AuditLogUnwritable):
        opened().record(event())
    assert target.read_text() == "theirs"


def test_a_copy_goes_to_syslog(opened: Open, tmp_path: Path) -> None:
    place = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(place)
        trail = opened()
        trail.copy = to_syslog(place)
        trail.record(event())
        said = listener.recv(4096).decode()
    assert "tokentui: {" in said
    [entry] = opened().newest()
    assert json.loads(said[said.index("{") :].rstrip("\0"))["seq"] == entry.seq


def test_a_syslog_that_does_not_listen_hinders_nothing(opened: Open, tmp_path: Path) -> None:
    trail = opened()
    trail.copy = to_syslog(str(tmp_path / "nobody"))
    trail.record(event())
    assert isinstance(opened().verify(), Link)


@pytest.fixture(params=[socket.SOCK_DGRAM, socket.SOCK_STREAM])
def stalled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a syslog that takes nothing more, because it reads nothing."""
    address = str(tmp_path / "log")
    with ExitStack() as opened_sockets:

        def opened_socket() -> socket.socket:
            return opened_sockets.enter_context(socket.socket(socket.AF_UNIX, request.param))

        listener = opened_socket()
        listener.bind(address)
        if request.param is socket.SOCK_STREAM:
            listener.listen(0)
        with suppress(BlockingIOError):
            while True:
                sender = opened_socket()
                sender.setblocking(False)
                sender.connect(address)
                if request.param is socket.SOCK_DGRAM:
                    sender.send(b"x")
        yield address


def test_a_syslog_that_does_not_read_is_not_waited_for(
    traced: TokenCommands, store_path: Path, stalled: str
) -> None:
    audited(traced, open_audit_log(str(store_path), actor=Actor("tokens"), syslog=stalled))
    creating = threading.Thread(target=lambda: traced.create("one", None), daemon=True)
    creating.start()
    creating.join(30)
    assert not creating.is_alive()
    assert story(traced) == [("create", "done", "one")]


def test_lines_that_a_syslog_reads_slowly_all_arrive(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("_STALL", "_LONGEST"):
        monkeypatch.setattr(syslog, patience, 60.0)
    address, received = str(tmp_path / "log"), []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(60)
        trail = opened()
        trail.copy = to_syslog(address)
        writing = threading.Thread(target=trail.record, args=[event()] * 2000)
        writing.start()
        received = [listener.recv(4096) for _ in range(2000)]
        writing.join()
    assert b'"seq":2000,' in received[-1]


def test_nothing_outside_is_called_while_a_lock_is_held(
    traced: TokenCommands, store_path: Path
) -> None:
    token = traced.create("one", None).token
    trail = store_path.with_name("audit.jsonl")
    heard: dict[str, bool] = {}

    def hear(who: str) -> None:
        with Lock(store_path).held_if_free() as store, Lock(trail).held_if_free() as log:
            heard[who] = store and log

    audited(traced, open_audit_log(str(store_path), actor=Actor("tokens"), required=False))
    assert isinstance(traced.backend.audit, AuditLogFile)
    traced.backend.audit.copy = lambda _: hear("syslog")
    token = traced.rename(token, "two")
    traced.backend.on_notice = lambda _: hear("store")
    traced.backend.audit.on_notice = lambda _: hear("trail")
    trail.unlink()
    trail.mkdir()
    with mock.patch.object(Copies, "lacks_todays", side_effect=OSError(errno.EIO, "no disk")):
        traced.revoke([token])
    assert heard == {"syslog": True, "trail": True, "store": True}


# -- with the tokens --------------------------------------------------------------------------


@pytest.fixture
def traced(service: TokenCommands, store_path: Path) -> TokenCommands:
    """Return a service whose audit log is beside its tokens."""
    audited(service, open_audit_log(str(store_path), actor=Actor("tokens")))
    return service


def audited(service: TokenCommands, log: AuditLogFile) -> None:
    """Let a service write into `log`."""
    assert isinstance(service.backend, FileBackend)
    service.backend.audit = service.queries.recorder = log


def story(service: TokenCommands) -> list[tuple[str, str, str | None]]:
    return [(e.action, e.outcome, e.name) for e in service.backend.audit.newest()][::-1]


def test_every_change_is_written_down(traced: TokenCommands) -> None:
    made = traced.create("one", None).token
    saved = traced.confirm_saved(made.id)
    renamed = traced.rename(saved, "two")
    bound = traced.set_access(renamed, read_only=True, networks=())
    new = traced.rotate(bound, timedelta(hours=1)).token
    traced.queries.now = lambda: NOW + timedelta(hours=2)
    traced.retire()
    traced.revoke([new])
    assert story(traced) == [
        ("create", "done", "one"),
        ("save", "done", "one"),
        ("rename", "done", "one"),
        ("access", "done", "two"),
        ("rotate", "done", "two"),
        ("create", "done", "two"),
        ("retire", "done", "two"),
        ("revoke", "done", "two"),
    ]
    assert len(list(audit_queries.history(traced.queries, made))) == 6


def test_a_failure_is_written_down(traced: TokenCommands) -> None:
    traced.create("one", None)
    token = traced.queries.look_up("one")
    with pytest.raises(NameTaken), mock.patch.object(TokenCommands, "check_new_name"):
        traced.create("one", None)
    assert story(traced)[1:] == [("create", "failed", "one")]
    assert token == traced.queries.look_up("one")


def test_where_it_cannot_be_written_nothing_is_changed(
    traced: TokenCommands, store_path: Path
) -> None:
    token = traced.create("one", None).token
    before = store_path.read_bytes()
    trail = store_path.with_name("audit.jsonl")
    trail.unlink()
    trail.mkdir()
    for change in (
        lambda: traced.create("two", None),
        lambda: traced.rename(token, "two"),
        lambda: traced.revoke([token]),
        lambda: traced.confirm_saved(token.id),
    ):
        with pytest.raises(AuditLogUnwritable, match="Nothing was changed"):
            change()
    assert store_path.read_bytes() == before


def test_a_change_that_fails_after_its_line_is_said_to_have_failed(
    traced: TokenCommands, store_path: Path
) -> None:
    traced.create("first", None)
    with (
        mock.patch.object(files, "replace", side_effect=OSError(errno.ENOSPC, "No space left")),
        pytest.raises(StoreError),
    ):
        traced.create("one", None)
    assert story(traced)[1:] == [("create", "done", "one"), ("create", "failed", "one")]


_WAYS_OUT = [KeyboardInterrupt(), MemoryError(), SystemExit(1), RuntimeError("not ours")]


@pytest.fixture(params=_WAYS_OUT, ids=lambda error: type(error).__name__)
def way_out(request: pytest.FixtureRequest) -> BaseException:
    """Return an error that ends a change wherever it happens to be."""
    error: BaseException = request.param
    return error


@contextmanager
def left_after(what: object, name: str, error: BaseException) -> Iterator[None]:
    """Let `error` end whatever calls `name`, once that has done its work."""
    real = getattr(what, name)

    def doing(*arguments: object, **more: object) -> None:
        real(*arguments, **more)
        raise error

    with mock.patch.object(what, name, doing), pytest.raises(type(error)):
        yield


def test_who_leaves_between_event_and_change_is_said_to_have_failed(
    traced: TokenCommands, way_out: BaseException
) -> None:
    token = traced.create("one", None).token
    with left_after(AuditLogFile, "record", way_out):
        traced.revoke([token])
    assert traced.queries.get(token.id) == token
    assert story(traced)[1:] == [("revoke", "done", "one"), ("revoke", "failed", "one")]
    assert type(way_out).__name__ in (next(traced.backend.audit.newest()).about or "")


def test_who_leaves_while_the_store_is_replaced_is_said_to_have_failed(
    traced: TokenCommands, way_out: BaseException
) -> None:
    token = traced.create("one", None).token
    with mock.patch.object(DurableJSON, "_put", side_effect=way_out), pytest.raises(type(way_out)):
        traced.revoke([token])
    assert traced.queries.get(token.id) == token
    assert story(traced)[1:] == [("revoke", "done", "one"), ("revoke", "failed", "one")]


def test_who_leaves_after_the_change_did_not_fail(
    traced: TokenCommands, way_out: BaseException
) -> None:
    token = traced.create("one", None).token
    with left_after(DurableJSON, "_put", way_out):
        traced.revoke([token])
    assert traced.queries.get(token.id).revoked_at is not None
    assert story(traced)[1:] == [("revoke", "done", "one")]


def test_a_failure_is_written_before_anybody_else_can_change_anything(
    traced: TokenCommands, store_path: Path
) -> None:
    token = traced.create("one", None).token
    recorded, locked = traced.backend.audit.record, []

    def record(*events: Event, **more: Any) -> None:
        with Lock(store_path).held_if_free() as free:
            locked.append(not free)
        recorded(*events, **more)

    with (
        mock.patch.object(traced.backend.audit, "record", record),
        mock.patch.object(DurableJSON, "_put", side_effect=MemoryError),
        pytest.raises(MemoryError),
    ):
        traced.revoke([token])
    assert locked == [True, True]


_SIGNALLED = """
import os, sys
from tokentui.core.audit import Actor
from tokentui.core.commands import TokenCommands
from tests.opening import open_files
from tokentui.stores.file.backups import Copies
from tokentui.stores.file.durable import DurableJSON
path, number = sys.argv[1], int(sys.argv[2])
service = TokenCommands(
    open_files(path, Actor("x")), account="ada"
)
put = DurableJSON._put
def signalled(*arguments):
    os.kill(os.getpid(), number)
    put(*arguments)
DurableJSON._put = signalled
service.revoke([service.queries.look_up("one")])
print("not ended")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_for_what_was_begun(
    traced: TokenCommands, store_path: Path, number: signal.Signals
) -> None:
    token = traced.create("one", None).token
    ended = subprocess.run(
        [sys.executable, "-c", _SIGNALLED, store_path, str(int(number))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (-number, 130), ended.stderr
    assert ended.stdout == ""
    assert traced.queries.get(token.id).revoked_at is not None
    assert story(traced)[1:] == [("revoke", "done", "one")]


def test_no_secret_is_in_it(traced: TokenCommands, store_path: Path) -> None:
    new = traced.create("one", None)
    traced.confirm_saved(new.token.id)
    written = store_path.with_name("audit.jsonl").read_text()
    assert new.secret.reveal()[14:] not in written
    assert str(new.token.hash) not in written


def test_without_a_trail_nothing_is_written(service: TokenCommands, store_path: Path) -> None:
    service.create("one", None)
    assert not store_path.with_name("audit.jsonl").exists()


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "by itself"])
def test_who_reads_the_log_reads_the_next_file_as_well(opened: Open, asked: bool) -> None:
    opened().record(event())
    path = opened().path
    path.chmod(0o640)
    before = path.stat().st_ino
    opened().rotate() if asked else opened(largest=1).record(event())
    opened().record(event())
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert isinstance(opened().verify(), Link)
