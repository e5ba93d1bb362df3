"""The command that proxies ask."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from tokentui import config, files
from tokentui.cli.common import settings, store_option, warn
from tokentui.console import ExitCode, Failure, echo_error, write
from tokentui.core.access import parse_network
from tokentui.core.store_url import is_database
from tokentui.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokentui.server.listener import Address


@click.command()
@store_option
@click.option(
    "--listen",
    metavar="ADDRESS",
    default="127.0.0.1:9180",
    show_default=True,
    help="Address and port on this machine, or path of a Unix socket.",
)
@click.option(
    "--proxy",
    "proxies",
    metavar="NETWORK",
    multiple=True,
    help=(
        "Network of a trusted proxy. Can be repeated. Clients of the Unix socket are "
        "always trusted."
    ),
)
@click.option(
    "--print-config",
    "kind",
    type=click.Choice(["nginx", "caddy", "traefik", "systemd"]),
    help="Print a configuration and exit.",
)
def serve(listen: str, proxies: tuple[str, ...], kind: str | None) -> None:
    """Verify requests for nginx, Caddy or Traefik (forward auth).

    SIGHUP reloads the settings. Changes of tokens need no reload.
    """
    from tokentui.server import listener

    address = listener.parse(listen)
    networks = [parse_network(proxy) for proxy in proxies]
    if kind is not None:
        write(_config(kind, address, networks))
        return
    try:
        from tokentui.server import serve as server
        from tokentui.verifier import Verifier
    except ModuleNotFoundError as error:
        raise Failure(
            f"The package {error.name} is missing. Run: pip install 'tokentui[server]'",
            ExitCode.USAGE,
        ) from None
    opened = partial(Verifier.open, click.get_current_context().meta.get(config.STORE))
    verifier = opened()
    warn(verifier.health().problems)
    with listener.systemd_socket() or listener.listening(address) as bound:
        said = f"Listening on {printable(listener.name_of(bound))}. Press Ctrl+C to stop."
        server.serve(bound, verifier, networks, opened, partial(echo_error, said))


def _config(kind: str, address: Address, networks: Sequence[str]) -> str:
    from tokentui.server import configs

    options = [option for network in networks for option in ("--proxy", network)]
    store = settings().store
    if not is_database(store):
        store = str(files.named(store).absolute())
    about = {
        "command": shlex.join(["tokentui", "serve", "--listen", str(address), *options]),
        "start": _for_systemd(
            [sys.executable, "-m", "tokentui", "--store", store, "serve", *options]
        ),
        "user": config.os_user(),
        "reach": _reach(store),
    }
    return configs.config(kind, address, about).rstrip()


def _reach(store: str) -> str:
    """Return the lines of a systemd unit that let it reach the store, and no more."""
    if is_database(store):
        return "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"
    folder = files.named(settings().usage or store).absolute().parent
    lines = ("PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX")
    return "\n".join((f"ReadWritePaths={_for_systemd([str(folder)])}", *lines))


def _for_systemd(words: Sequence[str]) -> str:
    """Return words as systemd reads them: % and $ mean something to it, even in quotes."""
    return shlex.join(words).replace("%", "%%").replace("$", "$$")
