"""Changes of one token, in the order in which they are asked for, and the way back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

from textual.dom import DOMNode

from tokentui import formatting
from tokentui.core.commands import TokenCommands
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.session import Session
from tokentui.ui.undo import Change, UndoHistory
from tokentui.ui.widgets.token_form import Edits


class TokenEditor:
    """Changes `token` for `node`, as it was last seen, and knows what can be undone.

    Each method that changes it raises `TokentuiError` where that is not done. The next change is
    made to the token as it is after this one, whenever that is shown.
    """

    def __init__(self, node: DOMNode, service: TokenCommands, token: Token) -> None:
        self._node = node
        self._service = service
        self.token = token
        self.history = UndoHistory()
        self.under_way = asyncio.Lock()
        """Held by the change under way."""

    async def save(self, edits: Edits) -> AsyncIterator[str]:
        """Save one edit after the other; say of each what was done."""
        service, (name, note, access) = self._service, edits
        if name is not None:
            before = printable(self.token.name)
            await self._edit(lambda token: service.rename(token, name))
            yield f"Renamed {before} to {name}."
        if note is not None:
            await self._edit(lambda token: service.set_note(token, note))
            yield "Saved the note."
        if access is not None:
            await self._edit(lambda token: service.set_access(token, **access._asdict()))
            yield f"{printable(self.token.name)}: {formatting.access(access)}."

    async def _edit(self, verb: Callable[[Token], Token]) -> None:
        before = self.token
        await self._change(partial(verb, before))
        self.history.add(Change(before, self.token))

    async def undo(self) -> Change | None:
        """Undo the latest change; None where there is none."""
        change = self.history.take()
        if change is not None:
            await self._change(partial(change.undo, self._service))
        return change

    async def confirm_saved(self) -> None:
        """Note that somebody has the secret."""
        await self._change(partial(self._service.confirm_saved, self.token.id))

    async def revoke(self, token: Token) -> None:
        """Revoke the token, as it was when somebody was asked."""
        async with self.under_way:
            await Session.of(self._node).commit(partial(self._service.revoke, [token]))

    async def _change(self, verb: Callable[[], Token]) -> None:
        async with self.under_way:
            self.token = await Session.of(self._node).commit(verb)
