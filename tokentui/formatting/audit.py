"""Entries of the audit log as people read them, on the screen and from the commands."""

import re
from collections.abc import Sequence
from datetime import datetime

from tokentui import formatting
from tokentui.core.audit import Action, Entry, Outcome
from tokentui.core.display import DisplayContext
from tokentui.core.text import printable
from tokentui.core.token import name_key

EVENT: dict[str, str] = {
    Action.CREATE: "Create token",
    Action.SAVE: "Save token",
    Action.RENAME: "Rename token",
    Action.ACCESS: "Change access",
    Action.NOTE: "Change note",
    Action.ROTATE: "Rotate token",
    Action.REVOKE: "Revoke token",
    Action.RETIRE: "End overlap",
    Action.LOOK: "Look up token",
    Action.IMPORT: "Import tokens",
    Action.RESTORE: "Restore backup",
    Action.COMMAND: "Run command",
    Action.LOG_IN: "Sign in",
    Action.LOCK: "Lock",
    Action.UNLOCK: "Unlock",
    Action.ACCOUNT: "Change account",
    Action.PASSWORD: "Change password",
    Action.KEY: "Change SSH key",
    Action.TRAIL: "Use audit log",
}
"""The stored actions of the audit log in words."""
_STORED_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")
_PART_OF_A_MOMENT = re.compile(
    r"(?:.*\s)?"
    r"(?:[./-]?\d{1,4}(?:[./-](?:\d{0,2}|\d\d[./-]\d{0,4}))?"  # of a day
    r"|:?\d{1,2}(?::\d{0,2})?\.?)\s*"  # of a minute
)
"""What a moment in local time may contain, even if typing is not finished; no address is that."""
OUTCOME: dict[str, str] = {
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.REFUSED: "denied",
}


def event(entry: Entry) -> str:
    """Return what was done, or tried, in words, such as Sign in, denied."""
    outcome = OUTCOME.get(entry.outcome, printable(entry.outcome))
    word = EVENT.get(entry.action, printable(entry.action))
    return word if entry.outcome == Outcome.DONE else f"{word}, {outcome}"


def details(context: DisplayContext, entry: Entry) -> str:
    """Return what more is stored of an event, its moments in local time."""

    def shown(moment: re.Match[str]) -> str:
        try:
            return formatting.minute(context, datetime.fromisoformat(moment[0]))
        except ValueError:
            return moment[0]

    return _STORED_MOMENT.sub(shown, printable(entry.about or ""))


def stored_part(text: str) -> str:
    """Return `text` if only what is stored can contain it, and nothing if our words may as well.

    A search for what is returned finds all entries of which `contains` is true, among others.
    """
    ours = (f"{word}, {outcome}" for word in EVENT.values() for outcome in OUTCOME.values())
    if _PART_OF_A_MOMENT.fullmatch(text):
        return ""
    return "" if any(name_key(text) in name_key(each) for each in ours) else text


def contains(context: DisplayContext, entry: Entry, text: str) -> bool:
    """Say whether an entry contains `text`, in the words that are stored or in ours."""
    ours = (event(entry), details(context, entry))
    return entry.holds(text) or any(name_key(text) in name_key(each) for each in ours)


def entry_cells(context: DisplayContext, entry: Entry) -> tuple[str, str, str, str, str, str]:
    """Return time, account, event, token, address and details of an entry of the audit log."""
    return (
        formatting.minute(context, entry.time),
        printable(entry.account or "nobody"),
        event(entry),
        printable(entry.name or ""),
        printable(entry.address or "local"),
        details(context, entry),
    )


def change_cells(
    context: DisplayContext, entries: Sequence[Entry]
) -> tuple[str, str, str, str, str, str]:
    """Return the cells of one change that has several entries, latest first."""
    first = entries[-1]
    names = list(dict.fromkeys(printable(entry.name or "") for entry in reversed(entries)))
    which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"
    done = event(first)
    if len({entry.action for entry in entries}) == 1:
        done = done.replace("token", formatting.tokens(len(entries)))
    when, who, _, _, address, about = entry_cells(context, first)
    return when, who, done, which, address, about if len(names) == 1 else ""


def entry_facts(context: DisplayContext, entry: Entry, *, numbered: bool) -> list[tuple[str, str]]:
    """Return all of an entry, label by label; where `numbered`, its number as well."""
    facts = [("Entry", f"{entry.seq:,}")] if numbered else []
    facts += [
        ("Time", formatting.second(context, entry.time)),
        ("Event", event(entry)),
        ("Account", printable(entry.account or "nobody")),
        ("OS user", printable(entry.os_user)),
        ("Address", printable(entry.address or "local")),
    ]
    if entry.token:
        facts.append(("Token", f"{printable(entry.name or '')} ({printable(entry.token)})"))
    if entry.about:
        facts.append(("Details", details(context, entry)))
    if entry.change:
        facts.append(("Change", printable(entry.change)))
    return facts


def entry_row(context: DisplayContext, entry: Entry, *, numbered: bool) -> tuple[str, ...]:
    """Return the cells of an entry, beside who it was the OS user; where `numbered`, its number."""
    _, who, *more = entry_cells(context, entry)
    if entry.os_user != entry.account:
        who += f" ({printable(entry.os_user)})"
    number = [f"{entry.seq:>6}"] if numbered else []
    return (*number, formatting.second(context, entry.time), who, *more)


def entry_sentence(context: DisplayContext, entry: Entry, *, numbered: bool) -> str:
    """Return all of an entry that its cells may have no room for."""
    number = f"{entry.seq}: " if numbered else ""
    token = f" {printable(entry.name or '')} ({printable(entry.token)})" if entry.token else ""
    said = f"{number}{event(entry)}{token}"
    by = f"by {printable(entry.account or 'nobody')}, OS user {printable(entry.os_user)}"
    return f"{said}, {by}. {details(context, entry)}".rstrip()
