"""One screen a file, named after what the person sees.

`screens.create_token` is loaded when it is first asked for (a lazy import, PEP 562): to load all of
them takes longer than to paint the list.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokentui.ui.screens import (
        accounts,
        audit_trail,
        choose_access,
        choose_account,
        choose_filter,
        choose_theme,
        create_token,
        guide,
        help,  # noqa: A004 - what the person sees
        log_in,
        manage_token,
        questions,
        rotate_token,
        saved_token,
        try_secret,
    )

    __all__ = [
        "accounts",
        "audit_trail",
        "choose_access",
        "choose_account",
        "choose_filter",
        "choose_theme",
        "create_token",
        "guide",
        "help",
        "log_in",
        "manage_token",
        "questions",
        "rotate_token",
        "saved_token",
        "try_secret",
    ]


def __getattr__(name: str) -> ModuleType:
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise AttributeError(name, name=name) from error
