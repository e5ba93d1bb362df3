"""The command palette: what can be done here, tokens by name, and themes."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from msgspec.structs import replace
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.markup import escape
from textual.types import IgnoreReturnCallbackType

from tokentui import words
from tokentui.core.audit import Action
from tokentui.core.errors import TokentuiError
from tokentui.core.text import printable
from tokentui.ui import keys
from tokentui.ui.screens.token_list import TokenList

if TYPE_CHECKING:
    from tokentui.ui.app import TokentuiApp

_TOKENS = 10
"""How many tokens are offered at most, each under these verbs."""
_VERBS = ("manage", "rotate", "revoke")
_NO_COMMANDS = {"app.commands", "app.next-field", "app.previous-field"}


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
        for command in (*self._actions(), *self._tokens(query), *self._themes()):
            score, places = fuzzy.match(query, command.title)
            if score > 0:
                # Not the matcher's own highlighting: to that, a name with brackets is markup.
                title = Content(command.title)
                for place in places:
                    title = title.stylize(self.match_style or "", place, place + 1)
                yield Hit(score, title, command.run, help=escape(command.more))

    def _actions(self) -> Iterator[Command]:
        app, screen = cast("TokentuiApp", self.app), self.screen
        offered = {""}
        for node, bindings in ((screen, keys.declared(type(screen))), (app, keys.EVERYWHERE)):
            for binding in bindings:
                title = binding.description
                if title in offered or binding.id in _NO_COMMANDS:
                    continue
                if self._allowed(node, binding.action):
                    offered.add(title)
                    run = partial(app.run_action, binding.action, node)
                    more = f"{', '.join(app.keys_of(binding))}  {binding.tooltip}".rstrip()
                    yield Command(title, more, run)
        yield Command("Theme", "Choose the colours", app.action_change_theme)
        # Later: the palette has left the screen by then.
        if app.check_action("deliver_screenshot", ()):
            screenshot = partial(app.set_timer, 0.1, app.deliver_screenshot)
            yield Command("Screenshot", "Save the screen as a picture (SVG)", screenshot)

    def _allowed(self, node: DOMNode, action: str) -> bool:
        name = action.partition("(")[0]
        target = self.app if name.startswith("app.") else node
        return target.check_action(name.removeprefix("app."), ()) is True

    def _tokens(self, query: str) -> Iterator[Command]:
        """Find tokens whose names hold what is typed, after a verb if there is one."""
        screen = self.screen
        if not isinstance(screen, TokenList):
            return
        service = screen.service
        first, _, rest = query.partition(" ")
        verbal = bool(rest) and any(verb.startswith(first.lower()) for verb in _VERBS)
        wanted = replace(service.query(), text=rest.strip() if verbal else query, size=_TOKENS)
        try:
            tokens = service.find(wanted).tokens
        except TokentuiError:
            return  # the list says so
        for token in tokens:
            name, status = printable(token.name), words.status(service, token)
            yield Command(f"Manage {name}", status, partial(screen.manage, token))
            if service.obstacle:
                continue
            if token.replaced_by is None and not service.rights.why_not(Action.ROTATE, [token]):
                yield Command(f"Rotate {name}", status, partial(screen.ask_to_rotate, token))
            yield Command(f"Revoke {name}", status, partial(screen.ask_to_revoke, [token]))

    def _themes(self) -> Iterator[Command]:
        for name in sorted(self.app.available_themes):
            yield Command(f"Theme {name}", "", partial(setattr, self.app, "theme", name))
