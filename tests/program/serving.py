"""`tokentui serve`, applications and proxies, each on loopback until the end of a block."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TextIO

from httpx import Client, HTTPTransport, TransportError

from .conftest import PROGRAM, Sandbox

PATIENCE = 60.0


def patient(transport: HTTPTransport, url: str) -> Client:
    """Return a client that waits for each answer as long as a slow machine takes."""
    return Client(transport=transport, base_url=url, timeout=PATIENCE)


class Endpoint:
    """A `tokentui serve` that runs, at a Unix socket or a port."""

    def __init__(self, process: subprocess.Popen[bytes], place: str | Path, log: TextIO) -> None:
        self.process = process
        self.place = str(place)
        self._log = log

    @property
    def path(self) -> Path:
        """Its Unix socket."""
        return Path(self.place)

    def client(self, address: str = "127.0.0.1") -> Client:
        """Return a client that calls, where this is a port, from an address of this machine."""
        if "/" in self.place:
            return patient(HTTPTransport(uds=self.place), "http://endpoint")
        return patient(HTTPTransport(local_address=address), f"http://{self.place}")

    def said(self) -> str:
        """Wait for the next line of its log, and return it."""
        began, line = monotonic(), ""
        while not line.endswith("\n"):
            assert monotonic() < began + PATIENCE, f"it says no more than {line!r}"
            line += self._log.readline()
        return line

    def said_after_all(self) -> str:
        """Return the rest of its log, once it ended."""
        return self._log.read()

    def stop(self) -> int:
        """Tell it to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def endpoint(
    sandbox: Sandbox,
    *options: str,
    listen: str | None = None,
    program: Sequence[str] = PROGRAM,
    **more: str,
) -> Iterator[Endpoint]:
    """Run `tokentui serve`, at a Unix socket if need be; it answers once the block begins."""
    place = listen or str(sandbox.home / "auth.sock")
    command = [*program, "serve", "--listen", place, *options]
    log = sandbox.home / "endpoint.log"
    with running(command, sandbox.environment(**more), log) as process, log.open() as said:
        served = Endpoint(process, place, said)
        line = served.said()
        listening = re.fullmatch(r"Listening on (.+)\. Press Ctrl\+C to stop\.\n", line)
        assert listening is not None, line
        served.place = listening[1]
        yield served


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path, *, handing: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, which is stopped at the end of the block; it may be stopped before."""
    with (
        log.open("wb") as file,
        subprocess.Popen(command, env=environment, stderr=file, pass_fds=handing) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def wait_for(client: Client, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers, whatever it answers."""
    began = monotonic()
    while monotonic() < began + PATIENCE and process.poll() is None:
        try:
            client.get("/")
        except TransportError:
            continue
        return
    raise AssertionError(log.read_text())


FRAMES = b"frames"


class _Echo(BaseHTTPRequestHandler):
    """Answers with the headers that reached it, and agrees to every upgrade."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        if protocol := self.headers["Upgrade"]:
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", protocol)
            self.end_headers()
            self.wfile.write(FRAMES)
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def application() -> Iterator[int]:
    """Run an application that answers with the headers of a request; give its port."""
    with _Server(("127.0.0.1", 0), _Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
