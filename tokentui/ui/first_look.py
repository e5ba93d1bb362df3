"""What the list shows first, read while the app itself is still being loaded."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tokentui.ui import listing as listings
from tokentui.ui.session_threads import Question, Reader
from tokentui.ui.token_list_model import wanted_at_start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from tokentui.core.backend import Versions
    from tokentui.core.cancel import Cancel
    from tokentui.core.queries import TokenQueries
    from tokentui.core.summary import Summary
    from tokentui.ui.listing import Listing
    from tokentui.ui.preferences import Preferences


class FirstLook(NamedTuple):
    """A listing with its counts, and the versions that the store had before it was read.

    Without `summary` where there is so much to count that the list would wait for it.
    """

    versions: Versions
    listing: Listing
    summary: Summary | None


class Ahead(NamedTuple):
    """The thread that reads for a session, and what it was asked before there was one."""

    reader: Reader
    first_look: Future[FirstLook]


@contextmanager
def read_ahead(
    queries: TokenQueries, preferences: Preferences, *, signed_in: bool = True
) -> Iterator[Ahead | None]:
    """Read what the list shows first, for whoever is `signed_in`, while the block loads the app.

    Nothing is read on where the block fails.
    """
    if not signed_in:
        yield None
        return
    reader = Reader()
    question = Question(partial(_look, queries, preferences))
    reader.ask(read_ahead, question)
    try:
        yield Ahead(reader, question.answer)
    except BaseException:
        reader.close()
        raise


def _look(queries: TokenQueries, preferences: Preferences, cancel: Cancel) -> FirstLook:
    versions = queries.backend.versions()  # before: what is changed meanwhile is read again
    listing = listings.load(queries, wanted_at_start(preferences), cancel)
    summary = queries.summary(cancel=cancel) if listing.page.total.exact else None
    return FirstLook(versions, listing, summary)
