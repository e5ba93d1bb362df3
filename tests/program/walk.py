"""The ways through the app that several tests go, in keys."""

import re

from .terminal import Terminal

SECRET = re.compile(r"\btt_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}\b")
_EMPTY = re.compile(r"No API tokens (yet|any more)\.")
NONE_LEFT = "No API tokens any more."
STAY = "Choose Yes, I Saved My Token to close."


def to_list(app: Terminal) -> None:
    """Wait for the list, empty at first."""
    app.wait_for(_EMPTY)


def to_form(app: Terminal) -> None:
    """Open the form and type a name."""
    to_list(app)
    app.press("c")
    app.wait_for("API Token Name")
    app.type("deploy")
    app.wait_for("deploy")


def to_secret(app: Terminal) -> str:
    """Create the token `deploy` and return the secret that is shown."""
    to_form(app)
    app.press("ctrl+s")
    return app.wait_for(SECRET)


def save(app: Terminal) -> None:
    """Say that the secret is saved, and wait for the list."""
    app.press("c", "enter")
    app.wait_until_gone("Save your API token")
    app.wait_for("1 token")
