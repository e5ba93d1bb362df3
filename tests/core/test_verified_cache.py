"""What is kept of secrets that were right."""

import pytest

from tokentui.core.verified_cache import VerifiedSecretCache

A, B = "hash of a", "hash of b"


def test_digests_are_of_this_process() -> None:
    seen = VerifiedSecretCache()
    assert seen.digest("x") == seen.digest("x") != seen.digest("y")
    assert seen.digest("x") != VerifiedSecretCache().digest("x")


@pytest.mark.parametrize("text", ["", "é", "\ud800", "\0"])
def test_whatever_text_has_one(text: str) -> None:
    assert len(VerifiedSecretCache().digest(text)) == 64


def test_what_was_used_longest_ago_goes() -> None:
    seen = VerifiedSecretCache(size=2)
    seen.put(b"1", A)
    seen.put(b"2", B)
    assert seen.get(b"1") == A
    seen.put(b"3", B)
    assert [seen.get(digest) for digest in (b"1", b"2", b"3")] == [A, None, B]
