"""Work in slices: nothing is another one by it, and no single step of it is long."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tokentui.core.cancel import NEVER, Cancel, Cancelled
from tokentui.stores.file import slices
from tokentui.stores.file.json_slices import encoded
from tokentui.stores.file.slices import sorted_in_slices

from .samples import token

TOKENS = {str(number): token(number, name=f"t{number}") for number in range(50)}


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SIZE", 3)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers()), max_size=60))
def test_sorting_is_stable(things: list[tuple[int, int]]) -> None:
    found = sorted_in_slices(things, lambda thing: thing[0], NEVER)
    assert list(found) == sorted(things, key=lambda thing: thing[0])


def test_sorting_can_be_cancelled_at_every_slice() -> None:
    class Counting(Cancel):
        looked = 0

        def check(self) -> None:
            self.looked += 1
            super().check()

    counting = Counting()
    sorted_in_slices(range(30)[::-1], lambda number: number, counting)
    assert counting.looked >= 10 + 9
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        sorted_in_slices(range(3), lambda number: number, cancel)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 50])
def test_what_is_encoded_in_slices_is_the_same(count: int) -> None:
    some = dict(list(TOKENS.items())[:count])
    tables = {"tokentui": {"1": {"format": 1}}, "tokens": some, "other": Raw(b'{"x":[1,2]}')}
    assert b"".join(encoded(tables, "tokens")) == msgspec.json.encode(tables)


def test_no_part_that_is_encoded_has_many_records() -> None:
    assert max(map(len, encoded({"tokens": TOKENS}, "tokens"))) < 4 * len(
        msgspec.json.encode(token(1))
    )
