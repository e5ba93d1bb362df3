"""The idempotency keys that a file keeps: those of the last changes, and of the last hour."""

from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest

from tokentui.core.token import Token
from tokentui.stores.file import kept_keys
from tokentui.stores.file.durable import DurableJSON

_START = 1_800_000_000


@pytest.fixture
def file(tmp_path: Path) -> DurableJSON:
    return DurableJSON(tmp_path / "tokens.json", "tokens", Token)


def change(file: DurableJSON, key: str, seconds: float) -> None:
    """Make a change under a key, so many seconds after the start."""
    with (
        mock.patch.object(kept_keys, "KEPT", 3),
        mock.patch("time.time", return_value=_START + seconds),
        file.lock(),
        file.change(key=key),
    ):
        pass


def lacks(file: DurableJSON, key: str, seconds: float) -> bool:
    at = datetime.fromtimestamp(_START + seconds, UTC)
    with mock.patch.object(kept_keys, "KEPT", 3):
        return file.surely_lacks(key, at)


def test_those_of_the_last_hour_are_kept_however_many(file: DurableJSON) -> None:
    for number in range(5):
        change(file, f"key-{number}", number)
    assert list(file.keys) == [f"key-{number}" for number in range(5)]


def test_those_of_the_last_changes_are_kept_however_old(file: DurableJSON) -> None:
    for number in range(5):
        change(file, f"key-{number}", number * 3601)
    assert list(file.keys) == ["key-2", "key-3", "key-4"]
    assert list(DurableJSON(file.path, "tokens", Token).keys) == list(file.keys)


def test_a_change_is_surely_lacking_where_its_key_would_be_kept(file: DurableJSON) -> None:
    assert lacks(file, "other", 0)
    for number in range(2, 5):
        change(file, f"key-{number}", number * 3601)
    assert not lacks(file, "key-3", 3 * 3601)
    assert lacks(file, "other", 3 * 3601)
    assert not lacks(file, "other", 3601), "its key may have been dropped"


def test_a_table_of_somebody_else_holds_no_keys(file: DurableJSON) -> None:
    change(file, "key", 0)
    file.path.write_bytes(file.path.read_bytes().replace(b'{"key":1800000000}', b'["x"]'))
    again = DurableJSON(file.path, "tokens", Token)
    assert again.keys == {}
    change(again, "other", 1)
    assert list(again.keys) == ["other"]
