"""The secret: minted, written out, read back, hashed, and never shown by accident."""

import copy
import logging
import pickle
import traceback
from collections import Counter

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core import credential
from tokentui.core.credential import BcryptHasher, Secret, mint, parse
from tokentui.core.token import BASE62
from tokentui.core.verdicts import DamagedHash, MalformedSecret

CHEAPEST = BcryptHasher(4)


class TestForm:
    def test_what_is_minted_is_read_back(self) -> None:
        minted = mint()
        assert parse(minted.encode()).secret.reveal() == minted.secret.reveal()
        assert parse(minted.encode()).id == minted.id

    def test_a_double_click_takes_all_of_it(self) -> None:
        written = mint().encode().reveal()
        assert len(written) == 52
        assert set(written) <= set(BASE62 + "_")

    def test_two_are_never_the_same(self) -> None:
        assert mint().secret.reveal() != mint().secret.reveal()

    def test_each_character_is_as_likely(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Each byte once, first those that are too many for all characters to get as many.
        monkeypatch.setattr("os.urandom", lambda _: bytes(reversed(range(256))))
        most = 256 - 256 % len(BASE62)
        found = Counter(credential._random(most))
        assert found == dict.fromkeys(BASE62, most // len(BASE62))

    @given(st.integers(0, 51), st.characters(exclude_categories=()))
    def test_one_changed_character_is_refused(self, place: int, char: str) -> None:
        written = mint().encode().reveal()
        if written[place] != char:
            with pytest.raises(MalformedSecret):
                parse(Secret(written[:place] + char + written[place + 1 :]))

    @given(st.text(max_size=200))
    def test_garbage_is_refused(self, text: str) -> None:
        with pytest.raises(MalformedSecret):
            parse(Secret(text))

    @pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "0", lambda s: s + "\n"])
    def test_one_more_or_less_is_refused(self, change: object) -> None:
        assert callable(change)
        with pytest.raises(MalformedSecret):
            parse(Secret(change(mint().encode().reveal())))

    def test_another_prefix_is_refused(self) -> None:
        with pytest.raises(MalformedSecret):
            parse(mint().encode("xx"))
        assert parse(mint().encode("acme_ci"), "acme_ci")


class TestSecret:
    def test_shows_itself_only_when_asked(self) -> None:
        secret = Secret("hush")
        logged = logging.LogRecord("n", 1, "p", 1, "%s %r", (secret, secret), None).getMessage()
        for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", logged):
            assert "hush" not in shown
        assert secret.reveal() == "hush"

    def test_is_not_pickled_nor_copied(self) -> None:
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                attempt(Secret("hush"))

    def test_stays_out_of_an_exception(self) -> None:
        written = mint().encode().reveal()
        try:
            parse(Secret(written[:-1]))
        except MalformedSecret as error:
            assert written[3:20] not in "".join(traceback.format_exception(error))


class TestHashing:
    def test_the_right_secret_and_no_other(self) -> None:
        secret = mint().secret
        hashed = CHEAPEST.hash(secret)
        assert CHEAPEST.check(secret, hashed)
        assert not CHEAPEST.check(mint().secret, hashed)
        assert bcrypt.checkpw(secret.reveal().encode(), hashed.encode())

    @pytest.mark.parametrize(
        "hashed",
        [
            "",
            "not a hash",
            "$2b$04$short",
            "$2b$31$" + "a" * 53,
            "$2b$15$" + "a" * 53,
            "$2b$03$" + "a" * 53,
            "$1$04$" + "a" * 53,
            "$2b$04$" + "a" * 53,
        ],
    )
    def test_what_is_no_hash_or_too_costly_is_refused_at_once(self, hashed: str) -> None:
        with pytest.raises(DamagedHash):
            CHEAPEST.check(mint().secret, hashed)

    @pytest.mark.parametrize("cost", [3, 15])
    def test_the_cost_has_bounds(self, cost: int) -> None:
        with pytest.raises(ValueError, match="from 4 to 14"):
            BcryptHasher(cost)
