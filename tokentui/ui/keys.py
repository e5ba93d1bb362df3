"""Keys: which action each is for, and what a person may choose instead."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from itertools import chain

from textual.binding import Binding, InvalidBinding
from textual.dom import DOMNode
from textual.keys import REPLACED_KEYS, Keys, key_to_character
from textual.widgets import Input

from tokentui.core.errors import InvalidSetting

APP_BINDINGS = [
    Binding("f1", "help", "Help", show=False, id="app.help"),
    Binding(
        "ctrl+p",
        "command_palette",
        "Commands, tokens, themes",
        show=False,
        priority=True,
        id="app.commands",
    ),
    Binding("tab", "focus_next", "Next field", show=False, id="app.next-field"),
    Binding("shift+tab", "focus_previous", "Previous field", show=False, id="app.previous-field"),
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend (fg resumes)",
        show=False,
        priority=True,
        id="app.suspend",
    ),
    Binding(
        "f3",
        "redraw",
        "Redraw the screen",
        show=False,
        priority=True,
        id="app.redraw",
    ),
    Binding("ctrl+l,f12", "lock", "Lock", show=False, priority=True, id="app.lock"),
    Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit"),
]
"""The keys of the app itself."""

_SCOPES = (
    ("screens.token_list", "widgets.token_table"),
    ("widgets.filter_field",),
    ("screens.choose_filter",),
    ("screens.create_token", "widgets.month_calendar"),
    ("screens.choose_access",),
    ("screens.saved_token",),
    ("screens.manage_token",),
    ("screens.rotate_token",),
    ("screens.confirm",),
    ("screens.try_secret",),
    ("screens.help",),
    ("screens.guide",),
    ("screens.log_in",),
    ("screens.audit_trail",),
    ("screens.audit_entry",),
    ("screens.choose_account",),
    ("screens.choose_theme",),
    ("screens.accounts",),
    ("screens.new_account",),
    ("screens.choose_role",),
    ("screens.account_keys",),
)
"""What is on the screen at the same time, and declares keys: loaded only once it is asked for."""

COMMITS = frozenset(
    {
        "access.choose",
        "create.create",
        "log-in.log-in",
        "manage.save",
        "new-account.add",
        "question.yes",
        "rotate.rotate",
        "save.saved",
        "ssh-keys.add",
        "try.try",
    }
)
"""Actions that commit what a screen asks for, beside Enter."""

FIXED = ("escape", "enter", "tab", "shift+tab", "ctrl+q", "ctrl+c")
"""Keys that keep what they do, so that nobody is locked in."""

_WITH_FIELDS = {
    "app",
    "create",
    "filter",
    "manage",
    "question",
    "access",
    "help",
    "try",
    "log-in",
    "audit",
    "new-account",
    "ssh-keys",
}
"""Groups of actions that have to be reached while somebody types."""
_FIELD_TAKES = {binding.key for binding in Binding.make_bindings(Input.BINDINGS)}
_MODIFIERS = {"ctrl", "alt", "shift", "super", "hyper", "meta"}
_NAMES = {key.value for key in Keys if not key.value.startswith("<")}
_SPELLED = {"⏎": "Enter"}
_NEVER_SENT = {"ctrl+i", "ctrl+m", "ctrl+h", "return"}
"""Terminals send these as Tab, Enter and Backspace."""


def declared(kind: type[DOMNode]) -> list[Binding]:
    """Return the bindings that a screen or a widget declares itself."""
    return [binding for binding in kind.BINDINGS if isinstance(binding, Binding)]


def scopes() -> Iterator[tuple[type[DOMNode], ...]]:
    """Yield what is on the screen at the same time and declares keys, the list first."""
    for paths in _SCOPES:
        yield tuple(map(_load, paths))


def _load(path: str) -> type[DOMNode]:
    """Return the class after which a module is named."""
    module = import_module(f"tokentui.ui.{path}")
    name = path.rpartition(".")[2].title().replace("_", "")
    kind: type[DOMNode] = getattr(module, name)
    return kind


def actions() -> dict[str, Binding]:
    """Return every binding by its id."""
    return {each.id: each for each in (*_of_scopes(), *APP_BINDINGS) if each.id}


def binding(action: str) -> Binding:
    """Return the binding of an action; only as many screens are loaded as it takes to find it.

    Raises `StopIteration` if there is none.
    """
    return next(each for each in chain(APP_BINDINGS, _of_scopes()) if each.id == action)


def _of_scopes() -> Iterator[Binding]:
    return (each for kinds in scopes() for kind in kinds for each in declared(kind))


def effective_keys(binding: Binding, keymap: Mapping[str, str]) -> list[str]:
    """Return the keys of a binding, those that a person chose if any were."""
    return _separate(keymap.get(binding.id or "", binding.key))


def _separate(keys: str) -> list[str]:
    """Return keys one by one, as Textual names them."""
    return [each.key for each in Binding.make_bindings([Binding(keys, "")])]


def display(key: str) -> str:
    """Return a key as people write it, from its short name by Textual, such as ^s, f1 or ⏎."""
    return "+".join(map(_display_part, key.split("+")))


def _display_part(part: str) -> str:
    if part.startswith("^"):
        return part.upper()
    return _SPELLED.get(part, part[0].upper() + part[1:] if part[1:] else part)


def keymap(chosen: Mapping[str, str], sources: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that were chosen, by action; raise `InvalidSetting` for what cannot be.

    `sources` says where each was written, by `keys.` and its action.
    """
    if not chosen:
        return {}
    known = actions()
    result = {}
    for name, written in chosen.items():
        try:
            result[name] = ",".join(_checked(name, written, known))
        except ValueError as wrong:
            raise InvalidSetting(f"{sources[f'keys.{name}']}: {wrong}") from None
    for kinds in scopes():
        _refuse_clashes(kinds, result, sources)
    return result


def _checked(name: str, written: str, known: Mapping[str, Binding]) -> list[str]:
    if name not in known:
        alike = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {alike[0]}?" if alike else "tokentui guide app lists them."
        raise ValueError(f"there is no action {name}; {hint}")
    own = effective_keys(known[name], {})
    try:
        keys = _separate(",".join(_lowered(key.strip()) for key in written.split(",")))
    except InvalidBinding:
        keys = [""]
    if not all(map(_is_key, keys)):
        raise ValueError(
            f"{name} has {written!a}, but keys are written as n, N, ?, comma, ctrl+n, "
            "f2, space or delete, with commas between them."
        )
    for key in keys:
        if "alt" in key.split("+"):
            raise ValueError(
                f"{key} is Esc and then another key in most terminals; choose another key for "
                f"{name}."
            )
        if key not in own:
            _refuse_taken(name, key)
    return [*keys, *(key for key in own if key in FIXED and key not in keys)]


def _refuse_taken(name: str, key: str) -> None:
    if key in FIXED:
        raise ValueError(f"{key} keeps what it does; choose another key for {name}.")
    if name.partition(".")[0] in _WITH_FIELDS and (_types(key) or key in _FIELD_TAKES):
        raise ValueError(
            f"{key} is for the field that is typed in; give {name} a key such as ctrl+n or f2."
        )


def _lowered(key: str) -> str:
    return key.lower() if len(key) > 1 else key


def _is_key(key: str) -> bool:
    modifiers, plus, name = key.rpartition("+")
    if key in _NEVER_SENT:
        return False
    if not plus:
        return key in _NAMES or _types(key)
    # Shift and a letter is another letter.
    known = name in _NAMES or (_types(name) and modifiers != "shift")
    return known and set(modifiers.split("+")) <= _MODIFIERS


def _types(key: str) -> bool:
    """Whether the key types a character."""
    character = key_to_character(REPLACED_KEYS.get(key, key))
    return character is not None and character.isprintable()


def _refuse_clashes(
    kinds: tuple[type[DOMNode], ...], keymap: Mapping[str, str], sources: Mapping[str, str]
) -> None:
    bindings = [binding for kind in kinds for binding in declared(kind)]
    taken: dict[str, str] = {}
    for binding in (*bindings, *APP_BINDINGS):
        name = binding.id or ""
        for key in effective_keys(binding, keymap):
            other = taken.setdefault(key, name)
            if other != name and (changed := keymap.keys() & {other, name}):
                raise InvalidSetting(
                    f"{sources[f'keys.{min(changed)}']}: {key} would be for both {other} and "
                    f"{name}; give one of them another key."
                )
