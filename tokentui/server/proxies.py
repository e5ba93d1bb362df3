"""What is believed of a request that a proxy asks about."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tokentui.core.access import effective_method, is_within, plain_address

_CACHED = 4096
_LONGEST_CACHED = 256
"""How many characters the headers of a cached caller have at most: anybody can send them."""
Values = tuple[str, ...]
"""What the headers of one name hold."""


class Caller(NamedTuple):
    """Where a request came from, and its method; None where nobody who is believed said so."""

    method: str | None
    address: str | None


class TrustedProxies:
    """Believes proxies of some networks, and with `all_are` whoever asks.

    Others are asked about as the callers that they are. They may say what they like of a method:
    it is not believed, so that a token that is for reading does not pass.
    """

    def __init__(self, networks: Iterable[str], *, all_are: bool = False) -> None:
        self._networks = tuple(networks)
        self._all_are = all_are
        self._cached = lru_cache(_CACHED)(self._stated)

    def believes(self, peer: str | None) -> bool:
        """Say whether `peer` is a proxy that is believed."""
        return self._all_are or (peer is not None and is_within(self._networks, peer))

    def caller(
        self, peer: str | None, methods: Values, upgrades: Values, forwarded_for: Values
    ) -> Caller:
        """Return who is asked about: `peer` asks, with these values of the headers.

        The headers are `X-Forwarded-Method` and `X-Forwarded-For`, as Caddy and Traefik send them,
        and `Upgrade` and `X-Forwarded-Upgrade`, as the printed configurations do.
        """
        if not self.believes(peer):
            return Caller(None, peer)
        short = len(",".join(methods + upgrades + forwarded_for)) <= _LONGEST_CACHED
        stated = self._cached if short else self._stated
        return stated(methods, upgrades, forwarded_for)

    def _stated(self, methods: Values, upgrades: Values, forwarded_for: Values) -> Caller:
        method = methods[0] if len(methods) == 1 else None
        return Caller(effective_method(method, upgrades), self._client(",".join(forwarded_for)))

    def _client(self, entries: str) -> str | None:
        """Return the last address that is not of a proxy; what is left of it, anybody can write."""
        address = None
        for entry in reversed(entries.split(",")):
            address = plain_address(_without_port(entry.strip()))
            if address is None or not is_within(self._networks, address):
                break
        return address


def _without_port(entry: str) -> str:
    """Return an address without the port that some proxies write behind it."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.partition(":")
    return host if port.isdecimal() and "." in host else entry
