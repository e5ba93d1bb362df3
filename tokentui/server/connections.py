"""Connections to the endpoint: how many there may be, and how long each may take."""

import asyncio
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tokentui.server.proxies import TrustedProxies

_FIRST_REQUEST = 10.0
"""How many seconds a new connection has for the headers of its first request."""
_ANSWER = 60.0
"""How many seconds a request may be under way, to the last byte of its answer."""
_KEEP_ALIVE = 180
"""How many seconds a connection is kept after an answer.

Proxies keep theirs for 60 s (nginx), 90 s (Traefik) or 120 s (Caddy): they must be the first to
close, or a request may be sent into a connection that just ended.
"""
_LONGEST_HEAD = 65536
"""How many bytes the headers of a request may have that do not come in one piece."""
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"
_MOST_FILES = 4096
_SWEEP = 1.0


PassAtOnce = Callable[[str | None, Sequence[tuple[bytes, bytes]]], bytes | None]
"""Returns the headers of the response to a peer whose request has these headers, as lines.

None where only the ASGI app can respond.
"""


class Endable(Protocol):
    """A connection, as much of it as is needed here."""

    def abort(self) -> None:
        """End it at once, whatever it still has to send."""


class Pool:
    """A bounded number of connections; where there is no room, who waited longest makes some.

    A connection waits where it has no request under way: it is idle, or sends its headers slowly.
    Evicting the least recently used keeps what is in use, whatever number of others is opened.
    """

    def __init__(self, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        # Each with when it came there, the oldest first.
        self._new: dict[Endable, float] = {}
        self._idle: dict[Endable, float] = {}
        self._busy: dict[Endable, float] = {}

    def __len__(self) -> int:
        return len(self._new) + len(self._idle) + len(self._busy)

    def add(self, connection: Endable) -> None:
        """Take in a new connection; if all others are busy, end it."""
        self._new[connection] = self._monotonic()
        if len(self) > self._most:
            self._end(self._longest_waiting())

    def begin(self, connection: Endable) -> None:
        """Note that a request of it is under way."""
        self._move(connection, self._busy)

    def finish(self, connection: Endable) -> None:
        """Note that none of its requests is under way any more."""
        self._move(connection, self._idle)

    def discard(self, connection: Endable) -> None:
        """Forget a connection, if it is still there."""
        for each in (self._new, self._idle, self._busy):
            each.pop(connection, None)

    def end_overdue(self) -> None:
        """End the connections whose time is over."""
        now = self._monotonic()
        for each, patience in (
            (self._new, _FIRST_REQUEST),
            (self._idle, _KEEP_ALIVE),
            (self._busy, _ANSWER),
        ):
            while (oldest := next(iter(each), None)) and each[oldest] + patience <= now:
                self._end(oldest)

    def _longest_waiting(self) -> Endable:
        oldest = [next(iter(each.items())) for each in (self._new, self._idle) if each]
        return min(oldest, key=lambda item: item[1])[0]

    def _move(self, connection: Endable, there: dict[Endable, float]) -> None:
        # Most are idle when a request comes, and again once it is answered.
        if self._idle.pop(connection, None) is None:
            self.discard(connection)
        there[connection] = self._monotonic()

    def _end(self, connection: Endable) -> None:
        self.discard(connection)
        connection.abort()


class Pools:
    """Two pools, as bulkheads: nobody but the proxies that are believed fills that of theirs."""

    def __init__(self, proxies: TrustedProxies, files: int) -> None:
        self._proxies = proxies
        self._known = Pool(files // 2)
        self._strangers = Pool(files // 8)

    def get(self, peer: str | None) -> Pool:
        """Return the pool for the connections of a caller."""
        return self._known if self._proxies.believes(peer) else self._strangers

    def sweep(self) -> None:
        """End all connections whose time is over, from now on and once a second."""
        for pool in (self._known, self._strangers):
            pool.end_overdue()
        asyncio.get_running_loop().call_later(_SWEEP, self.sweep)


def open_files() -> int:
    """Return how many files this process may have open, after asking for enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a sandbox that forbids it
        return soft
    return wanted


class Connection(HttpToolsProtocol):
    """A connection that is in a pool, as long as it lasts.

    Most requests are about a secret that was seen before. They are answered here, with the headers
    that `pass_at_once` returns: a task and the messages of ASGI take twice as long.
    """

    def __init__(
        self,
        pools: Pools,
        pass_at_once: PassAtOnce,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._pools = pools
        self._pass_at_once = pass_at_once
        self._passed = False
        """Whether the request that was read last was answered here."""
        self._common_headers: list[tuple[bytes, bytes]] | None = None
        self._common = b""
        self._under_way = 0
        self._head = 0
        self._too_long = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._pool = self._pools.get(self.client[0] if self.client else None)
        self._pool.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._too_long:
            return
        self._head += len(data)
        super().data_received(data)
        if self._head > _LONGEST_HEAD and not self._under_way:
            # A lingering close: to stop reading would lose the answer, which is on its way.
            self._too_long = True
            self.transport.write(_TOO_LONG)
            self.transport.write_eof()

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        # What uvicorn does, without the scope, which is built where ASGI is needed.
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._head = 0
        self._passed = self._pass()
        if self._passed:
            self._pool.finish(self)
            return
        self._under_way += 1
        self._pool.begin(self)
        self._build_scope()
        super().on_headers_complete()

    def _build_scope(self) -> None:
        read = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = read
        self.scope["headers"] = self.headers

    def on_message_complete(self) -> None:
        if not self._passed:
            super().on_message_complete()

    def _pass(self) -> bool:
        """Let the request pass that was just read, where that can be told at once."""
        # Pipelined requests are answered one after the other.
        if self._under_way or self.flow.write_paused or self.transport.is_closing():
            return False
        if not self._is_plain():
            return False
        lines = self._pass_at_once(self.client[0] if self.client else None, self.headers)
        if lines is None:
            return False
        # Once all that came is read: to write at once wakes the proxy for each response anew.
        self.loop.call_soon(self._write, b"".join((self._common_lines(), lines, b"\r\n")))
        return True

    def _is_plain(self) -> bool:
        """Return whether it is a GET of `/auth` after which the connection stays as it is."""
        parser = self.parser
        plain = self.url == b"/auth" and parser.get_method() == b"GET"
        persistent = parser.get_http_version() == "1.1" and parser.should_keep_alive()
        return plain and persistent and not parser.should_upgrade()

    def _common_lines(self) -> bytes:
        """Return what all responses begin with."""
        headers = self.server_state.default_headers
        if headers is not self._common_headers:  # uvicorn makes a new list each second
            lines = [b"%b: %b\r\n" % header for header in headers]
            self._common_headers, self._common = headers, b"".join((_NO_CONTENT, *lines))
        return self._common

    def _write(self, response: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)

    def shutdown(self) -> None:
        """End it after the responses that are about to be written."""
        self.loop.call_soon(super().shutdown)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the pool ends it
        self._under_way -= 1
        if not self._under_way and not self.transport.is_closing():
            self._pool.finish(self)

    def abort(self) -> None:
        """End it at once."""
        self.transport.abort()
