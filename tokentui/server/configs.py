"""Configurations of proxies and of systemd that work as they are printed."""

import string
from collections.abc import Mapping
from importlib.resources import files

from tokentui.core.errors import InvalidListener
from tokentui.server.listener import Address, Port


class _Template(string.Template):
    delimiter = "@"  # the others mean something to nginx, Caddy or systemd


def config(kind: str, address: Address, about: Mapping[str, str]) -> str:
    """Return a configuration for an endpoint at `address`: for nginx, Caddy, Traefik or systemd.

    `about` says of the endpoint with which `command` it starts, as which `user`, and, in lines of
    systemd, what it has to `reach`. Raises `InvalidListener` where a proxy cannot ask at `address`.
    """
    if kind == "traefik" and not isinstance(address, Port):
        raise InvalidListener("Traefik needs a port. Use --listen 127.0.0.1:9180.")
    text = files(__package__).joinpath("templates", f"{kind}.txt").read_text()
    return _Template(text).substitute(about, **_addresses(address))


def _addresses(address: Address) -> dict[str, str]:
    at_port = isinstance(address, Port)
    return {
        "address": str(address),
        "nginx": str(address) if at_port else f"unix:{address}",
        "caddy": str(address) if at_port else f"unix/{address}",
        "owner": "" if at_port else "SocketGroup=www-data\nSocketMode=0660\n",
    }
