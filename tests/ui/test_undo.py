"""What can be undone, without a screen."""

import pytest

from tokentui.core.commands import TokenCommands
from tokentui.core.errors import NameTaken, TokenChanged
from tokentui.core.token import Token
from tokentui.ui.undo import Change, UndoHistory


@pytest.fixture
def token(service: TokenCommands) -> Token:
    return service.create("ci", None, note="Builds").token


def limited(service: TokenCommands, token: Token) -> Token:
    return service.set_access(token, read_only=True, networks=("192.0.2.0/24",))


def test_each_kind_of_change_is_undone_the_latest_first(
    service: TokenCommands, token: Token
) -> None:
    history = UndoHistory()
    renamed = service.rename(token, "deploy")
    noted = service.set_note(renamed, "Deploys")
    last = limited(service, noted)
    history.add(Change(token, renamed), Change(renamed, noted), Change(noted, last))
    told = []
    while (change := history.take()) is not None:
        change.undo(service)
        told.append(change.undone)
    assert told == [
        "Restored the access of deploy: all requests, from any network.",
        "Restored the note of deploy.",
        "Renamed deploy back to ci.",
    ]
    now = service.queries.get(token.id)
    assert (now.name, now.note, now.read_only, now.networks) == ("ci", "Builds", False, ())
    assert not history


def test_what_was_changed_besides_stays(service: TokenCommands, token: Token) -> None:
    renamed = service.rename(token, "deploy")
    limited(service, renamed)
    assert Change(token, renamed).undo(service).read_only


def test_what_was_changed_again_elsewhere_stays(service: TokenCommands, token: Token) -> None:
    renamed = service.rename(token, "deploy")
    noted = service.set_note(renamed, "Deploys")
    bound = limited(service, noted)
    other = service.set_access(bound, read_only=True, networks=())
    other = service.set_note(other, "Theirs")
    service.rename(other, "theirs")
    for change in (Change(token, renamed), Change(renamed, noted), Change(noted, bound)):
        with pytest.raises(TokenChanged):
            change.undo(service)
    assert service.queries.get(token.id).note == "Theirs"


def test_a_name_that_somebody_else_has_by_now(service: TokenCommands, token: Token) -> None:
    renamed = service.rename(token, "deploy")
    service.create("ci", None)
    with pytest.raises(NameTaken):
        Change(token, renamed).undo(service)


def test_a_change_that_changed_nothing_is_no_step_back(
    service: TokenCommands, token: Token
) -> None:
    history = UndoHistory()
    history.add(Change(token, service.set_note(token, "Builds")))
    assert history.take() is None


def test_a_visit_hands_on_what_it_did_not_undo(service: TokenCommands, token: Token) -> None:
    visit, session = UndoHistory(), UndoHistory()
    change = Change(token, service.rename(token, "deploy"))
    visit.add(change)
    session.add(*visit.clear())
    assert not visit
    assert session.take() == change
