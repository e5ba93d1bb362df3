"""A row of the list of tokens, in short words."""

from datetime import timedelta
from typing import NamedTuple

from textual.content import Content

from tokentui import formatting
from tokentui.core.display import DisplayContext
from tokentui.core.query import TokenRow
from tokentui.core.text import printable
from tokentui.core.token import Status, Token
from tokentui.core.usage import Usage

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LONGEST = 11
UNSAVED = "?", "unsaved"
LOOKS = {
    Status.ACTIVE: ("•", ""),
    Status.EXPIRES_SOON: ("!", "soon"),
    Status.EXPIRED: ("\N{MULTIPLICATION SIGN}", "expired"),
    Status.REPLACED: ("»", "muted"),
    Status.REVOKED: ("\N{MULTIPLICATION SIGN}", "muted"),
}
"""A glyph and a tone a status. The fonts of all consoles have the glyphs."""


class RowText(NamedTuple):
    """A row in words, with a glyph and a tone: soon, expired, unsaved, muted or none.

    `ends` is when the token expires or was revoked, `ends_brief` the same in at most 5 cells, and
    `expires_on` its date; `use` is when it was last used or who revoked it.
    """

    name: str
    owner: str
    created: str
    expires_on: str
    ends: str
    ends_brief: str
    use: str
    address: str
    access: str
    status: str
    glyph: str
    tone: str

    def tone_of(self, field: str) -> str:
        """Return the tone of a field; none for plain text."""
        match field:
            case "name":
                return "muted" if self.tone == "muted" else ""
            # Whether the secret was saved says nothing of when the token expires.
            case "ends" | "ends_brief":
                return "" if self.tone == "unsaved" else self.tone
            case "status":
                return self.tone or "muted"
        return "muted"


def row_text(context: DisplayContext, row: TokenRow) -> RowText:
    """Return `row` in words."""
    token, usage = row.token, row.usage
    revoked = token.revoked_at is not None
    status = context.status(token)
    unsaved = token.never_saved and status in {Status.ACTIVE, Status.EXPIRES_SOON}
    glyph, tone = UNSAVED if unsaved else LOOKS[status]
    return RowText(
        name=printable(token.name),
        owner=printable(token.account),
        created=formatting.day(context, token.created_at),
        expires_on=formatting.day(context, token.expires_at) if token.expires_at else "",
        ends=ends(context, token),
        ends_brief=_ends_brief(context, token),
        use=printable(token.revoked_by or "") if revoked else ago(context, usage),
        address=printable((usage and usage.address) or ""),
        access=_access(token),
        status=formatting.brief_status(context, token),
        glyph=glyph,
        tone=tone,
    )


def _access(token: Token) -> str:
    if token.read_only:
        return "read-only"
    return "limited" if token.networks else "full"


def ends(context: DisplayContext, token: Token) -> str:
    """Return when a token expires, or was revoked, in at most 11 cells, such as in 90 days.

    Of one that was replaced, to the hour.
    """
    moment = token.revoked_at or token.expires_at
    if moment is None:
        return "never"
    left = moment - context.now
    if token.replaced_by is None or not timedelta(0) < left < 2 * _DAY:
        return _shortened(formatting.distance(context, moment))
    return f"in {left // _HOUR} h" if left >= _HOUR else f"in {left // _MINUTE} min"


def _shortened(distance: str) -> str:
    if len(distance) <= _LONGEST:
        return distance
    return distance.replace(" days", " d").replace(" years", " y")


def _ends_brief(context: DisplayContext, token: Token) -> str:
    moment = token.revoked_at or token.expires_at
    if moment is None:
        return "never"
    days = (context.local(moment).date() - context.today).days
    return f"{days}d" if abs(days) < 1000 else f"{days // 365}y"


def ago(context: DisplayContext, usage: Usage | None) -> str:
    """Return how long ago a token was last used, in at most 9 cells, such as 2 h ago or never."""
    if usage is None:
        return "never"
    passed = context.now - usage.last_used_at
    days = (context.today - context.local(usage.last_used_at).date()).days
    if passed < _MINUTE:
        return "now"
    if passed < _HOUR:
        return f"{passed // _MINUTE} min"
    if days == 1:
        return "yesterday"
    if passed < _DAY:
        return f"{passed // _HOUR} h ago"
    return f"{days} d ago" if days < 1000 else f"{days // 365} y ago"


def brief_lines(context: DisplayContext, row: TokenRow) -> Content:
    """Return `row` in two lines, for where no pane has room beside the list."""
    token = row.token
    status = formatting.status(context, token)
    facts = [
        f"ID {token.id}",
        f"created {formatting.day(context, token.created_at)}",
        f"owner {printable(token.account)}",
        *([formatting.access(token)] if token.read_only or token.networks else []),
    ]
    first = "  ".join(["", status, *([printable(token.note)] if token.note else [])])
    return Content.assemble((printable(token.name), "bold $ink"), f"{first}\n", " · ".join(facts))
