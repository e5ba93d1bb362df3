"""Names, expiry and status."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentui.core.dates import LAST_DAY
from tokentui.core.errors import InvalidExpiry, InvalidName
from tokentui.core.token import (
    NAME_LIMIT,
    Status,
    Token,
    check_name,
    parse_day,
    parse_expiration,
    parse_life,
)

NOW = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
DAYS = st.dates(date(1970, 1, 2), date(2200, 1, 1))


class TestName:
    @given(st.from_regex(r"[A-Za-z0-9_-]{1,50}", fullmatch=True))
    def test_good_names_pass(self, name: str) -> None:
        check_name(name)

    @given(st.text(), st.characters(exclude_categories=()), st.text())
    def test_no_other_character_passes(self, before: str, char: str, after: str) -> None:
        if not (char.isascii() and (char.isalnum() or char in "-_")):
            with pytest.raises(InvalidName):
                check_name(before + char + after)

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("", "Enter a name."),
            ("a b", "Use only letters, digits, - and _: a space is not allowed."),
            ("a\x1bb", r"Use only letters, digits, - and _: '\x1b' is not allowed."),
            ("é", "Use only letters, digits, - and _: é is not allowed."),
            ("x" * (NAME_LIMIT + 1), "Use at most 50 characters: this name has 51."),
            ("name\n", r"Use only letters, digits, - and _: '\n' is not allowed."),
        ],
    )
    def test_the_reason_is_one_sentence(self, name: str, reason: str) -> None:
        with pytest.raises(InvalidName) as error:
            check_name(name)
        assert str(error.value) == reason


class TestParsing:
    @given(DAYS)
    def test_a_date_as_it_is_printed(self, day: date) -> None:
        assert parse_day(str(day)) == day

    @pytest.mark.parametrize(
        "text", ["", "2026", "2026-2-3", "20260203", "2026-W05-2", "2026-02-30", "٢٠٢٦-02-03", "x"]
    )
    def test_nothing_else_is_a_date(self, text: str) -> None:
        with pytest.raises(InvalidExpiry):
            parse_day(text)

    @pytest.mark.parametrize(("text", "days"), [("1d", 1), ("90d", 90), ("2w", 14), ("1y", 365)])
    def test_lives(self, text: str, days: int) -> None:
        assert parse_life(text) == timedelta(days=days)

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("2027-02-03", date(2027, 2, 3)),
            ("1d", date(2027, 2, 1)),
            ("2w", date(2027, 2, 14)),
            ("1m", date(2027, 2, 28)),
            ("13m", date(2028, 2, 29)),
            ("99999m", LAST_DAY),
            ("1y", date(2028, 1, 31)),
        ],
    )
    def test_expirations(self, text: str, day: date) -> None:
        assert parse_expiration(text, date(2027, 1, 31)) == day

    @pytest.mark.parametrize("text", ["", "d", "0d", "30", "30 d", "1x", "99999y", "-1m", "0m"])
    def test_nothing_else_is_an_expiration(self, text: str) -> None:
        with pytest.raises(InvalidExpiry):
            parse_expiration(text, date(2027, 1, 31))

    @pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1m", "1.5y", "999999d"])
    def test_nothing_else_is_a_life(self, text: str) -> None:
        with pytest.raises(InvalidExpiry):
            parse_life(text)


def token(**changes: object) -> Token:
    facts = {"id": "0" * 10, "account": "ada", "name": "x", "created_at": NOW, "hash": "h"}
    return msgspec.convert({"expires_at": None} | facts | changes, Token)


class TestStatus:
    @pytest.mark.parametrize(
        ("expires_in", "status"),
        [
            (None, Status.ACTIVE),
            (timedelta(days=15), Status.ACTIVE),
            (timedelta(days=15, seconds=-1), Status.EXPIRES_SOON),
            (timedelta(0), Status.EXPIRES_SOON),
            (timedelta(seconds=-1), Status.EXPIRED),
        ],
    )
    def test_by_the_second(self, expires_in: timedelta | None, status: Status) -> None:
        expires_at = None if expires_in is None else NOW + expires_in
        assert token(expires_at=expires_at).status(NOW) is status

    def test_revoked_comes_first(self) -> None:
        gone = token(expires_at=NOW - timedelta(days=1), revoked_at=NOW)
        assert gone.status(NOW) is Status.REVOKED

    def test_the_hash_is_not_shown(self) -> None:
        assert "hash" not in repr(token(hash="$2b$04$secret"))

    @pytest.mark.parametrize(
        ("created_at", "flaw"),
        [
            ("1969-12-31T23:59:59Z", None),
            ("0001-01-02T23:59:59Z", "a date is out of range"),
            ("0001-01-01T00:00:00+14:00", "a date is out of range"),
            ("9999-12-31T00:00:00Z", "a date is out of range"),
            ("9999-12-31T23:59:59-12:00", "a date is out of range"),
        ],
    )
    def test_a_moment_that_some_zone_has_no_date_for(
        self, created_at: str, flaw: str | None
    ) -> None:
        assert token(created_at=created_at).flaw() == flaw

    def test_a_time_without_zone_is_refused(self) -> None:
        with pytest.raises(msgspec.ValidationError):
            token(created_at="2026-11-24T20:15:00")
