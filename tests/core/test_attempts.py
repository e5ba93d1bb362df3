"""No account fills the audit log with what it was refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.opening import open_accounts, open_failures, open_files
from tokentui.core import attempts
from tokentui.core.account import Role
from tokentui.core.accounts import AccountService
from tokentui.core.attempts import BoundedRecorder
from tokentui.core.audit import Action, Actor, Event, Outcome
from tokentui.core.authenticator import Authenticator
from tokentui.core.credential import Secret
from tokentui.core.errors import AccountDisabled, NotPermitted, WrongLogIn
from tokentui.core.rights import Rights

from ..conftest import CHEAPEST, NOW

PASSWORD = Secret("correct horse battery")


class Place:
    """An audit log at a time of one's own; each use of `bounded` is another process."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.now = NOW
        self.backend = open_files(self.path, Actor("tokens"))
        self.log = self.backend.audit

    @property
    def bounded(self) -> BoundedRecorder:
        return BoundedRecorder(self.log, open_failures(self.path), lambda: self.now)

    def refuse(self, count: int = 1, account: str = "bob") -> None:
        event = Event(
            account=account, action=Action.COMMAND, outcome=Outcome.REFUSED, about="sh: no."
        )
        for _ in range(count):
            self.bounded.record(event)

    def told(self) -> list[str]:
        """Return what was recorded, the latest last."""
        return [entry.about or "" for entry in self.log.newest()][::-1]


@pytest.fixture
def place(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(attempts, "RECORDED", 3)
    return Place(store_path)


def test_what_is_refused_too_often_is_only_counted(place: Place) -> None:
    place.refuse(10)
    last = "sh: no. More refusals within this hour are counted, not recorded."
    assert place.told() == ["sh: no.", "sh: no.", last]
    place.refuse(account="cid")
    assert place.told()[3:] == ["sh: no."], "each account has its own window"
    place.now += attempts.WINDOW
    place.refuse(2)
    assert place.told()[4:] == ["sh: no. 7 earlier refusals were counted, not recorded.", "sh: no."]
    place.now += attempts.WINDOW
    place.refuse()
    assert place.told()[6:] == ["sh: no."]


def test_many_at_once_count_as_many(place: Place) -> None:
    event = Event(account="bob", action=Action.REVOKE, outcome=Outcome.REFUSED)
    place.bounded.record(*[event] * 1000)
    assert len(place.told()) == 3
    place.now += attempts.WINDOW
    place.refuse()
    assert "997 earlier refusals" in place.told()[-1]


def test_what_is_done_is_always_recorded(place: Place) -> None:
    place.refuse(5)
    place.bounded.record(Event(account="bob", action=Action.CREATE))
    assert len(place.told()) == 4


def test_a_clock_that_was_set_back_begins_another_window(place: Place) -> None:
    place.refuse(5)
    place.now -= timedelta(minutes=1)
    place.refuse()
    assert "2 earlier refusals" in place.told()[-1]


def test_where_nothing_can_be_counted_all_is_recorded(place: Place) -> None:
    Path(place.path).parent.mkdir()
    Path(place.path).with_name("failures.json").write_text("nonsense")
    place.refuse(5)
    assert len(place.told()) == 5


def test_log_ins_forget_no_count(place: Place) -> None:
    place.refuse(5)
    place.now += 2 * attempts.WINDOW
    accounts = open_accounts(place.path)
    authenticator = Authenticator(
        accounts, open_failures(place.path), place.log, CHEAPEST, lambda: place.now
    )
    with pytest.raises(WrongLogIn):
        authenticator.authenticate("nobody", PASSWORD)
    place.refuse()
    assert "2 earlier refusals" in place.told()[-1]


def test_a_disabled_account_cannot_fill_it_by_its_key(place: Place) -> None:
    accounts = place.backend.accounts
    operator = AccountService(place.backend, Rights("root"), place.log, by="root", hasher=CHEAPEST)
    operator.add("ann", None, None)
    operator.add("bob", Role.MEMBER, None)
    operator.disable("bob")
    before = len(place.told())
    for _ in range(5):
        authenticator = Authenticator(
            accounts, open_failures(place.path), place.log, CHEAPEST, lambda: place.now
        )
        with pytest.raises(AccountDisabled):
            authenticator.authenticate_by_key("bob", "Signed in over SSH.")
    assert len(place.told()) == before + 3


def test_what_is_no_account_is_not_recorded(place: Place) -> None:
    accounts = place.backend.accounts
    operator = AccountService(place.backend, Rights("root"), place.log, by="root", hasher=CHEAPEST)
    operator.add("ann", None, None)
    operator.add("bob", Role.MEMBER, None)
    as_bob = AccountService(
        place.backend, Rights("bob", accounts, signed_in=True), place.log, by="bob", hasher=CHEAPEST
    )
    for name in ("ann", "my-password-typed-too-early"):
        with pytest.raises(NotPermitted):
            as_bob.disable(name)
    assert [each.startswith("ann: ") for each in place.told()[-2:]] == [True, False]
    assert "early" not in place.told()[-1]
