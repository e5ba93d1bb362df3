"""Guide: its topics, a page, and the sections that contain what is searched for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tokentui import guide
from tokentui.ui.textual_compat import Page
from tokentui.ui.widgets.guide_view import GuideView
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.screen_header import ScreenHeader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.style import Style
    from textual.app import ComposeResult

    from tokentui.guide.rendering import Link, RenderedPage


class _Place(NamedTuple):
    """Where a reader is: at a topic, in the results of a search (`words`), or in the index."""

    topic: str | None = None
    anchor: str = ""
    words: str | None = None
    line: int | None = None
    """The line to begin with, or None for that of the anchor."""
    link: int | None = None
    """The number of the link that is selected."""

    @property
    def is_search(self) -> bool:
        return self.topic is None and self.words is not None

    def text(self, first: str | None) -> str:
        """Return what is shown there; results of the page `first` come first."""
        if self.topic is not None:
            return guide.page(self.topic).text
        return guide.index() if self.words is None else guide.results(self.words, first)


class Guide(Page[None]):
    """Shows a page at a time; Esc goes back the way that one came."""

    CSS_PATH = "../forms.tcss"
    BINDING_GROUP_TITLE = "Guide"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="Follow the selected link", id="guide.open"),
        Binding("slash", "find", "Find", tooltip="Find words in all pages", id="guide.find"),
        Binding("n", "match(1)", "Next match", id="guide.next-match"),
        Binding("N", "match(-1)", "Previous match", show=False, id="guide.previous-match"),
        Binding("escape", "back", "Back", id="guide.back"),
        Binding("up,k", "up", "Up", show=False, id="guide.up"),
        Binding("down,j", "down", "Down", show=False, id="guide.down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="guide.page-up"),
        Binding("pagedown,ctrl+f,space", "page(1)", "Page down", show=False, id="guide.page-down"),
        Binding("home,g", "end(False)", "Top", show=False, id="guide.top"),
        Binding("end,G", "end(True)", "Bottom", show=False, id="guide.bottom"),
        Binding("tab", "link(1)", "Next link", show=False, id="app.next-field"),
        Binding("shift+tab", "link(-1)", "Previous link", show=False, id="app.previous-field"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(self, *, account: str, location: str) -> None:
        super().__init__()
        self._account = account
        self._location = location
        self._place = _Place()
        self._before: list[_Place] = []

    def compose(self) -> ComposeResult:
        yield ScreenHeader("Guide", account=self._account, location=self._location)
        yield Input(id="words", placeholder="Find in the guide", compact=True)
        yield GuideView()
        yield Static(id="said", markup=False)
        yield KeyFooter()

    @property
    def _view(self) -> GuideView:
        return self.query_one(GuideView)

    @property
    def _field(self) -> Input:
        return self.query_one("#words", Input)

    def on_mount(self) -> None:
        self._field.display = False
        self.set_focus(self._view)

    def on_resize(self) -> None:
        self._show(self._here)

    @property
    def _here(self) -> _Place:
        """Where the reader is, with what is in sight and selected."""
        return self._place._replace(line=self._view.line, link=self._view.selected)

    # -- where one is ---------------------------------------------------------------------------

    def _go(self, place: _Place) -> None:
        self._before.append(self._here)
        self._show(place)

    def _show(self, place: _Place) -> None:
        self._place = place
        if self._field.display != place.is_search:
            self._field.display = place.is_search
            self._field.value = place.words or ""
            self.set_focus(self._field if place.is_search else self._view)
        self.refresh_bindings()
        self._draw(place)

    @work(exclusive=True)
    async def _draw(self, place: _Place) -> None:
        view = self._view
        page = await asyncio.to_thread(self._rendered, place, view.text_width, view.page_styles())
        words = tuple((place.words or "").split())
        line = page.anchors.get(place.anchor, 0) if place.line is None else place.line
        view.show(page, words, line=line, selected=place.link)
        if place.topic is None and place.link is None:
            view.select_link(1)
        elif place.topic is not None and place.line is None:
            view.go_to_match(1)
        self._say(self._matches() if place.topic else "")

    def _rendered(self, place: _Place, width: int, styles: Mapping[str, Style]) -> RenderedPage:
        from tokentui.guide.rendering import render_page  # slow to load

        first = next((each.topic for each in reversed(self._before) if each.topic), None)
        return render_page(place.text(first), width, styles)

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Static)
        said.update(text)
        said.display = bool(text)

    def _matches(self) -> str:
        number, total = self._view.matches
        return f"Match {number} of {total}" if total else ""

    # -- what keys do ---------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the keys for matches where there are some."""
        if action == "match":
            return self._place.topic is not None and self._place.words is not None
        return super().check_action(action, parameters)

    def action_find(self) -> None:
        """Ask for words to find."""
        self._go(_Place(words=self._place.words or ""))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if self._place.is_search and event.value != self._place.words:
            self._show(_Place(words=event.value))

    @on(Input.Submitted)
    def action_open(self) -> None:
        """Follow the link that is selected."""
        if (link := self._view.link) is None:
            self._say("Tab selects a link; Enter opens it.")
        else:
            self._follow(link)

    @on(GuideView.LinkClicked)
    def _clicked(self, event: GuideView.LinkClicked) -> None:
        self._follow(event.link)

    def _follow(self, link: Link) -> None:
        name, _, anchor = link.target.partition("#")
        topic = name.removesuffix(".md") or self._place.topic
        if topic in guide.TOPICS:
            words = self._place.words if self._place.is_search else None
            self._go(_Place(topic, anchor, words))
        else:
            self._say(f"Not opened: {link.target}")

    def action_match(self, step: int) -> None:
        """Go to the next match, or the one before."""
        self._view.go_to_match(step)
        self._say(self._matches())

    def action_back(self) -> None:
        """Go back to where the reader was before, or leave."""
        if not self._before:
            self.dismiss()
        else:
            self._show(self._before.pop())

    def action_link(self, step: int) -> None:
        """Select the next link, or the one before."""
        self._view.select_link(step)
        link = self._view.link
        self._say(self._matches() if link is None or self._place.topic is None else link.target)

    def action_up(self) -> None:
        """Select the topic or result before; in a page, scroll up."""
        self._step(-1)

    def action_down(self) -> None:
        """Select the next topic or result; in a page, scroll down."""
        self._step(1)

    def _step(self, step: int) -> None:
        if self._place.topic is None:
            self._view.select_link(step)
        else:
            self._view.scroll_by(step)

    def action_page(self, pages: int) -> None:
        """Scroll by windows."""
        self._view.scroll_by_page(pages)

    def action_end(self, last: bool) -> None:
        """Go to the first line, or to the last one."""
        lines = self._view.virtual_size.height
        self._view.scroll_by(lines if last else -lines)
