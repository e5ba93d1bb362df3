"""Loading the list of tokens, and the row that a key is for while another one is on its way."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from textual.widget import Widget

from tokentui.core.cancel import Cancel
from tokentui.core.errors import StoreUnavailable, TokentuiError
from tokentui.core.queries import TokenQueries
from tokentui.core.query import WINDOW, Count, TokenRow
from tokentui.core.search_language import InvalidSearch
from tokentui.core.summary import Summary
from tokentui.ui import listing as listings
from tokentui.ui.entries import TRY_AGAIN
from tokentui.ui.first_look import FirstLook
from tokentui.ui.flow import start_worker
from tokentui.ui.listing import Listing, Wanted, with_total
from tokentui.ui.selection import Selection
from tokentui.ui.session import Session
from tokentui.ui.token_list_model import TokenListModel
from tokentui.ui.widgets.token_table import TokenTable

PRESS_AGAIN = "Press the key again: its row was not there yet, and you moved on."


class ListLoader:
    """Reads for `browser` what `model` asks for; the cursor of `table` moves meanwhile.

    `show` is called with each listing, and the ID of the token that the cursor goes to,
    `show_total` once the tokens of a large result are counted, and `show_summary` with how many
    there are of each status; `warn` with the reason why there is no listing, or nothing where the
    state of the session says so; `asked` before anything is read.
    """

    def __init__(
        self,
        browser: Widget,
        queries: TokenQueries,
        model: TokenListModel,
        selection: Selection,
        table: TokenTable,
        *,
        show: Callable[[Listing, str | None], None],
        show_total: Callable[[Count], None],
        show_summary: Callable[[Summary], None],
        warn: Callable[[str], None],
        asked: Callable[[], None],
    ) -> None:
        self._browser = browser
        self._queries = queries
        self._model = model
        self._selection = selection
        self._table = table
        self._show = show
        self._show_total = show_total
        self._show_summary = show_summary
        self._warn = warn
        self._on_asked = asked
        self._shown = Wanted()
        """What is on the screen."""
        self._asked: Wanted | None = None
        """What was asked for, and is not there yet."""
        self._first_look: Future[FirstLook] | None = None
        """What is still being read ahead, until anything else is asked for."""
        self._outdated = False
        """Whether a change was made here that is not on the screen yet."""
        self._arrived = asyncio.Event()
        """Set while nothing is asked for."""
        self.selecting = asyncio.Lock()
        """Held by the keys that wait to select tokens, one after the other."""

    def start(self, first_look: Future[FirstLook] | None) -> None:
        """Show what was read ahead, if it was, or load the list once that is there."""
        wanted = self._model.wanted()
        if first_look is None or (first_look.done() and first_look.exception() is not None):
            self.load()
        elif not first_look.done():
            self._ask(wanted, lambda _: first_look.result().listing)
            self._first_look = first_look
        else:
            found = first_look.result()
            Session.of(self._browser).answered()
            self._take(wanted, found.listing, None)
            if found.summary is None:
                self._follow_up("summary", partial(self._summarise, wanted))
            else:
                self._show_summary(found.summary)
            self._arrived.set()

    def reload(self) -> None:
        """Ask the store again; the cursor stays on its token, or goes where it is to go."""
        if self._asked is not None:
            self._load(self._asked.offset, follow=self._asked.around)
        else:
            self._load(self._table.window_start, follow=self._table.token_id)

    def load(self, *, follow: str | None = None) -> None:
        """Load the list from its start, or around the token with the ID `follow`."""
        self._load(0, follow=follow)

    def load_around(self, index: int) -> None:
        """Load the rows around one of them, by its number."""
        self._load(max(0, index - WINDOW // 2), follow=None)

    def load_missing(self, index: int) -> None:
        """Load the rows around one that is missing, if it still is.

        Every row that is missing asks; the first one's window has the others, or some of them.
        """
        if self._table.at(index) is None and self._asked is None:
            self.load_around(index)

    def prepare_search(self) -> None:
        """Make ready what the first letter of a search needs, while the person begins to type."""
        prepare = Session.of(self._browser).prepare
        work = partial(prepare, self._queries.prepare_search, (self, "prepare"))
        self._follow_up("prepare", work)

    def outdate(self) -> None:
        """Let keys that are for a row wait for the next load: a change was made here.

        With the row as it was before, what they do would be refused.
        """
        self._outdated = True

    def follow(self, token_id: str) -> None:
        """Load the rows that are shown again; the cursor goes to a token."""
        self._load(self._table.window_start, follow=token_id)

    def _load(self, offset: int, *, follow: str | None) -> None:
        if self._first_look is not None:
            self._first_look.cancel()
            self._first_look = None
        wanted = self._model.wanted(offset, around=follow, selected=self._selection.ids)
        self._ask(wanted, partial(listings.load, self._queries, wanted))

    def _ask(self, wanted: Wanted, load: Callable[[Cancel], Listing]) -> None:
        self._on_asked()
        self._asked = wanted
        self._arrived.clear()
        read = partial(self._read, wanted, load, self._table.token_id)
        start_worker(self._browser, read, group="load", exclusive=True)

    async def _read(
        self, wanted: Wanted, load: Callable[[Cancel], Listing], held: str | None
    ) -> None:
        """Show what is wanted once it is there: the newest wish wins. `held` is under the cursor.

        Until then, the cursor moves among the rows that are there.
        """
        try:
            listing = await Session.of(self._browser).read(self._browser, load)
        except StoreUnavailable:
            self._asked = None
            self._warn("")
        except InvalidSearch as error:  # until more of it is typed
            self._asked = None
            self._warn(str(error))
        except TokentuiError as error:
            self._asked = None
            self._warn(f"{error} The list may be outdated.")
            self._browser.set_timer(TRY_AGAIN, self.reload)
        else:
            self._asked = None
            before = self._shown
            self._take(wanted, listing, held)
            if wanted.text == before.text:  # who types changes no count
                self._follow_up("summary", partial(self._summarise, wanted))
        if self._asked is None:  # the row under the cursor may be in another window
            self._arrived.set()

    def _take(self, wanted: Wanted, listing: Listing, held: str | None) -> None:
        self._selection.follow(wanted.selected - listing.selected, listing.hidden)
        self._outdated = False
        before, self._shown = self._shown, wanted
        known = self._table.total if wanted.question == before.question else Count(0)
        follow = wanted.around if self._table.token_id == held else self._table.token_id
        if wanted.text != before.text:
            follow = listing.exact_hit or follow
        self._show(with_total(listing, known), follow)
        if not listing.page.total.exact:
            self._follow_up("count", partial(self._count, wanted, listing))

    def _follow_up(self, group: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        start_worker(self._browser, work, group=group, exclusive=True)

    async def _summarise(self, wanted: Wanted) -> None:
        """Show how many tokens there are of each status; nobody waits for that."""
        ask = partial(self._queries.summary, wanted.account)
        with suppress(TokentuiError):  # the next load says so
            self._show_summary(await Session.of(self._browser).look(ask, (self, "summary")))

    async def _count(self, wanted: Wanted, listing: Listing) -> None:
        """Show how many tokens there are, once they are counted; nobody waits for that."""
        count = partial(self._queries.count, listing.query)
        with suppress(TokentuiError):  # the next load says so
            total = Count(await Session.of(self._browser).look(count, (self, "count")))
            if self._shown is wanted:
                self._show_total(total)

    # -- the row that is meant ------------------------------------------------------------------

    @property
    def is_on_its_way(self) -> bool:
        """Whether another row will be under the cursor than the one that is there, if one is."""
        asked, shown = self._asked, self._shown
        return asked is not None and (
            self._outdated
            or self._table.token_id is None
            or asked.around not in (None, self._table.token_id)
            or asked.question != shown.question
        )

    async def meant(self) -> TokenRow | None:
        """Return the row that a key is for, once it is there; None where there is none.

        Where the person went on meanwhile, the key is for nothing, and a message says so.
        """
        async with self.selecting:  # what was selected before the key counts
            pass
        before = self._table.moves, self._model.wanted()
        while self.is_on_its_way:
            await self._arrived.wait()
        if (self._table.moves, self._model.wanted()) != before:
            self._browser.notify(PRESS_AGAIN)
            return None
        return self._table.row

    # -- the tokens that are meant --------------------------------------------------------------

    async def ids_shown(self) -> list[str]:
        """Return the IDs of all tokens that the list has, in its order; none where that fails."""
        ids = partial(listings.ids, self._queries, self._model.wanted())
        try:
            return await Session.of(self._browser).read((self._browser, "ids"), ids)
        except TokentuiError as error:
            self._warn(str(error))
            return []

    async def chosen(self) -> Sequence[TokenRow]:
        """Return the selected tokens of the list as they are now, or the one under the cursor.

        Raises `TokentuiError`.
        """
        row = await self.meant()
        if self._selection:
            wanted = self._model.wanted(selected=self._selection.ids)
            read = partial(listings.selected, self._queries, wanted)
            key = self._browser, "selected"
            if rows := await Session.of(self._browser).read(key, lambda _: read()):
                return rows
        return [] if row is None else [row]
