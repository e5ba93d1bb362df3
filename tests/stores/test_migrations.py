"""Older files are migrated by their first change; what is in them meanwhile can be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.opening import open_store
from tokentui import files
from tokentui.core.errors import StoreDamaged, StoreUnwritable
from tokentui.stores.file import migrations
from tokentui.stores.file.backups import BackupFiles

from .samples import ALL, after, names, token


def _from_format_1(tables: dict[str, Any]) -> None:
    for record in tables["tokens"].values():
        record["name"] = record.pop("label")


@pytest.fixture
def old(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Make a store as a version wrote it that called names labels; return its content."""
    store = open_store(str(store_path))
    for number in (1, 2):
        store.apply(added=[token(number)])
    tables = json.loads(store_path.read_text())
    for record in tables["tokens"].values():
        record["label"] = record.pop("name")
    tables["later"] = {"1": {"x": 1}}
    store_path.write_text(json.dumps(tables))
    monkeypatch.setattr(migrations, "FORMAT", 2)
    monkeypatch.setitem(migrations.STEPS, 1, _from_format_1)
    return store_path.read_bytes()


def test_reading_an_older_file_leaves_it_as_it_is(old: bytes, store_path: Path) -> None:
    store = open_store(str(store_path))
    assert names(store, ALL) == ["t1", "t2"]
    assert store.warnings() == []
    assert store_path.read_bytes() == old


def test_its_first_change_migrates_it_once_it_is_copied(old: bytes, store_path: Path) -> None:
    store = open_store(str(store_path))
    store.apply(replaced=[after(token(1), name="other")])
    for each in (store, open_store(str(store_path))):
        assert names(each, ALL) == ["other", "t2"]
    tables = json.loads(store_path.read_text())
    assert tables["tokentui"]["1"]["format"] == 2
    assert tables["later"] == {"1": {"x": 1}}
    [copy] = [copy for copy in BackupFiles(store).listed() if copy.reason == "migration"]
    assert (store_path.parent / "backups" / copy.name).read_bytes() == old
    store.apply(added=[token(3)])
    assert len([copy for copy in BackupFiles(store).listed() if copy.reason == "migration"]) == 1


def test_without_a_copy_it_is_not_migrated(
    old: bytes, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "copy", refuse)
    store = open_store(str(store_path))
    for _ in range(2):
        with pytest.raises(StoreUnwritable, match="Nothing was changed"):
            store.apply(added=[token(3)])
    assert store_path.read_bytes() == old


def test_a_backup_of_an_older_format_can_be_read(old: bytes, store_path: Path) -> None:
    store = open_store(str(store_path))
    store.apply(added=[token(3)])
    [copy] = [copy for copy in BackupFiles(store).listed() if copy.reason == "migration"]
    assert names(BackupFiles(store).open(copy.name), ALL) == ["t1", "t2"]


def test_a_format_that_never_was_is_no_store_of_ours(old: bytes, store_path: Path) -> None:
    store_path.write_text(store_path.read_text().replace('"format": 1', '"format": 0'))
    with pytest.raises(StoreDamaged, match="not a tokentui store"):
        open_store(str(store_path)).page(ALL)
