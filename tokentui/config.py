"""The settings in force: built-in values, then the environment, then flags."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tokentui.core.credential import DEFAULT_COST, HIGHEST_COST
from tokentui.core.errors import InvalidSetting
from tokentui.core.token import DEFAULT_SOON

STORE = "TOKENTUI_STORE"
HASH_COST = "TOKENTUI_HASH_COST"
SOON_DAYS = "TOKENTUI_SOON_DAYS"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run of the program goes by."""

    store: str
    """Where the tokens are: the path of a TinyDB file."""
    account: str
    """Who owns the tokens that are created."""
    hash_cost: int = DEFAULT_COST
    """The cost of bcrypt, 4 to 14."""
    soon: timedelta = DEFAULT_SOON
    """How long before its end a token counts as expiring soon."""


def load(store: str | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings, with `store` from a flag; raise `InvalidSetting` for a bad value."""
    return Settings(
        store=store or environ.get(STORE) or str(default_store()),
        account=_os_user(),
        hash_cost=_whole_number(environ, HASH_COST, DEFAULT_COST, 4, HIGHEST_COST),
        soon=timedelta(days=_whole_number(environ, SOON_DAYS, DEFAULT_SOON.days, 0, 3650)),
    )


def default_store() -> Path:
    """Return the store in the user's data folder (XDG)."""
    import platformdirs

    return platformdirs.user_data_path("tokentui") / "tokens.json"


def _os_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _whole_number(
    environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int
) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise InvalidSetting(
            f"{name} must be a whole number from {lowest} to {highest}, not {text!a}."
        )
    return int(text)
