"""The access of a token, in fields: which requests it allows, and from which networks."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Input

from tokentui.core.access import Access, parse_networks
from tokentui.core.errors import InvalidNetwork
from tokentui.core.text import printable
from tokentui.ui.widgets.form_line import FormLine, focus_fault
from tokentui.ui.widgets.notice import Notice
from tokentui.ui.widgets.toggles import Tick

_EXAMPLE = "Any, or 192.0.2.0/24 2001:db8::1"
_OF_NETWORKS = frozenset("0123456789abcdefABCDEF:./")


class AccessFields(Vertical):
    """Fields for `access`, which is what is stored; `value` is what they hold.

    A sentence below the networks says what is wrong with them once somebody asked for `accept`.
    """

    def __init__(self, access: Access) -> None:
        super().__init__()
        self.stored = access
        """The access that what is entered is a change of."""
        self.read_only = Tick(
            "Read-only (GET, HEAD, OPTIONS)", access.read_only, id="read-only", compact=True
        )
        self.networks = Input(
            _written(access), placeholder=_EXAMPLE, id="networks", select_on_focus=False
        )
        self._problem = Notice(id="networks-problem")

    def compose(self) -> ComposeResult:
        yield FormLine("Access", self.read_only)
        yield FormLine("Allowed networks", self.networks, self._problem)

    def on_mount(self) -> None:
        self._problem.show("")

    @property
    def value(self) -> Access:
        """What the fields hold; raises `InvalidNetwork`."""
        networks = self.networks.value.replace(",", " ").split()
        return Access(self.read_only.value, parse_networks(networks))

    @property
    def edited(self) -> bool:
        """Whether a person changed the access, and that is not stored."""
        stored = self.stored.read_only, _written(self.stored)
        return (self.read_only.value, self.networks.value.strip()) != stored

    def accept(self) -> Access | None:
        """Return what the fields hold; where that is no access, say why, and go there."""
        try:
            return self.value
        except InvalidNetwork as error:
            self._problem.show(str(error))
            focus_fault(self.networks)
            return None

    def follow(self, access: Access) -> None:
        """Show what is stored by now, unless that would overwrite what a person enters."""
        if not self.edited:
            self.show(access)

    def show(self, access: Access) -> None:
        """Show what is stored."""
        self.stored = access
        self.read_only.value = access.read_only
        self.networks.value = _written(access)

    def on_key(self, event: Key) -> None:
        """Go to the networks where somebody types one: the key for access leads to the tick first.

        Whoever does that and goes on must not be left with a token for everywhere.
        """
        if self.read_only.has_focus and event.character in _OF_NETWORKS:
            event.stop()
            self.screen.set_focus(self.networks)
            self.networks.insert_text_at_cursor(event.character or "")

    @on(Input.Changed, "#networks")
    def _typed(self) -> None:
        self._problem.show("")


def _written(access: Access) -> str:
    return " ".join(map(printable, access.networks))
