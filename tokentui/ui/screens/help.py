"""Help: the keys of a screen, and what the statuses mean."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Footer, Label, Static

from tokentui import words
from tokentui.ui.widgets.pairs import pairs

Keys = list[tuple[str, str]]
"""The keys of an action, and what it does."""

_EVERYWHERE: Keys = [
    ("tab, shift+tab", "Next, previous field"),
    ("ctrl+p", "All commands, themes"),
    ("ctrl+z", "Suspend; fg in the shell goes on"),
    ("ctrl+q", "Quit"),
]


def keys_of(node: DOMNode) -> Keys:
    """Return the keys that `node` declares."""
    app = node.app
    bindings = (b for b in type(node).BINDINGS if isinstance(b, Binding) and b.description)
    return [
        (
            ", ".join(app.get_key_display(Binding(key, "")) for key in binding.key.split(",")),
            binding.description,
        )
        for binding in bindings
    ]


class Help(ModalScreen[None]):
    """Shows groups of keys, each under its title."""

    BINDING_GROUP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark", "dismiss", "Close")
    ]

    def __init__(self, groups: list[tuple[str, Keys]]) -> None:
        super().__init__()
        self._groups = [*groups, ("Everywhere", _EVERYWHERE)]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog"):
            for title, keys in self._groups:
                yield Label(title, classes="title")
                yield Static(pairs(keys, width=17))
            yield Label("What the statuses mean", classes="title")
            yield Static(pairs(words.MEANING.items(), width=17))
        yield Footer(show_command_palette=False)
