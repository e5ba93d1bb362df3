"""Whom the endpoint believes, and what of it."""

import pytest

from tokentui.server.proxies import Caller, TrustedProxies, Values

LOCAL = TrustedProxies(["127.0.0.0/8", "203.0.113.0/24"])
ANYBODY = TrustedProxies([], all_are=True)


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, 203.0.113.9"], "192.0.2.7"),
        (["192.0.2.7", "203.0.113.9"], "192.0.2.7"),
        # What stands before the last that is no proxy, a client may have made up.
        (["10.0.0.1, 192.0.2.7"], "192.0.2.7"),
        (["10.0.0.1, nonsense, 127.0.0.1"], None),
        (["127.0.0.1"], "127.0.0.1"),
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:DB8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7 reason=Other"], None),
        (["1" * 2**20], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_address_that_a_proxy_tells(forwarded_for: list[str], address: str | None) -> None:
    values = tuple(forwarded_for)
    assert LOCAL.caller("127.0.0.1", ("GET",), (), values) == Caller("GET", address)


def test_only_short_headers_are_kept() -> None:
    proxies = TrustedProxies([], all_are=True)
    long = ("x" * 1000,)
    for methods, upgrades, forwarded_for in (
        (("GET",), (), ("192.0.2.7",)),
        (("GET",), (), ("192.0.2.7",)),
        (long, (), ("192.0.2.7",)),
        (("GET",), long, ("192.0.2.7",)),
        (("GET",), (), ("192.0.2.7",) * 1000),
        (("GET",), (), ("",) * 1000),
    ):
        proxies.caller(None, methods, upgrades, forwarded_for)
        assert proxies._cached.cache_info().currsize == 1


@pytest.mark.parametrize("peer", ["192.0.2.1", "no address", None])
def test_others_are_believed_nothing(peer: str | None) -> None:
    assert LOCAL.caller(peer, ("GET",), (), ("127.0.0.1",)) == Caller(None, peer)


def test_who_can_open_the_socket_is_believed() -> None:
    assert ANYBODY.caller(None, ("PUT",), (), ("192.0.2.7",)) == Caller("PUT", "192.0.2.7")


@pytest.mark.parametrize("methods", [(), ("GET", "POST")])
def test_a_method_that_is_not_clear_is_none(methods: Values) -> None:
    assert ANYBODY.caller(None, methods, (), ("192.0.2.7",)).method is None
