"""Stores in databases: empty ones, each with the key of its audit log in a folder."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from tokentui.stores.postgresql.opening import created

from .server import fresh_database

_kept = TemporaryDirectory(prefix="tokentui-keys-")


def fresh_store(keys: Path, *, passing: bool = True) -> str:
    """Return the URL of an empty store; the key of its audit log is in the folder `keys`.

    `passing` is as for `fresh_database`.
    """
    url = fresh_database(_prepare, passing=passing)
    shutil.copytree(_kept.name, keys, dirs_exist_ok=True)
    return url


def _prepare(url: str) -> None:
    created(url, Path(_kept.name))
