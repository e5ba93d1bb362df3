"""The command palette: what can be done here, tokens by name, and themes."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from msgspec.structs import replace
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.markup import escape
from textual.types import IgnoreReturnCallbackType

from tokentui import formatting
from tokentui.core.audit import Action
from tokentui.core.cancel import Cancel
from tokentui.core.errors import TokentuiError
from tokentui.core.text import printable
from tokentui.ui import keys
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.session import Session

if TYPE_CHECKING:
    from tokentui.ui.app import TokentuiApp

_TOKENS = 10
"""How many tokens are offered at most, each under these verbs."""
_VERBS = ("manage", "rotate", "revoke")
_NO_COMMANDS = keys.COMMITS | {
    "app.commands",
    "app.next-field",
    "app.previous-field",
    "list.commands",
}
"""What a screen asks for is committed where it is seen, and the palette hides it."""


class Command(NamedTuple):
    """What it does, what is said below that, and how it is done."""

    title: str
    more: str
    run: IgnoreReturnCallbackType


class Commands(Provider):
    """Offers the actions of the screen below, and finds tokens and themes as one types."""

    async def discover(self) -> Hits:
        for command in self._actions():
            yield DiscoveryHit(Content(command.title), command.run, help=escape(command.more))

    async def search(self, query: str) -> Hits:
        fuzzy = self.matcher(query).fuzzy_search
        for command in (*self._actions(), *self._themes()):
            if hit := self._hit(command, *fuzzy.match(query, command.title)):
                yield hit
        for command in await self._tokens(query):
            if hit := self._hit(command, *fuzzy.match(query, command.title)):
                yield hit

    def _hit(self, command: Command, score: float, offsets: Sequence[int]) -> Hit | None:
        # Not the matcher's own highlighting: to that, a name with brackets is markup.
        title = Content(command.title)
        for offset in offsets:
            title = title.stylize(self.match_style or "", offset, offset + 1)
        return Hit(score, title, command.run, help=escape(command.more)) if score > 0 else None

    def _actions(self) -> Iterator[Command]:
        app, screen = cast("TokentuiApp", self.app), self.screen
        offered = {""}
        for node, bindings in ((screen, keys.declared(type(screen))), (app, keys.APP_BINDINGS)):
            for binding in bindings:
                title = binding.description
                if title in offered or binding.id in _NO_COMMANDS:
                    continue
                if self._allowed(node, binding.action):
                    offered.add(title)
                    run = partial(app.run_action, binding.action, node)
                    more = f"{', '.join(app.keys_of(binding))}  {binding.tooltip}".rstrip()
                    yield Command(title, more, run)
        if app.check_action("guide", ()):
            yield Command("Guide", "Read the guide", app.action_guide)
        yield Command("Theme", "Choose the colours, with a preview", app.action_change_theme)
        # Later: the palette has left the screen by then.
        if app.check_action("deliver_screenshot", ()):
            screenshot = partial(app.set_timer, 0.1, app.deliver_screenshot)
            yield Command("Screenshot", "Save the screen as a picture (SVG)", screenshot)

    def _allowed(self, node: DOMNode, action: str) -> bool:
        name = action.partition("(")[0]
        target = self.app if name.startswith("app.") else node
        return target.check_action(name.removeprefix("app."), ()) is True

    async def _tokens(self, query: str) -> Sequence[Command]:
        """Find tokens whose names hold what is typed, after a verb if there is one."""
        screen = self.screen
        if not isinstance(screen, TokenList):
            return ()
        try:
            return await Session.of(screen).read(
                Commands, lambda cancel: list(_of_tokens(screen, query, cancel))
            )
        except TokentuiError:
            return ()  # the list says so

    def _themes(self) -> Iterator[Command]:
        app = cast("TokentuiApp", self.app)
        for name in sorted(app.available_themes):
            yield Command(f"Theme {name}", "", partial(app.choose_theme, name))


def _of_tokens(screen: TokenList, query: str, cancel: Cancel) -> Iterator[Command]:
    service, permissions = screen.service, screen.permissions
    context = service.queries.display_context()
    first, _, rest = query.partition(" ")
    verbal = bool(rest) and any(verb.startswith(first.lower()) for verb in _VERBS)
    wanted = replace(service.queries.query(), text=rest.strip() if verbal else query)
    for row in service.queries.find(wanted, limit=_TOKENS, cancel=cancel).rows:
        token = row.token
        name, status = printable(token.name), formatting.status(context, token)
        yield Command(f"Manage {name}", status, partial(screen.action_manage, row))
        if permissions.read_only_reason:
            continue
        if token.replaced_by is None and not permissions.denial_reason(Action.ROTATE, [token]):
            yield Command(f"Rotate {name}", status, partial(screen.action_rotate, token))
        yield Command(f"Revoke {name}", status, partial(screen.action_revoke, [row]))
