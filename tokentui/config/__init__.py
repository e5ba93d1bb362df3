"""The settings in force: built-in values, then the file, then the environment, then flags."""

import os
import pwd
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from tokentui import files
from tokentui.config import values
from tokentui.config.values import Keeping
from tokentui.config.written import NOTHING, Written
from tokentui.core.credential import DEFAULT_COST, HIGHEST_COST, PREFIX
from tokentui.core.dates import DateFormat
from tokentui.core.errors import InvalidSetting
from tokentui.core.text import printable
from tokentui.core.token import DEFAULT_LIFE, DEFAULT_SOON

CONFIG = "TOKENTUI_CONFIG"
BUILT_IN = "built in"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the program goes by."""

    store: str
    """Where the tokens are: the path of a TinyDB file."""
    account: str
    """Who owns the tokens that are created."""
    usage: str | None = None
    """Where it is noted when tokens were used; None for `usage.json` beside the tokens."""
    prefix: str = PREFIX
    """What secrets begin with."""
    hash_cost: int = DEFAULT_COST
    """The cost of bcrypt, 4 to 14."""
    soon: timedelta = DEFAULT_SOON
    """How long before its end a token counts as expiring soon."""
    default_life: timedelta = DEFAULT_LIFE
    """How long a token lives unless told otherwise."""
    max_life: timedelta | None = None
    """How long it may live at most; None for as long as wanted, or for ever."""
    first_weekday: int = 0
    """The day that weeks begin with in the calendar, 0 for Monday to 6 for Sunday."""
    date_format: DateFormat = DateFormat.ISO
    """How days are shown; they are typed as YYYY-MM-DD."""
    theme: str | None = None
    """The app's theme; None for the one that was chosen last."""
    mouse: bool = True
    """Whether the app takes the mouse from the terminal."""
    read_only: bool = False
    """Whether the store is only looked at."""
    lock_after: timedelta | None = timedelta(minutes=15)
    """After how long without keys the app locks itself, where there are accounts; None: never."""
    audit: Keeping = Keeping.REQUIRED
    """How the audit log is kept."""
    audit_anchor: str | None = None
    """The file with the end of the log; None for `audit.anchor` beside the tokens."""
    audit_syslog: str | None = None
    """The socket of a syslog that gets a copy of the log; None for no copy."""
    keys: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The keys that were chosen, by action of the app; which there are, only the app knows."""
    sources: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Where each value comes from, by the name of the setting in the file."""


class _Setting(msgspec.Struct, frozen=True):
    """How one setting is written, and which field of `Settings` it becomes."""

    field: str
    read: Callable[[object], Any]
    """Turns what stands in the file or the environment into a value; raises `ValueError`."""


SETTINGS = {
    "store": _Setting("store", values.text),
    "usage": _Setting("usage", values.text),
    "prefix": _Setting("prefix", values.prefix),
    "hash_cost": _Setting("hash_cost", values.whole(4, HIGHEST_COST)),
    "soon_days": _Setting("soon", values.days),
    "default_life": _Setting("default_life", values.life),
    "max_life": _Setting("max_life", values.life),
    "first_weekday": _Setting("first_weekday", values.weekday),
    "date_format": _Setting("date_format", values.date_format),
    "theme": _Setting("theme", values.text),
    "mouse": _Setting("mouse", values.yes_or_no),
    "read_only": _Setting("read_only", values.yes_or_no),
    "lock_after": _Setting("lock_after", values.minutes),
    "audit": _Setting("audit", values.keeping),
    "audit_anchor": _Setting("audit_anchor", values.text),
    "audit_syslog": _Setting("audit_syslog", values.text),
    "keys": _Setting("keys", values.keys),
}
"""Each setting by its name in the file; in the environment it is TOKENTUI_ and that in capitals."""


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"TOKENTUI_{name.upper()}"


STORE = variable("store")
FLAGS = {
    "store": "--store",
    "read_only": "--read-only",
    "theme": "--theme",
    "mouse": "--no-mouse",
}
"""Settings that are flags as well."""


_LIKENESS = 0.9
"""From which likeness on, 0 to 1, a variable is taken for a misspelt one of ours."""


def load(
    store: str | None = None,
    environ: Mapping[str, str] = os.environ,
    **flags: object,
) -> Settings:
    """Return the settings, those of flags that are not None first; raise `InvalidSetting`."""
    _refuse_misspelt(environ)
    found: dict[str, Any] = {}
    sources = dict.fromkeys(SETTINGS, BUILT_IN)
    written = _written(environ)
    for name, value in written.table.items():
        sources[name] = written.source(name)
        found[name] = _value(name, value, f"{name} in {sources[name]}")
    sources |= {f"keys.{each}": written.source(f"keys.{each}") for each in found.get("keys", ())}
    for name in SETTINGS:
        if text := environ.get(variable(name), "").strip():
            value, sources[name] = _value(name, text, variable(name)), variable(name)
            if name == "keys":
                sources |= {f"keys.{each}": variable(name) for each in value}
                value = found.get(name, {}) | value
            found[name] = value
    for name, value in {"store": store, **flags}.items():
        if value is not None:
            found[name], sources[name] = value, FLAGS[name]
    if "store" not in found:
        found["store"] = str(default_store())
    fields = {SETTINGS[name].field: value for name, value in found.items()}
    settings = Settings(account=os_user(), sources=sources, **fields)
    if settings.max_life is not None and settings.max_life < settings.default_life:
        return _within(settings.max_life, settings)
    return settings


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    """Raise `InvalidSetting` for a variable that is nearly one of ours.

    Others that begin with TOKENTUI_ are let be: Kubernetes sets some for a service of that name.
    """
    ours = {CONFIG, *map(variable, SETTINGS)}
    for name in environ:
        if "TOKEN" in name.upper() and name not in ours and (meant := _like(name.upper(), ours)):
            raise InvalidSetting(
                f'There is no setting "{printable(name)}". Did you mean "{meant}"?'
            )


def _like(name: str, ours: Collection[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, ours, n=1, cutoff=_LIKENESS)), None)


def _within(longest: timedelta, settings: Settings) -> Settings:
    """Shorten the life that is built in; one that was chosen contradicts the longest one."""
    if settings.sources["default_life"] != BUILT_IN:
        raise InvalidSetting(
            f"default_life ({settings.sources['default_life']}) exceeds max_life "
            f"({settings.sources['max_life']}). Shorten default_life."
        )
    return msgspec.structs.replace(settings, default_life=longest)


def _value(name: str, written: object, where: str) -> Any:
    try:
        return SETTINGS[name].read(written)
    except ValueError as wanted:
        raise InvalidSetting(f"{where} must be {wanted}{_what_it_is(written)}.") from None


def _what_it_is(written: object) -> str:
    """Return what was written instead, unless that is too long to be read."""
    # A number of thousands of digits cannot even be written out.
    if isinstance(written, int) and abs(written) >= 10**18:
        return ""
    text = ascii(written)
    return f", not {text}" if len(text) <= 60 else ""


def _written(environ: Mapping[str, str]) -> Written:
    """Return what stands in the file; raise `InvalidSetting` for all that is unknown in it."""
    found = Written.read(config_path(environ))
    if found is NOTHING and environ.get(CONFIG):
        raise InvalidSetting(f"The file that {CONFIG} names does not exist: {environ[CONFIG]}.")
    unknown = [
        f'{found.source(name)}: There is no setting "{name}"{_nearest(name)}'
        for name in found.table
        if name not in SETTINGS
    ]
    if unknown:
        raise InvalidSetting(" ".join(unknown))
    return found


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    alike = get_close_matches(name, SETTINGS, n=1, cutoff=0.5)
    return (
        f'. Did you mean "{alike[0]}"?' if alike else f". The settings are {', '.join(SETTINGS)}."
    )


def shown(settings: Settings, name: str) -> str | int | bool | Mapping[str, str] | None:
    """Return the value of a setting as it is written in the file; None where there is none."""
    value = getattr(settings, SETTINGS[name].field)
    match value:
        case timedelta() if name == "soon_days":
            return value.days
        case timedelta() if name == "lock_after":
            return value // timedelta(minutes=1)
        case None if name == "lock_after":
            return 0
        case timedelta():
            return f"{value.days}d"
        case int() if name == "first_weekday":
            return values.WEEKDAYS[value]
        case str():
            return printable(value)
    return value  # type: ignore[no-any-return]


def config_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file with the settings, in the user's configuration folder (XDG), if any."""
    if chosen := environ.get(CONFIG):
        try:
            return files.named(chosen)
        except OSError as error:
            raise InvalidSetting(f"{CONFIG} must name a file: {error.strerror}.") from None
    folder = files.of_user("config")
    return folder and folder / "config.toml"


def default_store() -> Path:
    """Return the store in the user's data folder (XDG); raise `InvalidSetting` without a home."""
    folder = files.of_user("data")
    if folder is None:
        raise InvalidSetting(
            "There is no home folder, so the tokens cannot be found. Name their file with "
            f"--store or {STORE}, or set HOME."
        )
    return folder / "tokens.json"


def os_user() -> str:
    """Return who runs this process, as a name where it has one."""
    try:
        return printable(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return str(os.getuid())


def client_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return where the person at the terminal connected from, where sshd says so."""
    return printable(environ.get("SSH_CONNECTION", "").partition(" ")[0]) or None


def person(environ: Mapping[str, str] = os.environ) -> str:
    """Return who runs this process, and who became root for it by sudo."""
    user, behind = os_user(), printable(environ.get("SUDO_USER", ""))
    return f"{user}, by sudo from {behind}" if os.getuid() == 0 and behind else user
