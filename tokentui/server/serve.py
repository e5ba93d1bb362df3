"""The server of the endpoint: it runs until it is told to stop, and reloads its settings."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from tokentui.core.errors import TokentuiError
from tokentui.core.verifier import Verifier
from tokentui.server.connections import Connection, Pools, open_files
from tokentui.server.forward_auth import ForwardAuth
from tokentui.server.proxies import TrustedProxies

_LOG = logging.getLogger("tokentui")
_LAST_REQUESTS = 10
"""How many seconds requests under way have, once the server is told to stop."""


def serve(
    listener: socket.socket,
    verifier: Verifier,
    proxies: Iterable[str],
    reopen: Callable[[], Verifier],
    ready: Callable[[], None],
) -> None:
    """Answer requests until SIGTERM or SIGINT; with SIGHUP, go on with what `reopen` returns.

    `ready` is called once signals are heeded. Believed are proxies of the networks `proxies`, and
    whoever can connect to a Unix socket.
    """
    believed = TrustedProxies(proxies, all_are=listener.family is socket.AF_UNIX)
    app = ForwardAuth(verifier, believed)
    pools = Pools(believed, open_files())
    _log_to_stderr()
    config = uvicorn.Config(
        app,
        http=partial(Connection, pools, app.pass_at_once),  # type: ignore[arg-type]  # all that it does is call it
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",  # its warnings are about requests that anybody can make
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_REQUESTS,
    )
    _Server(config, app, pools, reopen, ready).run(sockets=[listener])
    app.verifier.close()


class _Server(uvicorn.Server):
    """A server that is stopped in silence, and reloads."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: ForwardAuth,
        pools: Pools,
        reopen: Callable[[], Verifier],
        ready: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._app = app
        self._pools = pools
        self._reopen = reopen
        self._ready = ready
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to signals, without sending them to the process once more at the end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._begin_to_reload)
        self._pools.sweep()
        self._ready()
        yield

    def _stop(self) -> None:
        self.should_exit = True

    def _begin_to_reload(self) -> None:
        # A reload under way may have read the settings before they were changed once more.
        self._reload_again = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload_until_current())

    async def _reload_until_current(self) -> None:
        while self._reload_again:
            self._reload_again = False
            await self._reload()

    async def _reload(self) -> None:
        try:
            await self._app.replace(await asyncio.to_thread(self._reopen))
        except TokentuiError as error:
            _LOG.error("Reload failed, so the previous settings stay in use. %s", error)
        else:
            _LOG.warning("Reloaded.")


def _log_to_stderr() -> None:
    """Write the log to stderr: with the time, which the journal of systemd has already."""
    moment = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.basicConfig(format=f"{moment}%(message)s", level=logging.WARNING)
