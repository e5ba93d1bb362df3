"""Tokens as rows of the database, and back."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from psycopg import Cursor

from tokentui.core.records import Edit, NameKey, Needs, Records, held_by
from tokentui.core.token import Token, name_key
from tokentui.stores.postgresql.connections import Connection

_FIELDS = Token.__struct_fields__
COLUMNS = ", ".join(f"t.{field}" for field in _FIELDS)
"""The columns of the table `tokens AS t` that `token_of` reads."""

_TYPES = {
    "id": "text",
    "account": "text",
    "name": "text",
    "name_key": "text",
    "created_at": "timestamptz",
    "expires_at": "timestamptz",
    "saved_at": "timestamptz",
    "revoked_at": "timestamptz",
    "revoked_by": "text",
    "hash": "text",
    "read_only": "boolean",
    "networks": "text",  # an array of arrays would have to be a rectangle
    "replaced_by": "text",
    "revision": "integer",
    "note": "text",
    "note_key": "text",
}
_READ = {
    "expires_at": "coalesce(n.expires_at, 'infinity')",
    "networks": "string_to_array(n.networks, ' ')",
}
_FROM_ARRAYS = (
    "FROM unnest("
    + ", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items())
    + f") AS n({', '.join(_TYPES)})"
)
_INSERT = (
    f"INSERT INTO tokens ({', '.join(_TYPES)}, changed) "
    f"SELECT {', '.join(_READ.get(name, f'n.{name}') for name in _TYPES)}, %(changed)s "
    f"{_FROM_ARRAYS}"
)
_UPDATE = (
    "UPDATE tokens AS t SET "
    + ", ".join(f"{name} = {_READ.get(name, f'n.{name}')}" for name in _TYPES if name != "id")
    + f", changed = %(changed)s {_FROM_ARRAYS} WHERE t.id = n.id"
)


def token_of(values: Sequence[Any]) -> Token:
    """Return the token in the values of `COLUMNS`."""
    facts = dict(zip(_FIELDS, values, strict=True))
    facts["networks"] = tuple(facts["networks"])
    return Token(**facts)


def by_id(connection: Connection, ids: Collection[str]) -> Mapping[str, Token]:
    """Return those of the tokens that there are, by ID; raise `psycopg.Error`."""
    return _by_id(_send_ids(connection, ids))


def ask_records(connection: Connection, needs: Needs) -> Callable[[], Records]:
    """Ask for what a change needs, and return what fetches it; both raise `psycopg.Error`."""
    found, holding = _send_ids(connection, needs.ids), _send_names(connection, needs.names)

    def fetch() -> Records:
        holders: dict[NameKey, list[Token]] = {}
        for token in map(token_of, holding.fetchall()):
            holders.setdefault(held_by(token), []).append(token)
        return Records(tokens=_by_id(found), holders=holders)

    return fetch


def _send_ids(connection: Connection, ids: Collection[str]) -> Cursor[Any]:
    wanted = list(filter(storable, ids))
    return connection.send(f"SELECT {COLUMNS} FROM tokens AS t WHERE id = ANY(%s)", [wanted])


def _send_names(connection: Connection, names: Collection[NameKey]) -> Cursor[Any]:
    wanted = [pair for pair in names if all(map(storable, pair))]
    return connection.send(
        f"SELECT {COLUMNS} FROM unnest(%s::text[], %s::text[]) AS n (account, name_key) "
        "JOIN tokens AS t USING (account, name_key) "
        "WHERE t.revoked_at IS NULL AND t.replaced_by IS NULL",
        [[account for account, _ in wanted], [key for _, key in wanted]],
    )


def _by_id(found: Cursor[Any]) -> Mapping[str, Token]:
    return {token.id: token for token in map(token_of, found.fetchall())}


def write(connection: Connection, edit: Edit, changed: int) -> None:
    """Write what a change makes of tokens; `changed` is its number. Raises `psycopg.Error`."""
    for statement, tokens in ((_UPDATE, edit.replaced), (_INSERT, edit.added)):
        if tokens:
            connection.send(statement, {**_arrays(tokens), "changed": changed})


def load(connection: Connection, tokens: Iterable[Token], changed: int) -> None:
    """Write tokens into an empty table; `changed` is the number of the change.

    Raises `psycopg.Error`.
    """
    columns = f"{', '.join(_TYPES)}, changed"
    with connection.cursor().copy(f"COPY tokens ({columns}) FROM STDIN".encode()) as copy:
        for token in tokens:
            copy.write_row([*(_loaded(token, name) for name in _TYPES), changed])


def _loaded(token: Token, name: str) -> Any:
    match name:
        case "name_key":
            return name_key(token.name)
        case "note_key":
            return name_key(token.note)
        case "expires_at":
            return token.expires_at or "infinity"
        case "networks":
            return list(token.networks)
    return getattr(token, name)


def _arrays(tokens: Iterable[Token]) -> dict[str, list[Any]]:
    """Return the values of `tokens`, a list a column."""
    arrays: dict[str, list[Any]] = {name: [] for name in _TYPES}
    for token in tokens:
        for field in _FIELDS:
            arrays[field].append(getattr(token, field))
        arrays["name_key"].append(name_key(token.name))
        arrays["note_key"].append(name_key(token.note))
        arrays["networks"][-1] = " ".join(token.networks)
    return arrays


def storable(text: str) -> bool:
    """Say whether the database can hold `text`: if not, it holds it nowhere."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
