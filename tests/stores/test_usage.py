"""When tokens were last used: noted together, and no obstacle to anything else."""

import gc
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any
from weakref import ref

import pytest

from tests.opening import open_store, open_usage, used
from tokentui import files
from tokentui.core.errors import StoreUnconfirmed, StoreUnwritable
from tokentui.core.query import Count
from tokentui.core.text import printable
from tokentui.core.usage import Usage, UsageLog
from tokentui.stores.file.usage import UsageFile
from tokentui.stores.use_buffer import UseBuffer

from ..conftest import NOW, folders_that_do_not_sync


@pytest.fixture
def usage(store_path: Path) -> UsageLog:
    return open_usage(str(store_path))


def test_uses_are_summed_and_written_together(usage: UsageLog, store_path: Path) -> None:
    usage.record("a", NOW, "192.0.2.1")
    usage.record("a", NOW + timedelta(seconds=1), "192.0.2.2")
    usage.record("b", NOW)
    assert not store_path.parent.exists()
    usage.flush()
    later = NOW + timedelta(seconds=1)
    assert used(usage, "a") == Usage(last_used_at=later, count=2, address="192.0.2.2")
    assert used(usage, "b") == Usage(last_used_at=NOW, count=1)
    assert used(usage, "c") is None
    assert not store_path.exists()


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is true, which other threads make so."""
    for _ in range(6000):
        if true():
            return
        Event().wait(0.01)
    pytest.fail("it never became true")


def test_uses_of_one_interval_are_written_together_by_themselves(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[Path] = []
    write, over = files.replace, Event()

    def replace(path: Path, content: bytes, **more: Any) -> None:
        write(path, content, **more)
        writes.append(path)

    class Interval(Timer):
        """Is over when the test says so."""

        def run(self) -> None:
            assert over.wait(60)
            super().run()

    monkeypatch.setattr(files, "replace", replace)
    monkeypatch.setattr("tokentui.stores.use_buffer.Timer", Interval)
    usage = UsageFile(store_path.with_name("usage.json"), interval=0.01)
    for burst in (1, 2):
        over.clear()
        for _ in range(100):
            usage.record("a", NOW)
        over.set()
        eventually(lambda: len(writes) == burst)  # noqa: B023 - it is called within the turn
        assert used(usage, "a") == Usage(last_used_at=NOW, count=100 * burst)


def test_what_was_not_written_is_written_at_the_end(store_path: Path) -> None:
    program = (
        "import sys; from tests.opening import open_usage;"
        "from datetime import UTC, datetime;"
        "open_usage(sys.argv[1]).record('a', datetime(2026, 11, 24, 20, 15, tzinfo=UTC))"
    )
    subprocess.run([sys.executable, "-c", program, str(store_path)], check=True, timeout=60)
    assert used(open_usage(str(store_path)), "a") == Usage(last_used_at=NOW)


_AT_THE_END = """
import sys, time
from datetime import UTC, datetime
from threading import Event
from tokentui import files
from tokentui.stores.file.usage import UsageFile
from tokentui.stores.use_buffer import UseBuffer
from pathlib import Path
begun, tries, write = Event(), [], files.replace
def slow_or_full(*arguments, **more):
    tries.append(1)
    begun.set()
    if sys.argv[2] == "slow":
        time.sleep(0.3)
    elif len(tries) == 1:
        raise OSError(28, "No space left on device")
    write(*arguments, **more)
files.replace = slow_or_full
usage = UsageFile(Path(sys.argv[1]).with_name("usage.json"), interval=0.01)
usage.record("a", datetime(2026, 11, 24, 20, 15, tzinfo=UTC))
assert begun.wait(60)
"""


@pytest.mark.parametrize("trouble", ["slow", "full"])
def test_the_end_waits_for_what_is_being_written_and_tries_again(
    store_path: Path, trouble: str
) -> None:
    program = [sys.executable, "-c", _AT_THE_END, str(store_path), trouble]
    subprocess.run(program, check=True, timeout=60)
    assert used(open_usage(str(store_path)), "a") == Usage(last_used_at=NOW)
    assert not files.temporary_of(store_path.with_name("usage.json")).exists()


def test_a_request_waits_for_no_disk(usage: UsageLog, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, go_on = Event(), Event()
    write = files.replace

    def slow(path: Path, content: bytes, **more: Any) -> None:
        writing.set()
        assert go_on.wait(60)
        write(path, content, **more)

    monkeypatch.setattr(files, "replace", slow)
    usage.record("a", NOW)
    writer = Thread(target=usage.flush)
    writer.start()
    assert writing.wait(60)
    request = Thread(target=usage.record, args=["a", NOW])
    request.start()
    request.join(10)
    waited = request.is_alive()
    go_on.set()
    writer.join()
    assert not waited
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW, count=2)


def test_what_a_timer_could_not_write_waits_for_the_next(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Event()

    def full(*_: object, **__: object) -> None:
        tried.set()
        raise OSError(28, "No space left on device")

    usage = UsageFile(store_path.with_name("usage.json"), interval=0.01)
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        usage.record("a", NOW)
        assert tried.wait(60)
    usage.record("a", NOW)
    eventually(lambda: used(usage, "a") == Usage(last_used_at=NOW, count=2))


def test_what_may_not_last_is_not_counted_twice(usage: UsageLog) -> None:
    usage.record("a", NOW)
    usage.flush()
    usage.record("a", NOW)
    with folders_that_do_not_sync(), pytest.raises(StoreUnconfirmed):
        usage.flush()
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW, count=2)


def test_a_file_that_was_removed_is_begun_anew(usage: UsageLog, store_path: Path) -> None:
    for _ in range(2):
        usage.record("a", NOW)
        usage.flush()
        assert used(usage, "a") == Usage(last_used_at=NOW)
        store_path.with_name("usage.json").unlink()
        assert used(usage, "a") is None


def test_it_lies_beside_the_store_not_beside_a_link_to_it(store_path: Path, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(store_path)
    usage = open_usage(str(tmp_path / "link.json"))
    usage.record("a", NOW)
    usage.flush()
    assert store_path.with_name("usage.json").exists()


def test_it_may_lie_elsewhere(store_path: Path, tmp_path: Path) -> None:
    usage = open_usage(str(store_path), usage=str(tmp_path / "notes.json"))
    usage.record("a", NOW)
    usage.flush()
    assert (tmp_path / "notes.json").exists()
    assert not store_path.parent.exists()


def test_what_is_written_is_not_kept_in_memory(store_path: Path) -> None:
    usage = open_usage(str(store_path))
    usage.record("a", NOW)
    usage.flush()
    kept = ref(usage)
    del usage
    gc.collect()
    assert kept() is None


def test_nothing_noted_writes_nothing(usage: UsageLog, store_path: Path) -> None:
    usage.flush()
    assert not store_path.parent.exists()


def test_a_file_that_others_read_is_warned_about(usage: UsageLog, store_path: Path) -> None:
    usage.record("a", NOW)
    usage.flush()
    assert usage.warnings() == []
    store_path.with_name("usage.json").chmod(0o644)
    assert "chmod 600" in usage.warnings()[0]


def test_a_use_while_others_are_written_is_not_lost(
    usage: UsageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Thread(target=usage.record, args=["a", NOW])

    def replace(path: Path, content: bytes, **more: Any) -> None:
        late.start()
        late.join(0.3)
        write(path, content, **more)

    write = files.replace
    usage.record("a", NOW)
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", replace)
        usage.flush()
    late.join()
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW, count=2)


def test_two_writers_lose_no_use(usage: UsageLog, store_path: Path) -> None:
    other = open_usage(str(store_path))
    for writer in (usage, other, usage):
        writer.record("a", NOW)
        writer.flush()
    noted = used(other, "a")
    assert noted is not None
    assert noted.count == 3


def test_an_earlier_use_that_comes_later_is_counted_alone(usage: UsageLog) -> None:
    usage.record("a", NOW)
    usage.flush()
    usage.record("a", NOW - timedelta(days=1), "192.0.2.1")
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW, count=2)


def test_what_could_not_be_written_is_kept(
    usage: UsageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    usage.record("a", NOW)
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        with pytest.raises(StoreUnwritable):
            usage.flush()
    assert used(usage, "a") is None
    assert usage.warnings()[0].startswith("Last uses are not recorded. ")
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW)
    assert usage.warnings() == []


def test_what_could_not_be_written_is_added_to_what_came_meanwhile() -> None:
    written: list[dict[str, Usage]] = []

    def write(uses: Mapping[str, Usage]) -> None:
        written.append(dict(uses))
        if len(written) == 1:
            for token_id, address in (("a", "192.0.2.2"), ("b", None)):
                buffer.record(token_id, NOW, address)
            raise StoreUnwritable("It is full.")

    buffer = UseBuffer(write, interval=3600)
    buffer.record("a", NOW, "192.0.2.1")
    with pytest.raises(StoreUnwritable):
        buffer.flush()
    buffer.record("a", NOW - timedelta(seconds=1), "192.0.2.3")
    buffer.flush()
    assert written == [
        {"a": Usage(last_used_at=NOW, address="192.0.2.1")},
        {
            "a": Usage(last_used_at=NOW, count=3, address="192.0.2.2"),
            "b": Usage(last_used_at=NOW),
        },
    ]


def test_a_damaged_note_is_no_obstacle_to_the_next(usage: UsageLog, store_path: Path) -> None:
    usage.record("a", NOW)
    usage.flush()
    path = store_path.with_name("usage.json")
    path.write_text(path.read_text().replace('"count":1', '"count":"x"'))
    assert used(usage, "a") is None
    usage.record("a", NOW)
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW)


@pytest.mark.parametrize(
    "content", ["", "{", '{"tokentui": {"1": {"format": 1}}, "usage": {"a": {"count": "x"}}}']
)
def test_damage_hides_only_the_uses(usage: UsageLog, store_path: Path, content: str) -> None:
    usage.record("a", NOW)
    usage.flush()
    store_path.with_name("usage.json").write_text(content)
    assert used(usage, "a") is None
    if not content.endswith("}"):
        assert "Last uses are not known" in usage.warnings()[0]


@pytest.mark.parametrize(
    "note",
    [
        {"count": -5},
        {"count": 0},
        {"count": 10**30},
        {"address": "x" * 100_000},
        {"last_used_at": "2026-11-24T20:15:00"},
    ],
)
def test_a_note_that_nobody_would_write_counts_as_none(
    usage: UsageLog, store_path: Path, note: dict[str, object]
) -> None:
    usage.record("a", NOW)
    usage.record("b", NOW)
    usage.flush()
    path = store_path.with_name("usage.json")
    tables = json.loads(path.read_text())
    tables["usage"]["a"] |= note
    path.write_text(json.dumps(tables))
    assert used(usage, "a") is None
    assert list(usage.get_many(["a", "b", "c"])) == ["b"]


def test_an_address_is_kept_however_it_is_written_out(usage: UsageLog) -> None:
    address = printable("\U000e0001" * 64)
    usage.record("a", NOW, address)
    usage.flush()
    assert used(usage, "a") == Usage(last_used_at=NOW, address=address)


def test_a_link_that_goes_in_a_circle_hides_only_the_uses(tmp_path: Path, store_path: Path) -> None:
    circle = tmp_path / "usage.json"
    circle.symlink_to(circle)
    usage = open_usage(str(store_path), usage=str(circle))
    assert used(usage, "a") is None
    assert "Last uses are not known" in usage.warnings()[0]


def test_a_summary_does_without_uses_that_cannot_be_read(store_path: Path) -> None:
    store_path.with_name("usage.json").parent.mkdir(parents=True, exist_ok=True)
    store_path.with_name("usage.json").write_text("{")
    found = open_store(str(store_path)).summary(NOW)
    assert (found.all, found.never_used) == (Count(0), None)
