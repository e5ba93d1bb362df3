"""The guide in the app: topics, pages, links, and finding words."""

import subprocess
import sys

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input

from tokentui import guide
from tokentui.core.commands import TokenCommands
from tokentui.ui.screens.guide import Guide
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.widgets.guide_view import GuideView

from .conftest import Run, arrive, said, until, write
from .test_commands import search
from .test_pictures import draw, picture, same_everywhere
from .test_sizes import seen

__all__ = ["picture", "same_everywhere"]

_LINKED = """\
# Rotation

A page for tests.

See [the list](app.md#keys), [below](#end) and [elsewhere](https://example.com/a_b).

```console
$ tokentui rotate NAME
```

{filler}

## End

The last word.

## Pelicans

A pelican.

## Other birds

No pelicans, but `gulls`.
"""


@pytest.fixture
def linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page on rotation be one with links of each kind."""
    text = _LINKED.format(filler="\n\n".join(f"Line {number}." for number in range(60)))
    page = guide.Page("rotation", "Rotation", "A page for tests.", text)
    real = guide.page
    monkeypatch.setattr(guide, "page", lambda topic: page if topic == "rotation" else real(topic))


def shows(pilot: Pilot[None], text: str) -> bool:
    return text in seen(pilot)


async def to_guide(pilot: Pilot[None]) -> None:
    await pilot.press("f1")
    await arrive(pilot, Help)
    await pilot.press("f2")
    await arrive(pilot, Guide)
    await until(pilot, lambda: view(pilot).link)


async def to_topic(pilot: Pilot[None], topic: str) -> None:
    await to_guide(pilot)
    await pilot.press(*["down"] * guide.TOPICS.index(topic), "enter")
    await until(pilot, lambda: shows(pilot, guide.page(topic).title))


async def find(pilot: Pilot[None], text: str) -> None:
    await pilot.press("slash")
    await write(pilot, text)


def view(pilot: Pilot[None]) -> GuideView:
    return pilot.app.screen.query_one(GuideView)


class TestTheWayThere:
    async def test_by_help_and_back_by_esc(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "commands")
            await pilot.press("escape")
            await until(pilot, lambda: shows(pilot, "statuses, keys and mouse"))
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    async def test_by_the_palette(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await search(pilot, "guide", "Guide")
            await pilot.press("enter")
            await arrive(pilot, Guide)

    async def test_help_over_the_guide_leads_back_to_it(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_guide(pilot)
            await pilot.press("f1")
            await arrive(pilot, Help)
            await pilot.press("f2")
            await arrive(pilot, Guide)
            await pilot.press("escape")
            await arrive(pilot, TokenList)

    def test_a_start_does_not_load_what_renders_pages(self) -> None:
        code = (
            "import sys, tokentui.cli, tokentui.ui.app, tokentui.ui.screens.guide\n"
            "[*tokentui.cli.main.commands.values()]\n"
            "sys.exit(' '.join({'rich.markdown', 'markdown_it', 'pygments'} & {*sys.modules}))"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert ended.stderr == b"\n"


class TestLinks:
    async def test_a_link_to_a_heading_of_another_page(
        self, linked: None, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            await pilot.press("tab", "enter")
            await until(pilot, lambda: shows(pilot, "Each key can be changed"))
            assert not shows(pilot, "Create a token")
            await pilot.press("escape")
            await until(pilot, lambda: shows(pilot, "A page for tests."))

    async def test_a_link_to_a_heading_of_the_page(
        self, linked: None, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            await pilot.press("tab", "tab", "enter")
            await until(pilot, lambda: shows(pilot, "The last word."))

    async def test_what_is_elsewhere_is_named_and_not_opened(
        self, linked: None, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            await pilot.press("shift+tab")
            assert said(pilot, "#said") == "https://example.com/a_b"
            await pilot.press("enter")
            assert said(pilot, "#said") == "Not opened: https://example.com/a_b"
            assert shows(pilot, "A page for tests.")

    async def test_a_click_follows(self, linked: None, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            top = view(pilot).region.y
            row = next(
                n for n, line in enumerate(seen(pilot).split("\n")) if "See the list" in line
            )
            column = seen(pilot).split("\n")[row].index("below")
            await pilot.click(GuideView, offset=(column, row - top))
            await until(pilot, lambda: shows(pilot, "The last word."))

    async def test_no_link_is_left_for_the_terminal(
        self, linked: None, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            lines = (view(pilot).render_line(y) for y in range(view(pilot).size.height))
            assert not any(part.style and part.style.link for line in lines for part in line)

    async def test_enter_without_a_link_says_what_to_do(
        self, linked: None, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            await pilot.press("enter")
            assert "Tab selects a link" in said(pilot, "#said")


class TestFinding:
    async def test_a_result_opens_where_the_words_are(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_guide(pilot)
            await find(pilot, "undo rotation")
            await until(pilot, lambda: shows(pilot, "Rotation: Undo a rotation"))
            await pilot.press("enter")
            await until(pilot, lambda: view(pilot).matches[0])
            assert shows(pilot, "Undo a rotation")
            number, total = view(pilot).matches
            assert said(pilot, "#said") == f"Match {number} of {total}"
            await pilot.press("n")
            assert view(pilot).matches == (number + 1, total)
            await pilot.press("N", "N")
            assert view(pilot).matches == (number - 1, total)
            await pilot.press("escape")
            await until(pilot, lambda: shows(pilot, "Rotation: Undo a rotation"))
            assert pilot.app.screen.query_one("#words", Input).value == "undo rotation"

    async def test_the_page_that_is_read_comes_first(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "uninstalling")
            await find(pilot, "tokentui")
            await until(pilot, lambda: (link := view(pilot).link) and "uninst" in link.target)

    async def test_the_next_result_is_chosen_while_one_types(
        self, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_guide(pilot)
            await find(pilot, "anchor")
            await until(pilot, lambda: shows(pilot, "Audit log: Hash chain"))
            first = view(pilot).link
            await pilot.press("down")
            assert view(pilot).link != first

    async def test_what_is_not_there_is_said(self, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_guide(pilot)
            await find(pilot, "n*thing_like_th*s")
            await until(pilot, lambda: shows(pilot, "The guide does not contain"))
            await pilot.press("escape")
            await until(pilot, lambda: shows(pilot, "statuses, keys and mouse"))
            assert pilot.app.screen.focused is view(pilot)


class TestMoving:
    async def test_keys_scroll_a_page(self, linked: None, saved: TokenCommands, run: Run) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            for keys, top in ((["down", "j"], 2), (["up", "k", "k"], 0), (["space"], 21)):
                await pilot.press(*keys)
                assert view(pilot).line == top
            await pilot.press("G")
            assert shows(pilot, "No pelicans")
            await pilot.press("g")
            assert view(pilot).line == 0

    async def test_another_size_keeps_the_place(
        self, linked: None, saved: TokenCommands, run: Run
    ) -> None:
        async with run(saved) as pilot:
            await to_topic(pilot, "rotation")
            await pilot.press("G")
            await pilot.resize_terminal(60, 20)
            await until(pilot, lambda: view(pilot).size.width == 60)
            await pilot.pause()
            assert view(pilot).line > 0


_SIZES = pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=["80x24", "40x12"])


@pytest.mark.usefixtures("unwatched", "same_everywhere")
class TestPictures:
    @_SIZES
    async def test_topics(
        self, saved: TokenCommands, run: Run, picture: SnapshotAssertion, size: tuple[int, int]
    ) -> None:
        async with run(saved, size) as pilot:
            await to_guide(pilot)
            assert await draw(pilot) == picture

    @_SIZES
    async def test_page(
        self,
        linked: None,
        saved: TokenCommands,
        run: Run,
        picture: SnapshotAssertion,
        size: tuple[int, int],
    ) -> None:
        async with run(saved, size) as pilot:
            await to_topic(pilot, "rotation")
            await pilot.press("tab")
            assert await draw(pilot) == picture

    @_SIZES
    async def test_finding(
        self,
        linked: None,
        saved: TokenCommands,
        run: Run,
        picture: SnapshotAssertion,
        size: tuple[int, int],
    ) -> None:
        async with run(saved, size) as pilot:
            await to_guide(pilot)
            await find(pilot, "pelican")
            await until(pilot, lambda: shows(pilot, "Rotation: Other birds"))
            assert await draw(pilot) == picture
