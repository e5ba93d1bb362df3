"""Log-in: who gets in, how slowly others are told no, and what a flood costs."""

from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest

from tests.opening import open_failures, open_files
from tokentui import files
from tokentui.core import attempts, authenticator
from tokentui.core.account import Role
from tokentui.core.accounts import AccountService
from tokentui.core.audit import Action, Actor, Entry
from tokentui.core.authenticator import PASSWORD_COST, Authenticator
from tokentui.core.credential import BcryptHasher, Secret
from tokentui.core.errors import (
    AccountDisabled,
    AccountNotFound,
    AuditLogUnwritable,
    StoreError,
    TooManyLogIns,
    WrongLogIn,
)
from tokentui.core.rights import Rights

from ..conftest import CHEAPEST, NOW

PASSWORD = "correct horse battery"


class Place:
    """A folder with accounts, and an authenticator of them at a time of one's own."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.now = NOW
        self.hasher: BcryptHasher = CHEAPEST
        self.backend = open_files(self.path, Actor("tokens"), clock=lambda: self.now)
        self.accounts = self.backend.accounts
        self.trail = self.backend.audit
        self.service = AccountService(
            self.backend, Rights("root"), self.trail, by="root", hasher=CHEAPEST
        )

    def authenticator(self) -> Authenticator:
        """Return the authenticator as another process has it."""
        again = open_files(self.path, clock=lambda: self.now)
        return Authenticator(
            again.accounts, again.attempts, self.trail, self.hasher, lambda: self.now
        )

    def sign_in(self, name: str = "ann", password: str = PASSWORD, **more: str) -> str:
        return self.authenticator().authenticate(name, Secret(password), **more).name  # type: ignore[arg-type]

    def last(self) -> Entry:
        return next(self.trail.newest())


@pytest.fixture
def place(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(authenticator, "_NOBODY", CHEAPEST.hash(Secret("nobody")))
    made = Place(store_path)
    made.service.add("ann", None, Secret(PASSWORD))
    made.service.add("bob", None, Secret("bobs long password"))
    return made


def wrong(place: Place, count: int, name: str = "ann", address: str | None = None) -> None:
    """Give so many wrong passwords, each as soon as it is looked at."""
    for _ in range(count):
        with pytest.raises(WrongLogIn):
            place.authenticator().authenticate(name, Secret("wrong"), address)


def test_the_right_password_opens(place: Place) -> None:
    assert place.sign_in() == "ann"
    assert (place.last().action, place.last().outcome) == (Action.LOG_IN, "done")


def test_unlocking_is_told_apart(place: Place) -> None:
    place.authenticator().authenticate("ann", Secret(PASSWORD), unlocking=True)
    assert place.last().action == Action.UNLOCK


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong"),
        ("ann", ""),
        ("ann", PASSWORD + "\0"),
        ("ann", PASSWORD * 10),
        ("ann", "bobs long password"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("ANN", PASSWORD),
        ("ann\0", PASSWORD),
        ("\ud800", "\ud800"),
    ],
)
def test_all_else_is_refused_with_the_same_words_and_work(
    place: Place, name: str, password: str
) -> None:
    place.hasher = mock.Mock(wraps=CHEAPEST)
    with pytest.raises(WrongLogIn, match=r"^Wrong name or password\.$"):
        place.sign_in(name, password)
    assert place.hasher.check.call_count == 1


def test_a_name_that_is_none_is_not_written_down(place: Place) -> None:
    with pytest.raises(WrongLogIn):
        place.sign_in("my-password-typed-too-early")
    assert place.last().account == ""
    assert "early" not in str(place.last())


def test_one_password_in_two_forms_of_unicode_is_one(place: Place) -> None:
    place.service.set_password("ann", Secret("cafe\u0301 au lait noir"))
    assert place.sign_in(password="caf\u00e9 au lait noir") == "ann"


def test_nobody_is_checked_against_a_hash_of_the_same_cost() -> None:
    assert authenticator._NOBODY.startswith(f"$2b${PASSWORD_COST}$")
    assert not BcryptHasher(PASSWORD_COST).check(Secret("?"), authenticator._NOBODY)


def test_who_is_disabled_is_refused_like_everybody_else(place: Place) -> None:
    place.service.disable("bob")
    with pytest.raises(WrongLogIn):
        place.sign_in("bob", "bobs long password")
    place.service.enable("bob")
    assert place.sign_in("bob", "bobs long password") == "bob"


def test_who_has_no_password_cannot_enter_by_one(place: Place) -> None:
    place.service.add("key", Role.MEMBER, None)
    assert not place.authenticator().has_password("key")
    with pytest.raises(WrongLogIn):
        place.sign_in("key", "")


def test_delays_grow_survive_a_restart_and_end(place: Place) -> None:
    wrong(place, 5)
    waits = []
    for _ in range(10):
        with pytest.raises(TooManyLogIns) as refused:
            place.sign_in()
        waits.append(refused.value.seconds)
        place.now += timedelta(seconds=refused.value.seconds)
        wrong(place, 1)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    place.now += timedelta(seconds=300)
    assert place.sign_in() == "ann"
    wrong(place, 5)


def test_a_delay_is_for_one_name(place: Place) -> None:
    wrong(place, 5)
    assert place.sign_in("bob", "bobs long password") == "bob"


def test_names_that_are_none_are_delayed_alike(place: Place) -> None:
    wrong(place, 5, "nobody")
    with pytest.raises(TooManyLogIns):
        place.sign_in("nobody")


def test_many_names_from_one_place_are_delayed_too(place: Place) -> None:
    for number in range(20):
        wrong(place, 1, f"nobody{number}", "192.0.2.7")
    with pytest.raises(TooManyLogIns):
        place.sign_in(address="192.0.2.7")
    assert place.sign_in(address="192.0.2.8") == "ann"


def test_a_clock_that_was_set_back_shuts_nobody_out(place: Place) -> None:
    wrong(place, 5)
    place.now -= timedelta(days=300)
    assert place.sign_in() == "ann"


def test_failures_of_long_ago_are_forgotten(place: Place) -> None:
    wrong(place, 4, "bob")
    place.now += timedelta(days=2)
    wrong(place, 1, "nobody")
    wrong(place, 4, "bob")
    assert place.sign_in("bob", "bobs long password") == "bob"


def test_ten_thousand_wrong_passwords(place: Place) -> None:
    """None gets in, few are looked at, little is written, and the right one works after that."""
    hasher = mock.Mock(wraps=CHEAPEST)
    place.hasher = hasher
    checker, looked_at = place.authenticator(), 0
    for number in range(10_000):
        place.now = NOW + timedelta(milliseconds=number * 10)
        with pytest.raises((WrongLogIn, TooManyLogIns)) as refused:
            checker.authenticate("ann", Secret(f"guess {number} of many"), "192.0.2.7")
        looked_at += refused.type is WrongLogIn
    # 5 at once, and in 100 seconds one after each of 1, 2, 4, ... seconds.
    assert hasher.check.call_count == looked_at == 11
    assert sum(1 for each in place.trail.newest() if each.action == Action.LOG_IN) == 11
    assert Path(place.path).with_name("failures.json").stat().st_size < 1000
    place.now += timedelta(minutes=5)
    assert place.sign_in(address="192.0.2.7") == "ann"


def test_a_flood_of_names_fills_no_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authenticator, "_SLOTS", 64)
    hasher = mock.Mock()
    hasher.check.return_value = False
    place.hasher = hasher
    kept: dict[str, attempts.Failures] = {}

    class Memory:
        def turn(self):  # type: ignore[no-untyped-def]
            from contextlib import nullcontext

            return nullcontext()

        def get(self, slots):  # type: ignore[no-untyped-def]
            return {slot: kept[slot] for slot in slots if slot in kept}

        def put(self, seen, changes):  # type: ignore[no-untyped-def]
            kept.update(changes)
            return True

    checker = Authenticator(place.accounts, Memory(), mock.Mock(), hasher, lambda: NOW)
    for number in range(200):
        with pytest.raises(WrongLogIn):
            checker.authenticate(f"n{number}", Secret("x"), f"192.0.2.{number}")
        kept = {
            slot: attempts.Failures(count=1, last_at=each.last_at) for slot, each in kept.items()
        }
    assert 32 < len(kept) <= 64


def test_own_log_ins_buy_no_guesses(place: Place) -> None:
    for number in range(20):
        wrong(place, 1, f"nobody{number}", "192.0.2.7")
        if number % 5 == 0:
            place.sign_in("bob", "bobs long password", address="192.0.2.7")
    with pytest.raises(TooManyLogIns):
        place.sign_in("bob", "bobs long password", address="192.0.2.7")


def test_one_customer_of_ipv6_is_one_place(place: Place) -> None:
    for number in range(20):
        wrong(place, 1, f"nobody{number}", f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooManyLogIns):
        place.sign_in(address="2001:db8:1:2::ffff")


def test_where_failures_cannot_be_counted_no_password_is_looked_at(place: Place) -> None:
    place.hasher = mock.Mock(wraps=CHEAPEST)
    with (
        mock.patch.object(files, "replace", side_effect=OSError(28, "No space left on device")),
        pytest.raises(StoreError, match="No space"),
    ):
        place.sign_in()
    assert place.hasher.check.call_count == 0


def test_failures_that_are_removed_begin_anew(place: Place) -> None:
    checker = place.authenticator()
    with pytest.raises(WrongLogIn):
        checker.authenticate("ann", Secret("wrong"))
    Path(place.path).with_name("failures.json").unlink()
    assert checker.authenticate("ann", Secret(PASSWORD)).name == "ann"


def test_damaged_failures_let_nobody_in(place: Place) -> None:
    wrong(place, 1)
    failures = Path(place.path).with_name("failures.json")
    failures.write_text("nonsense")
    with pytest.raises(StoreError, match="Remove the file"):
        place.sign_in()
    failures.unlink()
    assert place.sign_in() == "ann"


def test_where_a_log_in_cannot_be_written_down_nobody_is_let_in(place: Place) -> None:
    trail = Path(place.path).with_name("audit.jsonl")
    trail.unlink()
    trail.mkdir()
    with pytest.raises(AuditLogUnwritable):
        place.sign_in()


def test_keys_admit(place: Place) -> None:
    assert place.authenticator().authenticate_by_key("ann", "By a key.").name == "ann"
    assert place.last().about == "By a key."
    with pytest.raises(AccountNotFound):
        place.authenticator().authenticate_by_key("nobody", "By a key.")
    place.service.disable("bob")
    with pytest.raises(AccountDisabled):
        place.authenticator().authenticate_by_key("bob", "By a key.")
    assert (place.last().account, place.last().outcome) == ("bob", "refused")


def test_one_log_in_at_a_time(place: Place) -> None:
    """Whoever tries many at once has them looked at one after the other."""
    import threading

    busy, most = 0, 0
    guard = threading.Lock()

    class Counting:
        def hash(self, secret: Secret) -> str:
            raise NotImplementedError

        def check(self, secret: Secret, hashed: str) -> bool:
            nonlocal busy, most
            with guard:
                busy += 1
                most = max(most, busy)
            CHEAPEST.check(secret, hashed)
            with guard:
                busy -= 1
            return False

    def attempt(number: int) -> None:
        failures = open_failures(place.path)
        checker = Authenticator(place.accounts, failures, place.trail, Counting(), lambda: NOW)
        with pytest.raises(WrongLogIn):
            checker.authenticate(f"nobody{number}", Secret("wrong"), f"192.0.2.{number}")

    threads = [threading.Thread(target=attempt, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
