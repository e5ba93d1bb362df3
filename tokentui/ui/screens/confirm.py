"""A question before something that cannot be undone."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tokentui.core.errors import StoreUnavailable, TokentuiError
from tokentui.ui.messages import StoreChanged
from tokentui.ui.session import Session
from tokentui.ui.textual_compat import Dialog
from tokentui.ui.widgets.key_button import KeyButton
from tokentui.ui.widgets.key_footer import KeyFooter
from tokentui.ui.widgets.key_value_table import key_value_table

_TOO_SMALL = "The window is too small to show what you would confirm. Enlarge it."


class Confirm(Dialog[bool]):
    """Asks `question` about what can be lost. Cancel has the focus: a stray Enter changes nothing.

    With `number`, yes can be said only once that is typed. `check`, which may block, is called
    whenever something was changed elsewhere: its error replaces `body`, and disables yes.
    `refused` is the message for a person who did not say yes. Yes is not accepted as long as the
    window has no room for the question. `facts` are labels and values; small windows omit them.
    `tokens` are what the question is about, each beside its last use.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDING_GROUP_TITLE = "Question"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "Cancel", key_display="esc", id="question.back"),
        Binding("y", "answer(True)", "Yes", id="question.yes"),
        Binding("left,up", "to('#no')", "Choose", key_display="←→", id="question.left"),
        Binding("right,down", "to('#yes')", "Choose", show=False, id="question.right"),
        Binding("pageup", "read('up')", "Scroll up", show=False, id="question.up"),
        Binding("pagedown", "read('down')", "Scroll down", show=False, id="question.down"),
        Binding("f1", "app.help", "Help", id="app.help"),
    ]

    def __init__(
        self,
        heading: str,
        question: Content | str,
        body: str,
        *,
        yes: str,
        no: str = "Cancel",
        facts: Sequence[tuple[str, str]] = (),
        tokens: Sequence[tuple[str, str]] = (),
        number: int | None = None,
        check: Callable[[], None] = lambda: None,
        refused: str = "",
    ) -> None:
        super().__init__()
        self._heading = heading
        self._question = question
        self._body = body
        self._facts = facts
        self._tokens = tokens
        self._refused = refused
        self._check = check
        self._yes = yes
        self._no = no
        self._number = number

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(f" {self._heading} ")
            yield Label(self._question, id="title", markup=False)
            yield Static(self._body, id="body", markup=False)
            if self._facts:
                yield Static(key_value_table(self._facts, width=9), id="facts")
            if self._tokens:
                titled = [("Last used", "Token"), *self._tokens]
                yield Static(key_value_table(titled, width=12, name_style=""), id="tokens")
            with Vertical(id="answers"):
                if self._number is not None:
                    with Horizontal(id="number-line"):
                        yield Label(f"Type {self._number} to confirm:")
                        yield Input(id="number", type="integer", compact=True)
                with Horizontal(id="buttons"):
                    yield KeyButton(self._no, "question.back", id="no")
                    yield KeyButton(
                        self._yes,
                        "question.yes" if self._number is None else None,
                        id="yes",
                        variant="error",
                        disabled=self._number is not None,
                    )
        yield KeyFooter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key that would be typed into the field of the number."""
        return action != "answer" or parameters != (True,) or self._number is None

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
