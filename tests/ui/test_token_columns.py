"""Which columns have room, and how names are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tokentui.core.commands import TokenCommands
from tokentui.core.query import Sort, TokenRow
from tokentui.core.token import NAME_LIMIT
from tokentui.ui.widgets.token_columns import GAP, GUTTER, Layout, columns, cut_apart
from tokentui.ui.widgets.token_details import fold
from tokentui.ui.widgets.token_row import row_text

names = st.text("ab-", min_size=1, max_size=NAME_LIMIT)
ids = st.text("0123456789", min_size=10, max_size=10)


def titles(width: int, longest: int, **kind: bool) -> list[str]:
    return [column.title for column in columns(width, longest, **kind)]


def test_a_name_of_36_characters_is_whole_at_80_columns_also_beside_a_scroll_bar() -> None:
    for width in (79, 80):
        assert columns(width, 36)[0].width >= 36
        assert titles(width, 36) == ["Name", "Expires", "Last used", "Status"]


@pytest.mark.parametrize("width", [118, 120, 200])
def test_a_name_of_50_characters_is_whole_at_120_columns(width: int) -> None:
    assert columns(width, 50)[0].width == 50
    assert titles(width, 50)[-1] == "Status"


def test_columns_come_while_there_is_room() -> None:
    assert titles(40, 20) == ["Name", "Ends"]
    assert titles(60, 41) == ["Name", "Expires"]
    assert titles(60, 20) == ["Name", "Expires", "Status"]
    assert titles(80, 20) == ["Name", "Created", "Expires", "Last used", "Status"]
    assert titles(200, 50) == [
        "Name",
        "Created",
        "Expires",
        "On",
        "Last used",
        "Address",
        "Access",
        "Status",
    ]


def test_the_arrow_is_there_in_narrow_columns_too() -> None:
    for width, sort in ((80, Sort.USED), (80, Sort.EXPIRES), (44, Sort.EXPIRES), (80, Sort.STATUS)):
        layout = Layout(width, {"0": "a" * 20})
        assert "▼" in layout.titles(sort, descending=True)
        assert "…" not in layout.titles(sort, descending=True)
    assert "Last used▼ Status" in Layout(80).titles(Sort.USED, descending=True)


def test_the_owner_stays() -> None:
    assert titles(60, 50, accounts=True) == ["Name", "Owner", "Expires"]
    assert titles(80, 50, accounts=True) == ["Name", "Owner", "Expires", "Status"]


def test_of_revoked_tokens_it_stays_when_that_was() -> None:
    assert titles(40, 50, history=True) == ["Name", "Revoked"]
    assert titles(80, 30, history=True) == ["Name", "Created", "Revoked", "By"]


@given(st.integers(30, 250), st.integers(0, 60), st.booleans(), st.booleans())
def test_columns_fill_no_more_than_there_is(
    width: int, longest: int, history: bool, accounts: bool
) -> None:
    shown = columns(width, longest, history=history, accounts=accounts)
    assert GUTTER + sum(column.width for column in shown) + GAP * (len(shown) - 1) < width


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_title_is_clicked_where_it_stands(width: int) -> None:
    layout = Layout(width, {"1": "deploy"})
    assert {layout.sort_at(x) for x in range(width)} == {None, *layout.sorts}


def test_the_middle_of_a_name_goes() -> None:
    assert cut_apart({"1": "terraform-production-eu-west-00250"}, 28) == {
        "1": "terraform-prod…eu-west-00250"
    }
    assert cut_apart({"1": "short"}, 28) == {}


def test_a_cut_moves_to_where_names_differ() -> None:
    alike = {"1": "deploy-of-the-blue-shop-at-night", "2": "deploy-of-the-pink-shop-at-night"}
    shown = cut_apart(alike, 20)
    assert shown["1"] != shown["2"]
    assert "…" in shown["1"]


def test_names_that_differ_where_no_cut_shows_it_have_their_id() -> None:
    alike = {f"000000000{n}": "a" * 24 + str(n) + "b" * 24 for n in range(3)}
    shown = cut_apart(alike, 16)
    assert [text[-10:] for text in shown.values()] == list(alike)


@given(st.dictionaries(ids, names, max_size=8), st.integers(16, NAME_LIMIT))
def test_different_names_never_look_alike(given: dict[str, str], width: int) -> None:
    shown = {**given, **cut_apart(given, width)}
    assert all(cell_len(text) <= width for text in shown.values())
    for one, first in given.items():
        for other, second in given.items():
            assert first == second or shown[one] != shown[other]


def test_a_click_beside_the_columns_sorts_by_nothing() -> None:
    assert Layout(80).sort_at(0) is None
    assert Layout(80).sort_at(GUTTER) is Sort.NAME


@given(names, st.integers(4, 60))
def test_a_name_is_folded_whole(name: str, width: int) -> None:
    lines = fold(name, width)
    assert "".join(lines) == name
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("read_only", "networks", "word"),
    [
        (False, (), "full"),
        (False, ("192.0.2.0/24",), "limited"),
        (True, ("192.0.2.0/24",), "read-only"),
        (True, (), "read-only"),
    ],
)
def test_access_is_a_word_in_the_list(
    saved: TokenCommands, read_only: bool, networks: tuple[str, ...], word: str
) -> None:
    token = saved.create("probe", None, read_only=read_only, networks=networks).token
    assert row_text(saved.queries.display_context(), TokenRow(token, None)).access == word
