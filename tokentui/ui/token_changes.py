"""Changes that are made from the list of tokens, in the order of their keys."""

import asyncio
from collections.abc import Sequence
from functools import partial

from textual.dom import DOMNode

from tokentui.core.access import Access
from tokentui.core.commands import TokenCommands
from tokentui.core.token import Token
from tokentui.ui.session import Session
from tokentui.ui.undo import Change, UndoHistory


class TokenChanges:
    """Makes changes for `node`, one after the other, and knows what can be undone."""

    def __init__(self, node: DOMNode, service: TokenCommands) -> None:
        self._node = node
        self._service = service
        self._under_way = asyncio.Lock()
        self.history = UndoHistory()

    async def revoke(self, tokens: Sequence[Token]) -> None:
        """Revoke tokens; raise `TokentuiError` where that is not done."""
        async with self._under_way:
            await Session.of(self._node).commit(partial(self._service.revoke, tokens))

    async def set_access(self, tokens: Sequence[Token], access: Access) -> None:
        """Give tokens the same access; raise `TokentuiError` where that is not done."""
        change = partial(self._service.change_access, tokens, **access._asdict())
        async with self._under_way:
            changed = await Session.of(self._node).commit(change)
            self.history.add(*map(Change, tokens, changed))

    async def undo(self) -> Change | None:
        """Undo the latest change that was not undone yet.

        Returns that change, or None where there is nothing to undo. Raises `TokentuiError`.
        """
        async with self._under_way:
            change = self.history.take()
            if change is not None:
                await Session.of(self._node).commit(partial(change.undo, self._service))
            return change
