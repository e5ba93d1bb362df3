"""What a URL of a store says by itself."""

import pytest

from tokentui.core.store_url import is_database, short_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql:///?service=tokens", "tokens"),
        ("postgresql:///db?host=/run/postgresql&port=5433", "db"),
        ("postgresql://db.example.org/tokens", "tokens at db.example.org"),
        (
            "postgres://ada@db1:5432,db2:5432/tokens?sslmode=verify-full",
            "tokens at db1:5432,db2:5432",
        ),
        ("postgresql://", ""),
    ],
)
def test_a_database_has_a_short_name(url: str, name: str) -> None:
    assert is_database(url)
    assert short_name(url) == name


@pytest.mark.parametrize("url", ["tokens.json", "/var/lib/postgresql:/t", "file:postgresql:"])
def test_a_file_is_no_database(url: str) -> None:
    assert not is_database(url)
