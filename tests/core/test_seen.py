"""What is kept of secrets that were right."""

import pytest

from tokentui.core.seen import Seen, SeenSecrets

A, B = Seen("a", "hash of a"), Seen("b", "hash of b")


def test_digests_are_of_this_process() -> None:
    seen = SeenSecrets()
    assert seen.digest("x") == seen.digest("x") != seen.digest("y")
    assert seen.digest("x") != SeenSecrets().digest("x")


@pytest.mark.parametrize("text", ["", "é", "\ud800", "\0"])
def test_whatever_text_has_one(text: str) -> None:
    assert len(SeenSecrets().digest(text)) == 64


def test_what_was_used_longest_ago_goes() -> None:
    seen = SeenSecrets(size=2)
    seen.put(b"1", A, 0)
    seen.put(b"2", B, 0)
    assert seen.get(b"1") == A
    seen.put(b"3", B, 0)
    assert [seen.get(digest) for digest in (b"1", b"2", b"3")] == [A, None, B]


def test_what_was_found_in_an_older_generation_is_not_kept() -> None:
    seen = SeenSecrets()
    seen.put(b"1", A, 0)
    seen.advance(1)
    seen.put(b"2", B, 0)
    seen.put(b"3", B, 1)
    assert [seen.get(digest) for digest in (b"1", b"2", b"3")] == [A, None, B]


def test_what_is_dropped_is_gone() -> None:
    seen = SeenSecrets()
    seen.put(b"1", A, 0)
    for _ in range(2):
        seen.drop(b"1")
    assert seen.get(b"1") is None
