"""Changes that are made from the list of tokens, in the order of their keys."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from textual.dom import DOMNode

from tokentui.core.access import Access
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import TokenChanged
from tokentui.core.token import Token
from tokentui.ui.session import Session


class Renaming(NamedTuple):
    """What `u` undoes: the token by its ID, the name that it had, and the one that it got."""

    token_id: str
    before: str
    after: str


class TokenChanges:
    """Makes changes for `node`, one after the other, and knows what can be undone."""

    def __init__(self, node: DOMNode, service: TokenCommands) -> None:
        self._node = node
        self._service = service
        self._under_way = asyncio.Lock()
        self._renamings: list[Renaming] = []

    async def revoke(self, tokens: Sequence[Token]) -> None:
        """Revoke tokens; raise `TokentuiError` where that is not done."""
        async with self._under_way:
            await Session.of(self._node).commit(partial(self._service.revoke, tokens))

    async def set_access(self, tokens: Sequence[Token], access: Access) -> None:
        """Give tokens the same access; raise `TokentuiError` where that is not done."""
        change = partial(self._service.change_access, tokens, **access._asdict())
        async with self._under_way:
            await Session.of(self._node).commit(change)

    def add_renamings(self, renamings: Sequence[Renaming]) -> None:
        """Add to what `undo` can undo, latest last."""
        self._renamings += renamings

    async def undo(self) -> Renaming | None:
        """Give the token that was renamed last its name back; again, the one before, and so on.

        Returns what was undone, or None where there is nothing to undo. Raises `TokentuiError`.
        """
        async with self._under_way:
            if not self._renamings:
                return None
            renaming = self._renamings.pop()
            await Session.of(self._node).commit(partial(self._rename_back, renaming))
            return renaming

    def _rename_back(self, renaming: Renaming) -> None:
        token = self._service.queries.get(renaming.token_id)
        if token.name != renaming.after:
            raise TokenChanged(token)
        self._service.rename(token, renaming.before)
