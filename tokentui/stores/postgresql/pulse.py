"""The pulse of a verifier: a write that only a primary with its quorum can confirm.

A primary that was cut off goes on to answer reads, with tokens that were revoked elsewhere since.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

from tokentui.core.cancel import Cancel
from tokentui.core.errors import StoreError, StoreUnavailable
from tokentui.stores.postgresql.background import BackgroundCall
from tokentui.stores.postgresql.connections import Connection, Connections
from tokentui.stores.postgresql.feed import SERVER

EVERY = 1.0
"""How many seconds after a pulse the next one is due."""
COUNTS = 3.0
"""For how many seconds a pulse proves that a server is the primary."""
_PATIENCE = 2.0
"""How many seconds the standbys have to confirm a pulse."""
_PULSES_AN_HOUR = 3600
_NEVER = float("-inf")

_WRITE = (
    "INSERT INTO pulse (verifier, at) VALUES (%s, now()) "
    f"ON CONFLICT (verifier) DO UPDATE SET at = now() RETURNING {SERVER}"
)
_FORGET = "DELETE FROM pulse WHERE at < now() - interval '1 hour'"


class Pulse:
    """Writes the row of this process, and knows which server confirmed that, and when.

    It is written in a thread of its own, since it waits for standbys: whoever reads does not. Only
    the thread that looks at the store calls this.
    """

    def __init__(self, connections: Connections, monotonic: Callable[[], float]) -> None:
        self._connections = connections
        self._monotonic = monotonic
        self._writing = BackgroundCall()
        self._written = 0
        self._begun_at = self._confirmed_at = _NEVER
        self._server: str | None = None
        """Which server confirmed the last one."""

    def proves(self, server: str) -> bool:
        """Say whether a server is the primary, as far as the last pulse can tell."""
        return server == self._server and self._monotonic() - self._confirmed_at <= COUNTS

    def keep_up(self, cancel: Cancel) -> None:
        """Write the next pulse if it is due, without waiting for it."""
        if self._monotonic() - self._begun_at >= EVERY and not self._writing.under_way:
            self._writing.start(lambda: self._write(cancel))

    def wait(self, cancel: Cancel) -> None:
        """Write a pulse, and wait until it is confirmed.

        Args:
            cancel: Looked at meanwhile.

        Raises:
            Cancelled: `cancel` was requested.
            StoreError: It was not confirmed in time, or the database refuses.
        """
        if not self._writing.under_way:
            self._writing.start(lambda: self._write(cancel))
        self._writing.wait()

    def join(self, timeout: float) -> None:
        """Wait until nothing is under way, for `timeout` seconds at most. Raises nothing."""
        self._writing.join(timeout)

    def _write(self, cancel: Cancel) -> None:
        begun_at = self._begun_at = self._monotonic()
        try:
            server = self._connections.ask(self._confirmed, cancel, _PATIENCE)
        except StoreError:
            # Another connection may be one to another host.
            self._connections.close()
            raise
        self._server, self._confirmed_at = server, begun_at
        self._written += 1
        if self._written % _PULSES_AN_HOUR == 2:
            with suppress(StoreError):
                self._connections.ask(lambda it: it.send(_FORGET), cancel, _PATIENCE)

    def _confirmed(self, connection: Connection) -> str:
        connection.unconfirmed = False
        server: str
        (server,) = connection.one(_WRITE, [f"{socket.gethostname()} {os.getpid()}"])
        if connection.unconfirmed:
            connection.close()
            raise StoreUnavailable(
                f"{self._connections.url} responds, but no standby confirms its writes, so it "
                "may be a former primary."
            )
        return server
