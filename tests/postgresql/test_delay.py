"""The network of the tests, before a server that sends back what it is sent."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from select import select
from threading import Thread
from time import monotonic

import psycopg
import pytest

from . import processes
from .delay import Link
from .server import NEEDED, shared_server


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(params=["socket", "port"])
def link(request: pytest.FixtureRequest) -> Iterator[Link]:
    """Return a link to a server of either kind, without delay."""
    with processes.folder() as folder:
        server: socketserver.UnixStreamServer | socketserver.TCPServer
        place: Path | int
        if request.param == "socket":
            place = folder / "echo"
            server = socketserver.ThreadingUnixStreamServer(str(place), _Echo)
        else:
            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
            place = server.server_address[1]
        with _serving(server), Link(place) as link:
            yield link


@contextmanager
def connected(link: Link) -> Iterator[socket.socket]:
    family = socket.AF_UNIX if isinstance(link.place, Path) else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(processes.PATIENCE)
        client.connect(str(link.place) if family == socket.AF_UNIX else ("127.0.0.1", link.place))
        yield client


def ask(client: socket.socket, size: int = 1) -> float:
    """Send something and wait until it is back; return how long that took."""
    sent, began = b"." * (size - 1) + b"\n", monotonic()
    sender = Thread(target=client.sendall, args=[sent])
    sender.start()
    back = b""
    while len(back) < size:
        back += client.recv(65536)
    sender.join()
    assert back == sent
    return monotonic() - began


def test_everything_passes(link: Link) -> None:
    with connected(link) as client, connected(link) as other:
        ask(client)
        ask(other, size=1_000_000)
        assert link.waiting == 0


def test_a_round_trip_takes_its_time_and_a_connection_one_more(link: Link) -> None:
    link.round_trip = 0.1
    began = monotonic()
    with connected(link) as client:
        ask(client)
        assert monotonic() - began >= 0.2
        assert ask(client) >= 0.1
        link.round_trip = 0.2
        assert ask(client) >= 0.2


def test_what_is_held_arrives_once_it_is_released(link: Link) -> None:
    with connected(link) as client:
        ask(client)
        link.hold()
        client.sendall(b"held\n")
        processes.wait_until(lambda: link.waiting == 5, "it does not arrive")
        assert select([client], [], [], 0)[0] == []
        link.release()
        assert client.recv(5, socket.MSG_WAITALL) == b"held\n"


def test_what_is_cut_is_lost(link: Link) -> None:
    with connected(link) as client:
        ask(client)
        link.hold()
        client.sendall(b"lost\n")
        processes.wait_until(lambda: link.waiting == 5, "it does not arrive")
        link.cut()
        assert link.waiting == 0
        link.release()
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    with connected(link) as client:
        ask(client)


def test_new_connections_are_refused_until_they_are_accepted_again(link: Link) -> None:
    with connected(link) as client:
        ask(client)
        link.refuse()
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)), connected(link):
            pass
        ask(client)
    link.accept()
    with connected(link) as client:
        ask(client)


def test_an_end_that_is_closed_is_closed_for_the_other(link: Link) -> None:
    with connected(link) as client:
        ask(client)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


@pytest.mark.needs(*NEEDED)
def test_a_client_of_postgresql_connects_through_it() -> None:
    with Link(shared_server().socket, round_trip=0.05) as link:
        began = monotonic()
        with closing(psycopg.connect(link.url())) as connection:
            assert monotonic() - began >= 0.1
            assert connection.execute("SELECT 1").fetchone() == (1,)
            link.cut()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
