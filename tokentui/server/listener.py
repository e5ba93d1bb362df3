"""Where requests come in: a Unix socket, a port of this machine, or what systemd hands over."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from tokentui import files
from tokentui.core.errors import InvalidListener

_FIRST_HANDED_OVER = 3  # sd_listen_fds(3)


class UnixSocket(NamedTuple):
    """A file that those may connect to who may write it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


class Port(NamedTuple):
    """A port that every process of this machine may connect to, and no other machine."""

    host: str
    number: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.number}" if ":" in self.host else f"{self.host}:{self.number}"


Address = UnixSocket | Port


def parse(text: str) -> Address:
    """Return where `text` is: the path of a socket with a / in it, or an address and a port."""
    if "/" in text:
        with suppress(OSError):
            return UnixSocket(files.named(text).absolute())
    host, _, number = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    with suppress(ValueError):
        host = "127.0.0.1" if host == "localhost" else str(ip_address(host))
        if ip_address(host).is_loopback and 0 <= int(number) <= 65535:
            return Port(host, int(number))
        if not ip_address(host).is_loopback:
            raise InvalidListener(
                f"Other machines can reach {text}, where secrets would be sent in clear text. "
                "Use a port of 127.0.0.1 or [::1], or the path of a socket."
            )
    raise InvalidListener(
        f"{text} is not an address. Write it as 127.0.0.1:9180 or /run/tokentui/auth.sock."
    )


def name_of(bound: socket.socket) -> str:
    """Return where a socket listens."""
    name = bound.getsockname()
    return name if isinstance(name, str) else str(Port(*name[:2]))


def systemd_socket() -> socket.socket | None:
    """Return the socket that systemd listens at for this process, if any."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    if os.environ.get("LISTEN_FDS") != "1":
        raise InvalidListener("systemd passed several sockets. Configure one socket for the unit.")
    return socket.socket(fileno=_FIRST_HANDED_OVER)


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """Listen at `address`, and leave nothing behind there; raise `InvalidListener`."""
    try:
        bound = _at_port(address) if isinstance(address, Port) else _at_path(address.path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InvalidListener(
            f"Cannot listen on {address}: {reason}. Nothing was started."
        ) from None
    with bound:
        if isinstance(address, Port):
            yield bound
            return
        made = address.path.stat()
        try:
            yield bound
        finally:
            with suppress(OSError):
                if os.path.samestat(made, address.path.stat()):
                    address.path.unlink()


def _at_port(address: Port) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.number), family=family)


def _at_path(path: Path) -> socket.socket:
    _remove_abandoned(path)
    bound = socket.socket(socket.AF_UNIX)
    # Its group may connect: that of a web server, if the folder's group is passed on (chmod g+s).
    before = os.umask(0o117)
    try:
        bound.bind(str(path))
        bound.listen()
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(before)
    return bound


def _remove_abandoned(path: Path) -> None:
    """Remove a socket whose process was killed."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            with closing(socket.socket(socket.AF_UNIX)) as probe:
                try:
                    probe.connect(str(path))
                except ConnectionRefusedError:
                    path.unlink()
