"""How often the list asks the store: it may be far away, so that each question takes its time."""

from collections import Counter

import pytest

from tokentui.core.commands import TokenCommands
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.store_watch import StoreWatch

from .conftest import Run, arrive, said
from .distance import move_away
from .office import Office

_LOAD = Counter(
    {
        "accounts.list_all": 2,  # permissions, which tokens are visible
        "tokens.page": 1,
        "warnings": 1,
    }
)
"""The questions of one load of the list, however many tokens and keys there are."""


class Asked:
    """What a service asks of its backend from now on."""

    def __init__(self, service: TokenCommands) -> None:
        self._backend = move_away(service)

    def since(self) -> Counter[str]:
        """Return what was asked since this was asked last, or since the beginning."""
        calls = Counter(call.method for call in self._backend.calls)
        self._backend.calls.clear()
        return calls


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app do nothing by itself while it is looked at how often it asks."""
    monkeypatch.setattr(StoreWatch, "start", lambda *_: None)


@pytest.fixture
def ann(office: Office) -> TokenCommands:
    """Return the service of an administrator with 30 more tokens."""
    service = office.service("ann")
    for n in range(30):
        service.confirm_saved(service.create(f"t{n:02}", None).token.id)
    return service


async def test_each_key_takes_few_questions(
    office: Office, ann: TokenCommands, run: Run, alone: None
) -> None:
    asked = Asked(ann).since
    async with run(ann, **office.choices("ann")) as pilot:
        greeting = Counter({"accounts.list_all": 3, "tokens.scan": 1, "tokens.summary": 1})
        assert asked() == _LOAD + greeting
        await pilot.press("down", "slash")
        assert asked() == Counter({"tokens.prepare_search": 1})
        await pilot.press("t")
        assert asked() == _LOAD
        await pilot.press("escape")
        assert asked() == _LOAD
        await pilot.press("space", "space", "space")
        assert asked() == Counter()
        assert "3 selected" in said(pilot, "#summary")
        for key in ("v", "i", "a"):
            await pilot.press(key)
            assert asked() == Counter({"accounts.list_all": 1, "tokens.scan": 1}), key
        await pilot.press("r")
        await arrive(pilot, Confirm)
        last_uses = Counter({"accounts.list_all": 1, "usage.get_many": 1})
        assert asked() == Counter({"accounts.list_all": 1, "tokens.get_many": 1}) + last_uses


async def test_marks_are_looked_up_together(
    office: Office, ann: TokenCommands, run: Run, alone: None
) -> None:
    async with run(ann, **office.choices("ann")) as pilot:
        await pilot.press("a", "slash", "t")
        asked = Asked(ann).since
        await pilot.press("1")
        assert "32 selected, 22 not shown" in said(pilot, "#summary")
        assert asked() == _LOAD + Counter({"accounts.list_all": 1, "tokens.get_many": 1})
        await pilot.press("enter", "escape")
        assert "selected" not in said(pilot, "#summary")
