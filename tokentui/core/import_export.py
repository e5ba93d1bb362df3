"""Tokens as text, for other programs and other servers: JSON and CSV. Never a secret."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from tokentui.core.access import parse_networks
from tokentui.core.batches import growing_batches
from tokentui.core.credential import SECRET_PATTERN, is_hash
from tokentui.core.errors import InvalidImport, InvalidInput
from tokentui.core.note import check_note
from tokentui.core.repositories import TokenRepository, every_token
from tokentui.core.text import ascii_json_list, printable
from tokentui.core.token import Token, check_name, clashing, to_record

_FIELDS = Token.__struct_fields__
_ACCOUNT_LIMIT = 64
# What begins so may be a formula to a spreadsheet (OWASP, CSV injection); tab, CR and LF are
# escaped anyway. The quote itself is among them, so that whatever is quoted can be read back.
_QUOTED = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")


class Form(StrEnum):
    """How tokens are written."""

    JSON = "json"
    CSV = "csv"


def write(tokens: Iterable[Token], form: Form, *, hashes: bool = False) -> Iterator[str]:
    """Yield `tokens` as text in parts, all their fields, but without hashes unless asked for."""
    fields = [name for name in _FIELDS if hashes or name != "hash"]
    records = map(to_record, tokens)
    match form:
        case Form.JSON:
            yield from ascii_json_list({name: each[name] for name in fields} for each in records)
            yield "\n"
        case Form.CSV:
            yield from csv_parts(fields, ([each[name] for name in fields] for each in records))


def csv_parts(titles: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield CSV in parts: a batch of rows at a time is taken."""
    import csv  # slow to load, and seldom needed

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    for batch in growing_batches(rows):
        writer.writerows(map(cell, row) for row in batch)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def read(text: str, form: Form) -> list[Token]:
    """Return the tokens that are written in `text`.

    Raises `InvalidImport` with all that is wrong with any of them. A hash may be left out only
    where the token is revoked; one that is revoked and has a hash loses it.
    """
    records = {Form.JSON: _from_json, Form.CSV: _from_csv}[form](text)
    tokens: list[Token] = []
    problems: list[str] = []
    for number, record in enumerate(records, 1):
        try:
            tokens.append(_token(record, form))
        except (ValueError, InvalidInput) as error:
            problems.append(f"Record {number} is not a token: {str(error).removesuffix('.')}.")
    counted = Counter(token.id for token in tokens)
    problems += [f"The token ID {each} occurs twice." for each, n in counted.items() if n > 1]
    if problems:
        raise InvalidImport(problems)
    return tokens


def missing(tokens: Sequence[Token], store: TokenRepository) -> list[Token]:
    """Return those of `tokens` that `store` does not have, to be added.

    What it has stays as it is, so an import changes no token and revives none. Raises
    `InvalidImport` where names are taken.
    """
    here = [*every_token(store)]
    # What a damaged record says of itself is believed where it is that it was revoked.
    known = {token.id for token in here} | {
        each for each, revoked in store.broken().items() if revoked
    }
    new = [token for token in tokens if token.id not in known]
    if taken := clashing([*here, *new]) & {token.name for token in new}:
        raise InvalidImport(
            [
                f"The name {name} is already in use or occurs twice. Rename one of the tokens."
                for name in sorted(taken)
            ]
        )
    return new


def cell(value: object) -> str:
    """Return `value` as a cell of CSV that no spreadsheet takes for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            text = printable(" ".join(value))
        case _:
            text = printable(str(value))
    return f"'{text}" if text.startswith(_QUOTED) else text


def _unquoted(cell: str) -> str:
    """Return what `cell` was made of."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_QUOTED) else cell


def _from_json(text: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except (ValueError, RecursionError):
        raise InvalidImport(
            ["This is not a JSON list of tokens, as tokentui export writes it."]
        ) from None


def _from_csv(text: str) -> Iterator[dict[str, Any]]:
    import csv

    rows = csv.DictReader(io.StringIO(text, newline=""), restkey="extra cells", strict=True)
    try:
        if not rows.fieldnames:
            raise InvalidImport(["The column titles are missing."])
        for row in rows:
            cells = {name: cell for name, cell in row.items() if cell}
            record: dict[str, Any] = {
                name: _unquoted(cell) if isinstance(cell, str) else cell
                for name, cell in cells.items()
            }
            if row.get("expires_at") == "":
                record["expires_at"] = None
            yield record | {"networks": (row.get("networks") or "").split()}
    except csv.Error as error:
        raise InvalidImport([f"Line {rows.line_num} is not valid CSV: {error}."]) from None


def _token(record: Mapping[str, Any], form: Form) -> Token:
    """Return the token that `record` is; raise `ValueError` or `InvalidInput`."""
    if SECRET_PATTERN.search(str(record)):
        raise ValueError("it contains a secret, which must not be stored; revoke that token")
    token = msgspec.convert({"hash": None, **record}, Token, strict=form is Form.JSON)
    check_name(token.name)
    check_note(token.note)
    if flaw := token.flaw():
        raise ValueError(flaw)
    for account in (token.account, token.revoked_by or token.account):
        if not (0 < len(account) <= _ACCOUNT_LIMIT and printable(account) == account):
            raise ValueError("the account name is not valid")
    token = replace(token, networks=parse_networks(token.networks))
    if token.revoked_at is not None:
        return replace(token, hash=None)
    if token.hash is None:
        raise ValueError("it has no hash, so its secret would never be valid (use export --hashes)")
    if not is_hash(token.hash):
        raise ValueError("its hash is not a bcrypt hash, or too costly to check")
    return token
