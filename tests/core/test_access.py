"""What a token may be used for, and from where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.access import (
    READ_ONLY_METHODS,
    client_key,
    effective_method,
    is_within,
    parse_network,
    parse_networks,
)
from tokentui.core.errors import InvalidNetwork


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:c000:200/120", "192.0.2.0/24"),
        ("::FFFF:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("::fffe:0:0/95", "::fffe:0:0/95"),
        ("64:ff9b::192.0.2.0/120", "64:ff9b::c000:200/120"),
        ("::192.0.2.0/120", "::c000:200/120"),
    ],
)
def test_a_network_is_kept_in_one_form(text: str, kept: str) -> None:
    assert parse_network(text) == kept == parse_network(kept)


@pytest.mark.parametrize(
    "text", ["", "office", "192.0.2.0/33", "192.0.2", "192.0.2.0/24,", "fe80::1%eth0", "1" * 100]
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(InvalidNetwork, match=r"is not a network\. Write it as 192"):
        parse_network(text)


def test_networks_are_kept_once_and_not_too_many() -> None:
    assert parse_networks(["192.0.2.7", "192.0.2.7/32"]) == ("192.0.2.7/32",)
    with pytest.raises(InvalidNetwork, match="At most 100 networks are allowed; these are 101"):
        parse_networks(f"192.0.2.{number}" for number in range(101))


def test_an_address_with_a_length_may_mean_either() -> None:
    with pytest.raises(InvalidNetwork, match=r"an address within the network 192\.0\.2\.0/24"):
        parse_network("192.0.2.7/24")
    with pytest.raises(InvalidNetwork, match=r"an address within the network 192\.0\.2\.0/24"):
        parse_network("::ffff:192.0.2.7/120")


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.255"),
        ("192.0.2.9/24", "192.0.2.1"),
        ("192.0.2.0/24", "::ffff:192.0.2.1"),
        ("::ffff:192.0.2.0/120", "192.0.2.1"),
        ("::ffff:192.0.2.0/120", "::ffff:192.0.2.1"),
        ("2001:db8::/32", "2001:DB8:1::1"),
        ("2001:db8::1", "2001:db8:0:0::1"),
        ("fe80::/10", "fe80::1%eth0"),
        ("0.0.0.0/0", "203.0.113.1"),
    ],
)
def test_within(network: str, address: str) -> None:
    assert is_within(("198.51.100.1", network), address)


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "192.0.3.0"),
        ("2001:db8::/32", "2001:db9::1"),
        ("0.0.0.0/0", "2001:db8::1"),
        ("::/0", "192.0.2.1"),
        ("::ffff:192.0.2.0/120", "192.0.3.1"),
        ("192.0.2.0/24", ""),
        ("192.0.2.0/24", "192.0.2.1, 203.0.113.1"),
        ("192.0.2.0/24", "192.0.02.1"),
        ("192.0.2.0/24", "192.0.2.1" + " " * 2**20),
        ("not a network", "192.0.2.1"),
        ("", ""),
    ],
)
def test_not_within(network: str, address: str) -> None:
    assert not is_within((network,), address)


@given(st.lists(st.text(max_size=20)).map(tuple), st.text(max_size=80))
def test_garbage_is_within_nothing(networks: tuple[str, ...], address: str) -> None:
    assert is_within(networks, address) in {True, False}


def test_one_client() -> None:
    assert client_key("::ffff:192.0.2.1") == client_key("192.0.2.1") != client_key("192.0.2.2")
    first, same, other = map(client_key, ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"))
    assert first == same != other
    assert len(client_key("x" * 2**20)) < 100


@pytest.mark.parametrize("method", [None, "GET", "OPTIONS", "POST"])
def test_an_upgrade_is_more_than_reading(method: str | None) -> None:
    assert effective_method(method, []) == effective_method(method, [""]) == method
    for upgrades in (["websocket"], ["", "h2c"]):
        assert effective_method(method, upgrades) not in READ_ONLY_METHODS
