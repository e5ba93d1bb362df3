"""A question before something that cannot be undone."""

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tokentui.core.errors import StoreUnavailable, TokentuiError
from tokentui.ui.messages import StoreChanged
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog

_TOO_SMALL = "This window is too small to show what would be confirmed: enlarge it."


class Confirm(Dialog[bool]):
    """Asks, with the harmless answer under the cursor: a stray Enter changes nothing.

    With `number`, yes can be said only once that is typed. `check`, which may block, is called
    whenever something was changed elsewhere: what it raises stands in the place of the question,
    and yes is no answer any more. `refused` is what a person is told who did not say yes. Nobody
    says yes to what the window has no room to show.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Question"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "Back", key_display="esc", id="question.back"),
        Binding("y", "answer(True)", "Yes", show=False, id="question.yes"),
        Binding("left", "to('#no')", "To the harmless answer", show=False, id="question.left"),
        Binding("right", "to('#yes')", "To the other answer", show=False, id="question.right"),
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
        refused: str = "",
    ) -> None:
        super().__init__()
        self._refused = refused
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
    @work(exclusive=True, group="check")
    async def _look_again(self) -> None:
        try:
            await Session.of(self).read(self, lambda _: self._check())
        except StoreUnavailable:
            pass  # the change itself is refused as long as that is so
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
        self.action_answer(event.button.id == "yes")

    def action_to(self, answer: str) -> None:
        """Go to an answer, if it can be given."""
        if not self.query_one(answer).disabled:
            self.set_focus(self.query_one(answer))

    def action_answer(self, yes: bool) -> None:
        """Give the answer, if it can be given."""
        if yes and self.query_one("#yes").disabled:
            return
        if yes and not is_seen(self.query_one("#title"), above=self.query_one("#answers")):
            return
        if not yes and self._refused:
            self.notify(self._refused, markup=False)
        self.dismiss(yes)


def is_seen(title: Widget, above: Widget) -> bool:
    """Say whether all of `title` is seen, and nothing of it is behind what is `above` it.

    Messages in front of it are removed. Where the window has no room, the person is told.
    """
    screen = title.screen
    if any(toast.region.overlaps(title.region) for toast in screen.query("Toast")):
        screen.app.clear_notifications()
        return False
    # What is beside the screen has no region on it, or one that sticks out.
    whole = screen.region.contains_region(title.region)
    if not whole or title.region.overlaps(above.region):
        screen.notify(_TOO_SMALL, severity="warning")
        return False
    return True
