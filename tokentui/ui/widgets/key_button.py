"""A button that shows its key."""

from typing import Any, Protocol, cast

from textual.app import App
from textual.content import Content
from textual.widgets import Button


class _HasKeys(Protocol):
    def key(self, action: str) -> str: ...


def shown_key(app: App[Any], action: str) -> str:
    """Return the first key of an action, such as question.yes, as people read it."""
    return cast("_HasKeys", app).key(action)


class KeyButton(Button):
    """A button whose label ends with the key of `action`, such as question.yes; None for none."""

    def __init__(self, label: str, action: str | None, **how: Any) -> None:
        super().__init__(Content(label), **how)
        self._text = label
        self._action_id = action

    def on_mount(self) -> None:
        if self._action_id is not None:
            key = shown_key(self.app, self._action_id)
            self.label = Content.assemble(self._text, ("  " + key, "not bold"))
