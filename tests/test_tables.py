"""Tables of commands: aligned, and written while the rows come."""

import sys
from collections.abc import Iterator, Sequence

import pytest

from tokentui.cli.tables import column_widths, write_table
from tokentui.core import batches

Row = tuple[str, ...]


@pytest.fixture(autouse=True)
def two_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIZE", 2)


def _written(capsys: pytest.CaptureFixture[str], rows: Sequence[Row], widths: Sequence[int]) -> str:
    write_table(iter(rows), widths)
    return capsys.readouterr().out


def test_columns_are_aligned_whatever_comes_late(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("NAME", "STATUS"), ("a", ""), ("日本", "old"), ("b%s", "active"), ("longest", "")]
    assert _written(capsys, rows, column_widths(iter(rows))) == (
        "NAME     STATUS\na\n日本     old\nb%s      active\nlongest\n"
    )


def test_without_widths_a_column_becomes_wider_on_the_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [("NAME", "STATUS"), ("a", "x"), ("longest", "x"), ("b", "x"), ("c", "x")]
    assert _written(capsys, rows, ()) == (
        "NAME  STATUS\na     x\nlongest  x\nb        x\nc        x\n"
    )


def test_no_rows_have_no_widths_and_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert column_widths([]) == ()
    assert _written(capsys, [], ()) == ""


def test_a_row_is_forgotten_once_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    written: list[int] = []

    def rows() -> Iterator[Row]:
        for number in range(9):
            taken.append(number)
            yield str(number), ""

    monkeypatch.setattr(sys.stdout, "flush", lambda: written.append(len(taken)))
    write_table(rows())
    assert written[0] == 2
    assert written[-1] == 9
