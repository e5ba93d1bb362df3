"""When tokens were last used: noted together, and no obstacle to anything else."""

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from tokentui import files
from tokentui.core.errors import StoreUnwritable
from tokentui.core.store import Usage, UsageStore
from tokentui.stores import open_usage

from ..conftest import NOW


@pytest.fixture
def usage(store_path: Path) -> UsageStore:
    return open_usage(str(store_path))


def test_uses_are_summed_and_written_together(usage: UsageStore, store_path: Path) -> None:
    usage.record("a", NOW, "192.0.2.1")
    usage.record("a", NOW + timedelta(seconds=1), "192.0.2.2")
    usage.record("b", NOW)
    assert not store_path.parent.exists()
    usage.flush()
    later = NOW + timedelta(seconds=1)
    assert usage.of("a") == Usage(last_used_at=later, count=2, address="192.0.2.2")
    assert usage.of("b") == Usage(last_used_at=NOW, count=1)
    assert usage.of("c") is None
    assert not store_path.exists()


def test_nothing_noted_writes_nothing(usage: UsageStore, store_path: Path) -> None:
    usage.flush()
    assert not store_path.parent.exists()


def test_a_file_that_others_read_is_warned_about(usage: UsageStore, store_path: Path) -> None:
    usage.record("a", NOW)
    usage.flush()
    assert usage.warnings() == []
    store_path.with_name("usage.json").chmod(0o644)
    assert "chmod 600" in usage.warnings()[0]


def test_a_use_while_others_are_written_is_not_lost(
    usage: UsageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Thread(target=usage.record, args=["a", NOW])

    def replace(path: Path, content: bytes) -> None:
        late.start()
        late.join(0.3)
        write(path, content)

    write = files.replace
    usage.record("a", NOW)
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", replace)
        usage.flush()
    late.join()
    usage.flush()
    assert usage.of("a") == Usage(last_used_at=NOW, count=2)


def test_two_writers_lose_no_use(usage: UsageStore, store_path: Path) -> None:
    other = open_usage(str(store_path))
    for writer in (usage, other, usage):
        writer.record("a", NOW)
        writer.flush()
    noted = other.of("a")
    assert noted is not None
    assert noted.count == 3


def test_an_earlier_use_that_comes_later_is_counted_alone(usage: UsageStore) -> None:
    usage.record("a", NOW)
    usage.flush()
    usage.record("a", NOW - timedelta(days=1), "192.0.2.1")
    usage.flush()
    assert usage.of("a") == Usage(last_used_at=NOW, count=2)


def test_what_could_not_be_written_is_kept(
    usage: UsageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    usage.record("a", NOW)
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        with pytest.raises(StoreUnwritable):
            usage.flush()
    assert usage.of("a") is None
    usage.flush()
    assert usage.of("a") == Usage(last_used_at=NOW)


def test_a_damaged_note_is_no_obstacle_to_the_next(usage: UsageStore, store_path: Path) -> None:
    usage.record("a", NOW)
    usage.flush()
    path = store_path.with_name("usage.json")
    path.write_text(path.read_text().replace('"count":1', '"count":"x"'))
    assert usage.of("a") is None
    usage.record("a", NOW)
    usage.flush()
    assert usage.of("a") == Usage(last_used_at=NOW)


@pytest.mark.parametrize(
    "content", ["", "{", '{"tokentui": {"1": {"format": 1}}, "usage": {"a": {"count": "x"}}}']
)
def test_damage_hides_only_the_uses(usage: UsageStore, store_path: Path, content: str) -> None:
    usage.record("a", NOW)
    usage.flush()
    store_path.with_name("usage.json").write_text(content)
    assert usage.of("a") is None
    if not content.endswith("}"):
        assert "last used is not known" in usage.warnings()[0]
