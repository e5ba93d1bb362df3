"""The note of a token: what it is for, and whom to ask."""

from tokentui.core.credential import SECRET_PATTERN
from tokentui.core.errors import InvalidNote
from tokentui.core.text import printable

NOTE_LIMIT = 200


def check_note(note: str) -> None:
    """Raise `InvalidNote` unless `note` is one printable line of at most 200 characters.

    A secret is refused as well: notes are stored and exported as they are.
    """
    if len(note) > NOTE_LIMIT:
        raise InvalidNote(f"A note has at most {NOTE_LIMIT} characters: this has {len(note)}.")
    if (wrong := next((char for char in note if printable(char) != char), None)) is not None:
        raise InvalidNote(f"A note is one line of printable text: {wrong!a} is not allowed.")
    if SECRET_PATTERN.search(note):
        raise InvalidNote("A note must not contain a secret: notes are not kept secret.")


def parse_note(text: str) -> str:
    """Return a note as it is stored, without spaces around it; raise `InvalidNote`."""
    note = text.strip(" ")
    check_note(note)
    return note
