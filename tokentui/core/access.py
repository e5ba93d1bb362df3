"""From where a token may be used, and for what."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tokentui.core.errors import InvalidNetwork

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

READ_ONLY_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods of requests that change nothing."""

_TUNNEL = "CONNECT"

LONGEST_ADDRESS = 64
MOST_NETWORKS = 100
"""How many networks a token can be limited to, as in WHM."""


class Access(NamedTuple):
    """What a token may be used for, and from where; without networks, from anywhere."""

    read_only: bool = False
    networks: tuple[str, ...] = ()


class HasAccess(Protocol):
    """A token, as much of it as is told here."""

    @property
    def read_only(self) -> bool: ...
    @property
    def networks(self) -> tuple[str, ...]: ...


_MAPPED_BITS = 96


def effective_method(method: str | None, upgrades: Iterable[str]) -> str | None:
    """Return the method that a request counts as: CONNECT where it asks for an upgrade.

    A web socket begins with a GET, but what is sent through it later may change anything. It
    counts as what opens one in HTTP/2 (RFC 8441, section 4), which is never reading. `upgrades`
    are the values of `Upgrade` (RFC 9110, section 7.8); `Connection` is not asked for, since
    proxies do not pass it on.
    """
    return _TUNNEL if any(upgrades) else method


def parse_network(text: str) -> str:
    """Return a network as it is kept, such as 192.0.2.0/24; raise `InvalidNetwork`.

    An address alone is the network that holds nothing else. IPv4 that is written as IPv6 (RFC
    4291, 2.5.5.2) is kept as IPv4: versions of Python write it in different forms.
    """
    from ipaddress import ip_network

    try:
        # A zone, as in fe80::1%eth0, is a name of this machine's, and may hold anything.
        if len(text) > LONGEST_ADDRESS or "%" in text:
            raise ValueError  # noqa: TRY301
        with suppress(ValueError):
            return str(_unmapped(ip_network(text)))
        meant = _unmapped(ip_network(text, strict=False))
    except ValueError:
        raise InvalidNetwork(
            f"{text!a} is not a network. Write it as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7."
        ) from None
    raise InvalidNetwork(f"{text} is an address within the network {meant}. Write one of the two.")


def parse_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Return networks as they are kept, each once; raise `InvalidNetwork`."""
    networks = tuple(dict.fromkeys(map(parse_network, texts)))
    if len(networks) > MOST_NETWORKS:
        raise InvalidNetwork(
            f"At most {MOST_NETWORKS} networks are allowed; these are {len(networks)}."
        )
    return networks


def is_within(networks: tuple[str, ...], address: str) -> bool:
    """Say whether `address` is in one of `networks`; what is no address is in none.

    An IPv4 address that is written as an IPv6 one, as dual-stack sockets do, counts as what it is.
    """
    came_from = _address(address)
    return came_from is not None and any(came_from in each for each in _networks(networks))


def plain_address(text: str) -> str | None:
    """Return an address as it is commonly written; None where `text` is none."""
    address = _address(text)
    return None if address is None else str(address)


def client_key(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one customer has of IPv6.

    What is no address counts as what it is.
    """
    from ipaddress import IPv6Address, IPv6Network

    came_from = _address(address)
    if isinstance(came_from, IPv6Address):
        return str(IPv6Network((int(came_from), 64), strict=False))
    return str(came_from or address[:LONGEST_ADDRESS])


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return _parsed(text) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(1024)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    from ipaddress import IPv6Address, ip_address  # slow to load, and few tokens have networks

    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(1024)
def _networks(texts: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    """Return those of `texts` that are networks: one that is none contains no address."""
    from ipaddress import ip_network

    found: list[IPv4Network | IPv6Network] = []
    for text in texts:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        found.append(_unmapped(network))
    return found


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    from ipaddress import IPv4Network

    if isinstance(network, IPv4Network):
        return network
    mapped = network.network_address.ipv4_mapped
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((int(mapped), network.prefixlen - _MAPPED_BITS))
