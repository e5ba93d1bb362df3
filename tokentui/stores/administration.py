"""What an administrator does with a store in a database as a whole."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tokentui.core.audit import Actor
from tokentui.core.clock import utc_now
from tokentui.core.errors import StoreError, StoreUnknown
from tokentui.core.store_url import is_database
from tokentui.stores import (
    AuditOptions,
    default_keys,
    needing_psycopg,
    open_backend,
    usage_path,
)
from tokentui.stores import contents as contents_of
from tokentui.stores.lock import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokentui.core.clock import Clock
    from tokentui.stores.contents import Contents, Copied, Destination
    from tokentui.stores.file.backend import FileBackend
    from tokentui.stores.file.copying import FileContents, FileDestination
    from tokentui.stores.status import StoreStatus


def create(url: str, *, anchor: str | None = None, keys: str | None = None) -> str:
    """Make an empty store in a database.

    Args:
        url: The database, as its owner.
        anchor: The file with the end of the audit log; None for one beside the key.
        keys: The folder with the keys of audit logs; None for that of this user.

    Returns:
        The folder with the key of the audit log.

    Raises:
        StoreError: The database holds a store already, or refuses. Nothing was changed.
    """
    _check_database(url)
    with needing_psycopg():
        from tokentui.stores.postgresql.opening import created
    return str(created(url, _folder(keys), Path(anchor) if anchor else None))


def upgrade(url: str) -> bool:
    """Bring a store in a database to the version of this program.

    Args:
        url: The database, as its owner.

    Returns:
        Whether there was something to do.

    Raises:
        StoreTooNew: The store needs a newer program.
        StoreError: There is no store, or the database refuses. Nothing was changed.
    """
    _check_database(url)
    with needing_psycopg():
        from tokentui.stores.postgresql.opening import upgraded
    return upgraded(url)


def status(
    url: str, *, anchor: str | None = None, keys: str | None = None, clock: Clock = utc_now
) -> StoreStatus:
    """Look at a store in a database.

    Args:
        url: The database.
        anchor: As in `create`.
        keys: As in `create`.
        clock: The present moment.

    Returns:
        How it is.

    Raises:
        StoreError: The database does not answer, or holds no store.
    """
    _check_database(url)
    with needing_psycopg():
        from tokentui.stores.postgresql.chain_files import ChainFiles
        from tokentui.stores.postgresql.status import status_of
    named = Path(anchor) if anchor else None

    def files(fingerprint: str) -> ChainFiles:
        return ChainFiles(_folder(keys), named, lambda: fingerprint)

    return status_of(url, files, clock)


def _folder(keys: str | None) -> Path:
    return Path(keys) if keys else default_keys()


def _check_database(url: str) -> None:
    if not is_database(url):
        raise StoreUnknown(f"{url} is not a database URL. Write it as postgresql://HOST/DATABASE.")


def copy(
    source: str,
    target: str,
    *,
    who: str,
    usage: str | None = None,
    anchor: str | None = None,
    keys: str | None = None,
) -> Copied:
    """Copy a store: tokens, accounts, passwords, uses and the audit log with its chain and key.

    Until the copy is complete and was compared with the source, there is none. Nobody can change
    the source meanwhile.

    Args:
        source: The path of a file, or the URL of a database.
        target: A file that is not there yet, or a database in which an empty store was made.
            Of a database and a file, at least one is a database.
        who: Who copies, for those who have to wait.
        usage: The file with the uses, if one of the two is a file; None for the one beside it.
        anchor: The file with the end of the audit log of both; None for one beside the key.
        keys: As in `create`.

    Returns:
        How much was copied.

    Raises:
        StoreError: Nothing was copied, for the reason that it says.
        OutcomeUnknown: The database did not say whether it has the copy.
    """
    if not (is_database(source) or is_database(target)):
        raise StoreError("Both stores are files. Copy the folder while nobody changes the store.")
    with needing_psycopg():
        from tokentui.stores.postgresql import copying
    keeping = copying.Keeping(_folder(keys), Path(anchor) if anchor else None)
    with ExitStack() as stack:
        contents: Contents
        destination: Destination
        if is_database(source):
            contents = stack.enter_context(copying.reading(source, keeping, who))
        else:
            contents = stack.enter_context(_from_file(source, usage, anchor, who))
        if is_database(target):
            destination = stack.enter_context(copying.writing(target, keeping, who))
        else:
            destination = stack.enter_context(_to_file(target, usage, anchor, who))
        with interruptible():
            return contents_of.copy(contents, destination)


@contextmanager
def _from_file(
    path: str, usage: str | None, anchor: str | None, who: str
) -> Iterator[FileContents]:
    from tokentui.stores.file import copying

    with copying.reading(_files(path, usage, anchor, who)) as contents:
        yield contents


@contextmanager
def _to_file(
    path: str, usage: str | None, anchor: str | None, who: str
) -> Iterator[FileDestination]:
    from tokentui.stores.file import copying

    backend = _files(path, usage, anchor, who)
    with copying.writing(backend, usage_path(path, usage)) as destination:
        yield destination


def _files(path: str, usage: str | None, anchor: str | None, who: str) -> FileBackend:
    from tokentui.stores.file.backend import FileBackend

    options = AuditOptions(Actor(who), anchor=anchor)
    backend = open_backend(path, usage=usage, audit=options)
    if not isinstance(backend, FileBackend):
        raise StoreUnknown(f"{path} is not a file.")
    return backend
