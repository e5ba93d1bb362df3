"""The audit trail on disk: written before a change, whole after whatever happens."""

import errno
import json
import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest

from tokentui import files
from tokentui.core import audit, credential
from tokentui.core.audit import Action, Broken, Event, Link, NoTrail, Origin, Search
from tokentui.core.errors import InvalidInput, NameTaken, StoreError, TrailUnwritable
from tokentui.core.service import TokenService
from tokentui.stores import open_trail
from tokentui.stores.syslog import to_syslog
from tokentui.stores.trail import TrailFile

from ..conftest import NOW

Open = Callable[..., TrailFile]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Return what opens the same trail, as another process would."""

    def opening(**more: object) -> TrailFile:
        settings = {
            "anchor": tmp_path / "audit.anchor",
            "origin": Origin("tokens", "192.0.2.7"),
            "clock": lambda: NOW,
            **more,
        }
        return TrailFile(tmp_path / "audit.jsonl", **settings)  # type: ignore[arg-type]

    return opening


def event(name: str = "one") -> Event:
    return Event(account="ada", action=Action.CREATE, token="0123456789", name=name)


def names(trail: TrailFile) -> list[str | None]:
    return [entry.name for entry in trail.newest()][::-1]


def lines(trail: TrailFile) -> list[bytes]:
    return trail.path.read_bytes().splitlines(keepends=True)


def broken(trail: TrailFile) -> Broken:
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
    assert opened().anchored() == end


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

    with mock.patch.object(os, "write", half), pytest.raises(TrailUnwritable, match="No space"):
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
    opened().anchor.unlink()
    assert "says nothing" in broken(opened()).what
    opened().record(event("two"))
    assert [e.about for e in opened().newest()][1] == (
        "The anchor was missing: lines may be missing too."
    )
    assert "tells that the anchor was missing" in broken(opened()).what
    assert isinstance(opened().verify(2), Link)


@pytest.mark.parametrize("content", ["", "nonsense", "5 00", "1 zz"])
def test_a_damaged_anchor_counts_as_none(opened: Open, content: str) -> None:
    opened().record(event("one"))
    opened().anchor.write_text(content)
    assert "says nothing" in broken(opened()).what


def test_a_damaged_anchor_is_mended_by_the_next_line(opened: Open) -> None:
    opened().record(event("one"))
    opened().anchor.write_text("nonsense" * 50)
    opened().record(event("two"))
    end = opened().verify(2)
    assert isinstance(end, Link)
    assert opened().anchored() == end


def test_the_anchor_can_be_elsewhere(opened: Open, tmp_path: Path) -> None:
    anchor = tmp_path / "elsewhere" / "anchor"
    opened(anchor=anchor).record(event())
    assert anchor.read_text().startswith("1 ")


def test_a_lost_key_stops_the_trail(opened: Open, tmp_path: Path) -> None:
    opened().record(event())
    opened().key.unlink()
    with pytest.raises(TrailUnwritable, match="Put the key back"):
        opened().record(event())
    opened().key.write_text("nonsense")
    with pytest.raises(TrailUnwritable, match="holds no key"):
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
    opened().anchor.unlink()
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
    trail = opened(required=False, tell=told.append)
    trail.path.mkdir()
    trail.record(event())
    assert "This is not in the audit trail." in told[0]
    [warning] = trail.warnings()
    assert "not in the audit trail" in warning
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
    secret = credential.mint().written().reveal()
    opened().record(Event(account="a\udcff", action=Action.COMMAND, about=f"verify {secret}"))
    [entry] = opened().newest()
    assert entry.about == "verify (a secret)"
    assert entry.account == "a\\udcff"


def test_a_search_looks_only_as_far_as_it_must(opened: Open) -> None:
    trail = opened()
    trail.record(event("Grafana"), event('t"wo'), event("three"))
    assert [e.name for e in trail.newest(Search(text="gRAF"))] == ["Grafana"]
    assert [e.name for e in trail.newest(Search(token='t"wo'))] == ['t"wo']
    assert [e.seq for e in trail.newest(after=1)] == [3, 2]
    before = trail.changed()
    trail.record(event())
    assert trail.changed() != before


def test_a_line_that_comes_while_others_are_checked_is_left_alone(opened: Open) -> None:
    trail = opened()
    trail.record(event("one"))
    check = audit.verify

    def slow(key: bytes, lines: object, *more: object) -> object:
        with trail.path.open("ab") as file:
            file.write(b'{"seq":2,')
        return check(key, lines, *more)  # type: ignore[arg-type]

    with mock.patch.object(audit, "verify", slow):
        assert isinstance(trail.verify(), Link)


def test_a_number_that_there_is_not_cannot_be_believed(opened: Open) -> None:
    opened().record(event())
    with pytest.raises(InvalidInput, match="no line 7"):
        opened().verify(7)


def test_no_link_is_followed(opened: Open, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("theirs")
    opened().path.symlink_to(target)
    with pytest.raises(TrailUnwritable):
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


# -- with the tokens --------------------------------------------------------------------------


@pytest.fixture
def traced(service: TokenService, store_path: Path) -> TokenService:
    """Return a service whose trail is beside its tokens."""
    service.trail = open_trail(str(store_path), origin=Origin("tokens"))
    return service


def story(service: TokenService) -> list[tuple[str, str, str | None]]:
    return [(e.action, e.outcome, e.name) for e in service.trail.newest()][::-1]


def test_every_change_is_written_down(traced: TokenService) -> None:
    made = traced.create("one", None).token
    saved = traced.confirm_saved(made.id)
    renamed = traced.rename(saved, "two")
    bound = traced.set_access(renamed, read_only=True, networks=())
    new = traced.rotate(bound, timedelta(hours=1)).token
    traced.now = lambda: NOW + timedelta(hours=2)
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
    assert len(list(traced.history(made))) == 6


def test_a_failure_is_written_down(traced: TokenService) -> None:
    traced.create("one", None)
    token = traced.look_up("one")
    with pytest.raises(NameTaken), mock.patch.object(TokenService, "check_new_name"):
        traced.create("one", None)
    assert story(traced)[1:] == [("create", "failed", "one")]
    assert token == traced.look_up("one")


def test_where_it_cannot_be_written_nothing_is_changed(
    traced: TokenService, store_path: Path
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
        with pytest.raises(TrailUnwritable, match="Nothing was changed"):
            change()
    assert store_path.read_bytes() == before


def test_a_change_that_fails_after_its_line_is_said_to_have_failed(
    traced: TokenService, store_path: Path
) -> None:
    with (
        mock.patch.object(files, "replace", side_effect=OSError(errno.ENOSPC, "No space left")),
        pytest.raises(StoreError),
    ):
        traced.create("one", None)
    assert story(traced) == [("create", "done", "one"), ("create", "failed", "one")]


def test_no_secret_is_in_it(traced: TokenService, store_path: Path) -> None:
    new = traced.create("one", None)
    traced.confirm_saved(new.token.id)
    written = store_path.with_name("audit.jsonl").read_text()
    assert new.secret.reveal()[14:] not in written
    assert str(new.token.hash) not in written


def test_without_a_trail_nothing_is_written(service: TokenService, store_path: Path) -> None:
    assert isinstance(service.trail, NoTrail)
    service.create("one", None)
    assert not store_path.with_name("audit.jsonl").exists()
