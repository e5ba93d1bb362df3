"""A question before something that cannot be undone."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from tokentui.core.errors import TokentuiError
from tokentui.ui.messages import StoreChanged


class Confirm(ModalScreen[bool]):
    """Asks, with the harmless answer under the cursor: a stray Enter changes nothing.

    With `number`, yes can be said only once that is typed. `check` is called whenever something
    was changed elsewhere: what it raises stands in the place of the question, and yes is no answer
    any more.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Question"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Back", id="question.back"),
        Binding("pageup", "read('up')", "Read back", show=False, id="question.up"),
        Binding("pagedown", "read('down')", "Read on", show=False, id="question.down"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(
        self,
        title: str,
        body: str,
        *,
        yes: str,
        no: str = "Cancel",
        number: int | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._check = check
        self._title = title
        self._body = body
        self._yes = yes
        self._no = no
        self._number = number

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Label(self._title, id="title", markup=False)
            yield Static(self._body, id="body", markup=False)
            with Vertical(id="answers"):
                if self._number is not None:
                    with Horizontal(id="number-line"):
                        yield Label(f"Type {self._number} to go on:")
                        yield Input(id="number", type="integer", compact=True)
                with Horizontal(id="buttons"):
                    yield Button(self._no, id="no")
                    yield Button(
                        self._yes, id="yes", variant="error", disabled=self._number is not None
                    )

    def on_mount(self) -> None:
        # Where a number has to be typed, nothing but that number does any harm.
        self.set_focus(self.query_one("#no" if self._number is None else "#number"))

    @on(StoreChanged)
    def _look_again(self) -> None:
        try:
            self._check()
        except TokentuiError as error:
            self.query_one("#body", Static).update(str(error))
            self.query("#yes, #number").set(disabled=True)
            self.set_focus(self.query_one("#no"))

    def action_read(self, how: str) -> None:
        """Scroll through what is too long to be seen at once."""
        getattr(self.query_one("#dialog"), f"scroll_page_{how}")(animate=False)

    @on(Input.Changed, "#number")
    def _number_typed(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value != str(self._number)

    @on(Input.Submitted, "#number")
    def _number_submitted(self, event: Input.Submitted) -> None:
        if event.value == str(self._number):
            self.set_focus(self.query_one("#yes"))

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
