"""A copy of the audit log for syslog, and so for journald."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic

_PRIORITY = 10 * 8 + 6
"""Facility authpriv, severity info: RFC 5424, 6.2.1."""
_STALL = 0.1
"""How many seconds a syslog may take for a line before it is given up."""
_LONGEST = 2.0
"""How many seconds all lines may take together."""


def to_syslog(address: str) -> Callable[[Sequence[str]], None]:
    """Return what sends lines to the syslog that listens at `address`, such as /dev/log.

    A syslog that does not listen, or does not read, loses them: the log itself is what counts.
    """

    def send(lines: Sequence[str]) -> None:
        end = monotonic() + _LONGEST
        with suppress(OSError), _connected(address) as connection:
            for line in lines:
                connection.sendall(f"<{_PRIORITY}>tokentui: {line}\0".encode())
                if monotonic() > end:
                    break

    return send


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    """Connect to a socket of datagrams, as most listen at, or else to one of a stream."""
    try:
        connection = _connect(address, socket.SOCK_DGRAM)
    except OSError:
        connection = _connect(address, socket.SOCK_STREAM)
    with connection:
        yield connection


def _connect(address: str, kind: socket.SocketKind) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, kind)
    try:
        connection.settimeout(_STALL)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection
