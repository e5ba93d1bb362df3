"""The guide's table of keys. `python -m tests.keys` writes it from the bindings."""

from collections.abc import Iterator
from pathlib import Path

from textual.app import App
from textual.binding import Binding

from tokentui.ui import keys

PAGE = Path(__file__).parent.parent / "tokentui" / "guide" / "app.md"
START, END = "<!-- keys -->\n", "<!-- end of keys -->\n"


def table() -> str:
    """Return the table of keys, with the name of each action in the settings."""
    lines = ["| where | keys | what | name |", "| --- | --- | --- | --- |", *_rows()]
    return "".join(f"{line}\n" for line in lines)


def _rows() -> Iterator[str]:
    everywhere = {binding.id for binding in keys.APP_BINDINGS}
    for kind in (kind for kinds in keys.scopes() for kind in kinds):
        own = [binding for binding in keys.declared(kind) if binding.id not in everywhere]
        yield from _group(kind.BINDING_GROUP_TITLE or "", own)
    yield from _group("Everywhere", keys.APP_BINDINGS)


def _group(where: str, bindings: list[Binding]) -> Iterator[str]:
    spelled = App[None]().get_key_display
    for binding in bindings:
        if binding.description:
            own = keys.effective_keys(binding, {})
            written = " ".join(f"`{keys.display(spelled(Binding(key, '')))}`" for key in own)
            what = binding.tooltip or binding.description
            yield f"| {where} | {written} | {what} | `{binding.id}` |"
            where = ""


def in_guide() -> tuple[str, str, str]:
    """Return the page in three parts, of which the one in the middle is the table."""
    before, _, rest = PAGE.read_text().partition(START)
    middle, _, after = rest.partition(END)
    return before + START, middle, END + after


if __name__ == "__main__":
    before, _, after = in_guide()
    PAGE.write_text(before + table() + after)
