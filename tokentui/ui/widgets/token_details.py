"""All that is known of a token, beside the list."""

from collections.abc import Iterator
from textwrap import wrap

from textual.content import Content
from textual.widgets import Static

from tokentui import formatting
from tokentui.core.display import DisplayContext
from tokentui.core.query import TokenRow
from tokentui.core.text import printable
from tokentui.core.token import Token
from tokentui.ui.widgets.token_row import ends, row_text

_LABELS = 11
_TONES = {"": "$ok", "soon": "$warn", "unsaved": "$warn", "expired": "$bad", "muted": "$dim"}
_ABOVE = {"Name", "Note", "Status", "Expires", "Created"}
"""What stands above the labels, in another form."""


class TokenDetails(Static):
    """Shows one token: name, status and note, how much of its life has passed, then the rest."""

    def show(self, context: DisplayContext, row: TokenRow | None) -> None:
        """Show a token, or nothing."""
        width = max(_LABELS + 1, self.size.width)
        lines = [] if row is None else _lines(context, row, width)
        self.update(Content("\n").join(lines), layout=False)


def _lines(context: DisplayContext, row: TokenRow, width: int) -> Iterator[Content]:
    token = row.token
    words = row_text(context, row)
    tone = _TONES[words.tone]
    for line in fold(words.name, width):
        yield Content.styled(line, "bold $ink")
    status = formatting.status(context, token)
    yield Content.assemble((words.glyph, tone), f" {status}")
    for line in wrap(printable(token.note), width):
        yield Content.styled(line, "$dim")
    yield Content("")
    if token.revoked_at is None:
        yield from _life(context, token, width, tone)
    for label, value in formatting.details(context, row):
        if label not in _ABOVE:
            yield from _labelled(label, value, width)


def _life(context: DisplayContext, token: Token, width: int, tone: str) -> Iterator[Content]:
    """Yield when a token expires, and how far between its creation and its end it is."""
    yield Content.assemble(("Expires".ljust(_LABELS), "$dim"), ends(context, token))
    created = formatting.day(context, token.created_at)
    if token.expires_at is None:
        yield Content.assemble(("Created".ljust(_LABELS), "$dim"), created)
        yield Content("")
        return
    passed = (context.now - token.created_at) / (token.expires_at - token.created_at)
    filled = round(width * min(1.0, max(0.0, passed)))
    yield Content.assemble(("━" * filled, tone), ("─" * (width - filled), "$rule"))
    expires = formatting.day(context, token.expires_at)
    yield Content.styled(created + expires.rjust(width - len(created)), "$dim")
    yield Content("")


def _labelled(label: str, value: str, width: int) -> Iterator[Content]:
    lines = wrap(value, max(1, width - _LABELS)) or [""]
    for number, line in enumerate(lines):
        shown = label if number == 0 else ""
        yield Content.assemble((shown.ljust(_LABELS), "$dim"), line)


def fold(name: str, width: int) -> list[str]:
    """Return a name in lines of at most `width` cells, broken behind a - or _ where it has one."""
    if len(name) <= max(1, width):
        return [name]
    behind = max(name.rfind(each, 0, width) for each in "-_") + 1 or width
    return [name[:behind], *fold(name[behind:], width)]
