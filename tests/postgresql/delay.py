"""A network between a client and a server: it delays, holds, cuts and refuses, as it is told."""

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any, Self, TypeVar

from ..program.conftest import held_port
from . import processes

_CHUNK = 65536
_BACKLOG = 128
_Answer = TypeVar("_Answer")


class Link:
    """A proxy before a server. A thread of its own drives it, and any thread may tell it.

    It listens at its `place`, which is of the kind of the server's: a Unix socket of the same name
    in a folder of its own, or a port of loopback. Each direction is delayed by half of `round_trip`
    seconds, which may change at any time, and as over TCP a new connection takes one round trip
    more.
    """

    def __init__(self, server: Path | int, *, round_trip: float = 0.0) -> None:
        self.round_trip = round_trip
        self.passing = asyncio.Event()
        self.passing.set()
        self._server = server
        self._connections: set[_Connection] = set()
        self._end = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self.place: Path | int
        if isinstance(self._server, Path):
            self.place = self._end.enter_context(processes.folder()) / self._server.name
        else:
            self.place = self._end.enter_context(held_port())
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._end.close()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database of a PostgreSQL that is behind it."""
        if isinstance(self.place, Path):
            port = self.place.name.rpartition(".")[2]
            return f"postgresql:///{database}?host={self.place.parent}&port={port}"
        return f"postgresql://127.0.0.1:{self.place}/{database}"

    @property
    def waiting(self) -> int:
        """How many bytes are on their way."""
        return self._tell(self._count())

    def hold(self) -> None:
        """Let nothing pass, in either direction, until it is released. Nothing is lost."""
        self._tell(self._hold())

    def release(self) -> None:
        """Let pass what was held, and all that follows."""
        self._tell(self._release())

    def cut(self) -> None:
        """End all connections at once; what was on its way is lost."""
        self._tell(self._cut())

    def refuse(self) -> None:
        """Refuse new connections. Those that exist go on."""
        self._tell(self._refuse())

    def accept(self) -> None:
        """Accept new connections again, where it listened before."""
        self._tell(self._accept())

    def _tell(self, what: Coroutine[Any, Any, _Answer]) -> _Answer:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(processes.PATIENCE)

    # -- in the thread of the loop ----------------------------------------------------------------

    async def _count(self) -> int:
        return sum(each.waiting for each in self._connections)

    async def _hold(self) -> None:
        self.passing.clear()

    async def _release(self) -> None:
        self.passing.set()

    async def _cut(self) -> None:
        for each in list(self._connections):
            each.cut()
        while self._connections:
            await asyncio.sleep(0)

    async def _refuse(self) -> None:
        self._listening.close()
        if isinstance(self.place, Path):
            self.place.unlink(missing_ok=True)

    async def _accept(self) -> None:
        if isinstance(self.place, Path):
            started = asyncio.start_unix_server(self._connected, self.place, backlog=_BACKLOG)
        else:
            started = asyncio.start_server(
                self._connected, "127.0.0.1", self.place, backlog=_BACKLOG
            )
        self._listening = await started

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, writer)
        self._connections.add(connection)
        try:
            if isinstance(self._server, Path):
                there = await asyncio.open_unix_connection(self._server)
            else:
                there = await asyncio.open_connection("127.0.0.1", self._server)
            await connection.run(reader, *there)
        except OSError:
            connection.cut()
        finally:
            self._connections.discard(connection)


class _Connection:
    """What passes between one client and the server."""

    def __init__(self, link: Link, client: asyncio.StreamWriter) -> None:
        self._link = link
        self._opened = asyncio.get_running_loop().time()
        self._writers = [client]
        self._directions: list[_Direction] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._is_cut = False

    @property
    def waiting(self) -> int:
        return sum(each.waiting for each in self._directions)

    async def run(
        self,
        client: asyncio.StreamReader,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        """Pass on what comes, in both directions, until either end has closed its own."""
        self._writers.append(to_server)
        if self._is_cut:
            self.cut()
            return
        ways = ((client, to_server), (server, self._writers[0]))
        self._directions = [_Direction(self._link, self._opened, *way) for way in ways]
        self._tasks = [asyncio.create_task(each.run()) for each in self._directions]
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    def cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()


class _Direction:
    """What one end sends to the other; `waiting` are the bytes that have not arrived."""

    def __init__(
        self,
        link: Link,
        opened: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.waiting = 0
        self._link = link
        self._opened = opened
        self._reader = reader
        self._writer = writer
        self._chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def run(self) -> None:
        """Read and write, each without waiting for the other, until the end has arrived."""
        reading = asyncio.create_task(self._read())
        try:
            await self._write()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        chunk = b"?"
        while chunk:
            try:
                chunk = await self._reader.read(_CHUNK)
            except ConnectionError:
                chunk = b""
            self.waiting += len(chunk)
            trip = self._link.round_trip
            due = max(clock(), self._opened + trip) + trip / 2
            self._chunks.put_nowait((due, chunk))

    async def _write(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, chunk = await self._chunks.get()
            await asyncio.sleep(due - clock())
            await self._link.passing.wait()
            if not chunk:
                return
            self._writer.write(chunk)
            await self._writer.drain()
            self.waiting -= len(chunk)
