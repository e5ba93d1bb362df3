"""URLs of databases: what people write, and what is made of it before anybody connects."""

import configparser
import os
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tokentui.core.errors import StoreUnknown

_LOAD_BALANCING = 160000
"""The version of libpq since which it can choose among hosts."""
_DEFAULTS: Mapping[str, Any] = {
    # Of several hosts, the one that takes changes.
    "target_session_attrs": "read-write",
    "application_name": "tokentui",
    "connect_timeout": 2,
    # A host that is gone without a word is noticed.
    "tcp_user_timeout": 2000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    # One that was cut off, but takes changes that nobody confirms, is not tried first each time.
    **({"load_balance_hosts": "random"} if pq.version() >= _LOAD_BALANCING else {}),
}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian and Fedora keep the certificates of all authorities."""


def conninfo_of(url: str, **more: str) -> str:
    """Make of a URL what libpq connects by.

    Args:
        url: A URI as libpq reads it, such as `postgresql:///?service=tokens`.
        **more: What stands in the place of what the URL says, by the names of libpq.

    Returns:
        The connection string, with what neither the URL nor its service says.

    Raises:
        StoreUnknown: It is no such URI, has a password in it, which `ps` would show, or would talk
            to a host without checking who that is.
    """
    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        raise StoreUnknown(
            "This is not a database URL. Write it as postgresql://HOST/DATABASE or "
            "postgresql:///?service=NAME."
        ) from None
    if "password" in given:
        raise StoreUnknown(
            "Others can see a password in a URL. Remove it, and put it into ~/.pgpass."
        )
    known = {**_from_environment(), **_service(given.get("service")), **given}
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in known}
    if _is_far(known):
        defaults |= _checked_by_certificate(known)
    return make_conninfo("", **{**defaults, **given, **more})


def _from_environment() -> Mapping[str, Any]:
    names = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "sslmode": "PGSSLMODE"}
    more = {"sslrootcert": "PGSSLROOTCERT", "target_session_attrs": "PGTARGETSESSIONATTRS"}
    service = _service(os.environ.get("PGSERVICE"))
    found = {name: os.environ.get(each) for name, each in (names | more).items()}
    return {**service, **{name: value for name, value in found.items() if value}}


def _service(name: Any) -> Mapping[str, Any]:
    """Return what a connection service file says of a service (libpq, 34.17); nothing if none."""
    if not name:
        return {}
    named = os.environ.get("PGSERVICEFILE")
    own = Path(named) if named else Path("~/.pg_service.conf").expanduser()
    folder = os.environ.get("PGSYSCONFDIR", "/etc/postgresql-common")
    for path in (own, Path(folder) / "pg_service.conf"):
        services = configparser.RawConfigParser(delimiters="=", comment_prefixes="#", strict=False)
        with suppress(OSError, configparser.Error):
            services.read_string(path.read_text())
            if services.has_section(str(name)):
                return dict(services[str(name)])
    return {}


def _is_far(known: Mapping[str, Any]) -> bool:
    """Say whether any host is reached neither by a socket nor by loopback."""
    hosts = str(known.get("host") or known.get("hostaddr") or "").split(",")
    return not all(not host or host.startswith(("/", "@")) or host in _LOOPBACK for host in hosts)


def _checked_by_certificate(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what makes libpq check who a host is; raise `StoreUnknown` where that is forbidden."""
    mode = known.get("sslmode", "verify-full")
    if mode != "verify-full":
        raise StoreUnknown(
            f"sslmode={mode} does not verify the host. Remove it, or use verify-full."
        )
    own = Path("~/.postgresql/root.crt").expanduser()
    if "sslrootcert" in known or own.exists():
        return {"sslmode": mode}
    # What OpenSSL was built with is not where this system keeps its certificates.
    system = ssl.get_default_verify_paths().cafile
    return {"sslmode": mode, "sslrootcert": _first_file([system, *_BUNDLES]) or "system"}


def _first_file(paths: Iterable[str | None]) -> str | None:
    return next((path for path in paths if path and Path(path).is_file()), None)
