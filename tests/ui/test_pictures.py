"""A picture of each screen. The README shows one of these files, so it cannot go stale."""

import itertools
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import SVGImageSnapshotExtension
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tokentui.core import credential
from tokentui.core.commands import TokenCommands
from tokentui.ui.app import TokentuiApp
from tokentui.ui.details_pane import DetailsPane
from tokentui.ui.screens.account_keys import AccountKeys
from tokentui.ui.screens.accounts import Accounts
from tokentui.ui.screens.audit_trail import AuditTrail
from tokentui.ui.screens.choose_access import ChooseAccess
from tokentui.ui.screens.choose_account import ChooseAccount
from tokentui.ui.screens.choose_filter import ChooseFilter
from tokentui.ui.screens.choose_role import ChooseRole
from tokentui.ui.screens.choose_theme import ChooseTheme
from tokentui.ui.screens.confirm import Confirm
from tokentui.ui.screens.create_token import CreateToken
from tokentui.ui.screens.help import Help
from tokentui.ui.screens.log_in import LogIn
from tokentui.ui.screens.manage_token import ManageToken
from tokentui.ui.screens.new_account import NewAccount
from tokentui.ui.screens.rotate_token import RotateToken
from tokentui.ui.screens.saved_token import SavedToken
from tokentui.ui.screens.token_list import TokenList
from tokentui.ui.screens.try_secret import TrySecret
from tokentui.ui.type_ahead import TypeAhead
from tokentui.ui.widgets import screen_header
from tokentui.ui.widgets.history import History
from tokentui.ui.widgets.token_table import TokenTable

from .conftest import Run, arrive, log_in, said, until, write
from .office import KEY, Office
from .recording import Recording


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageSnapshotExtension)


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch, store_path: Path) -> None:
    """Let nothing in a picture depend on chance, on the machine or on who draws it."""
    numbers = itertools.count(1)
    monkeypatch.setattr(credential, "_random", lambda length: str(next(numbers)).zfill(length))
    monkeypatch.setattr(Path, "home", lambda: store_path.parent.parent)
    monkeypatch.setattr(screen_header, "host", lambda: "web-17")
    monkeypatch.delenv("NO_COLOR", raising=False)


pytestmark = pytest.mark.usefixtures("unwatched")
"""What is seen below a dialog must not hang on when the store was last looked at."""


async def draw(pilot: Pilot[None]) -> str:
    """Return the screen as SVG once it has come to rest.

    It is without the font that a browser would fetch from elsewhere.
    """
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    await until(pilot, lambda: at_rest(pilot.app))
    await read_events(pilot)
    await pilot.pause()
    svg = pilot.app.export_screenshot()
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"\bterminal-\d+-", "terminal-", svg)


def at_rest(app: App[None]) -> bool:
    assert isinstance(app, TypeAhead)
    return app._settled()


async def read_events(pilot: Pilot[None]) -> None:
    """Let the details beside the list, where they are shown, have the events of their token."""
    if not isinstance(pilot.app.screen, TokenList):
        return
    pane = pilot.app.screen.query_one(DetailsPane)
    token = pilot.app.screen.query_one(TokenTable).token
    if token is not None and pane.display:
        pane.read_events(token)
        await until(pilot, lambda: pane.events is not None)


async def to_never_saved(pilot: Pilot[None]) -> None:
    await arrive(pilot, Confirm)


async def to_list(pilot: Pilot[None]) -> None:
    await arrive(pilot, Confirm)
    await pilot.press("escape")
    await arrive(pilot, TokenList)
    await pilot.press("down")


async def to_create(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("c")
    await arrive(pilot, CreateToken)
    await write(pilot, "ci-deploy")


async def to_access(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("c")
    await arrive(pilot, CreateToken)
    await pilot.press("f9", "space", "tab")
    await write(pilot, "192.0.2.0/24")


async def to_never_expires(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("c")
    await arrive(pilot, CreateToken)
    await pilot.press("tab", "down")


async def to_save(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("c")
    await arrive(pilot, CreateToken)
    await write(pilot, "grafana")
    await pilot.press("enter")
    await arrive(pilot, SavedToken)


async def manage(pilot: Pilot[None]) -> None:
    await pilot.press("m")
    await arrive(pilot, ManageToken)
    await until(pilot, lambda: at_rest(pilot.app))
    history = pilot.app.screen.query_one(History)
    await until(pilot, lambda: history.content or not history.display)


async def to_manage(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await manage(pilot)


async def to_revoke(pilot: Pilot[None]) -> None:
    await to_manage(pilot)
    await pilot.press("f8")
    await arrive(pilot, Confirm)


async def to_rotate(pilot: Pilot[None]) -> None:
    await to_manage(pilot)
    await pilot.press("f7")
    await arrive(pilot, RotateToken)


async def to_rotated(pilot: Pilot[None]) -> None:
    await to_rotate(pilot)
    await pilot.press("ctrl+s")
    await arrive(pilot, SavedToken)


async def to_pair(pilot: Pilot[None]) -> None:
    await to_rotated(pilot)
    await pilot.press("c", "enter")
    await arrive(pilot, ManageToken)
    await pilot.press("escape")
    await arrive(pilot, TokenList)


async def to_marked(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("home", "space", "space", "down", "space")


async def to_revoke_many(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("a", "r")
    await arrive(pilot, Confirm)
    await pilot.press("6")


async def to_access_many(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("home", "space", "down", "space", "e")
    await arrive(pilot, ChooseAccess)
    await pilot.press("space")


async def to_show_only(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("f")
    await arrive(pilot, ChooseFilter)
    options = pilot.app.screen.query_one(OptionList)
    await until(pilot, lambda: str(options.get_option_at_index(0).prompt)[-1].isdigit())


async def to_try(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, TokenList)
    new = screen.service.create("probe", None, read_only=True, networks=("192.0.2.0/24",))
    screen.reload()
    await pilot.press("y")
    await arrive(pilot, TrySecret)
    pilot.app.screen.query_one(Input).value = new.secret.reveal()
    await pilot.press("enter")
    await until(pilot, lambda: "token is valid" in said(pilot, "#verdict"))


async def to_theme(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    app = pilot.app
    assert isinstance(app, TokentuiApp)
    app.search_themes()
    await arrive(pilot, ChooseTheme)
    await pilot.press("home", "down", "down", "down", "down", "down")


async def to_help(pilot: Pilot[None]) -> None:
    await to_list(pilot)
    await pilot.press("question_mark")
    await arrive(pilot, Help)


SCREENS = {
    "never-saved": to_never_saved,
    "list": to_list,
    "create": to_create,
    "access": to_access,
    "never-expires": to_never_expires,
    "save": to_save,
    "manage": to_manage,
    "revoke": to_revoke,
    "rotate": to_rotate,
    "rotated": to_rotated,
    "pair": to_pair,
    "marked": to_marked,
    "revoke-many": to_revoke_many,
    "access-many": to_access_many,
    "show-only": to_show_only,
    "try": to_try,
    "theme": to_theme,
    "help": to_help,
}


_SIZES = [(40, 12), (60, 20), (80, 24), (120, 36), (200, 50)]


class Look(NamedTuple):
    """How a screen is looked at."""

    size: tuple[int, int] = (80, 24)
    theme: str = "textual-dark"
    colours: bool = True


LOOKS = {
    **{f"{columns}x{rows}": Look((columns, rows)) for columns, rows in _SIZES},
    "light": Look(theme="textual-light"),
    "without-colours": Look(colours=False),
}


_EACH_LOOK = pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))


@pytest.fixture
def dressed(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the colours away where a look has none."""
    if not look.colours:
        monkeypatch.setenv("NO_COLOR", "1")


@_EACH_LOOK
@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("name", SCREENS)
async def test_screen(
    stocked: TokenCommands, run: Run, picture: SnapshotAssertion, name: str, look: Look
) -> None:
    async with run(stocked, look.size) as pilot:
        pilot.app.theme = look.theme
        await SCREENS[name](pilot)
        assert await draw(pilot) == picture


@pytest.mark.parametrize("size", [(40, 12), (80, 24)], ids=["40x12", "80x24"])
async def test_first_start(
    service: TokenCommands, run: Run, picture: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async with run(service, size) as pilot:
        assert await draw(pilot) == picture


async def test_more_than_fits(service: TokenCommands, run: Run, picture: SnapshotAssertion) -> None:
    for number in range(100):
        new = service.create(f"service-{number:03}", None)
        service.confirm_saved(new.token.id)
    async with run(service) as pilot:
        await pilot.press("pagedown", "pagedown")
        assert await draw(pilot) == picture


async def to_log_in(pilot: Pilot[None]) -> None:
    await arrive(pilot, LogIn)
    await log_in(pilot, "bob", "wrong")
    await until(pilot, lambda: "Wrong" in said(pilot, "#problem"))


async def to_accounts(pilot: Pilot[None]) -> None:
    await arrive(pilot, LogIn)
    await log_in(pilot, "ann")
    await arrive(pilot, TokenList)
    await pilot.press("down")


async def to_locked(pilot: Pilot[None]) -> None:
    await to_accounts(pilot)
    await pilot.press("ctrl+l")
    await arrive(pilot, LogIn)


async def to_choose_account(pilot: Pilot[None]) -> None:
    await to_accounts(pilot)
    await pilot.press("A")
    await arrive(pilot, ChooseAccount)


async def to_of_another(pilot: Pilot[None]) -> None:
    await to_accounts(pilot)
    await manage(pilot)


async def to_audit_trail(pilot: Pilot[None]) -> None:
    await to_accounts(pilot)
    await pilot.press("H")
    await arrive(pilot, AuditTrail)
    await until(pilot, lambda: "Sign in" in said(pilot, "#more"))


async def to_history(pilot: Pilot[None]) -> None:
    await to_accounts(pilot)
    await pilot.press("h")
    await arrive(pilot, AuditTrail)
    await until(pilot, lambda: "deploy" in said(pilot, "#more"))


async def to_manage_accounts(pilot: Pilot[None]) -> None:
    await to_accounts(pilot)
    await pilot.press("o")
    await arrive(pilot, Accounts)
    await until(pilot, lambda: "Administrator" in said(pilot, "#more"))
    await pilot.press("down")


async def to_new_account(pilot: Pilot[None]) -> None:
    await to_manage_accounts(pilot)
    await pilot.press("a")
    await arrive(pilot, NewAccount)
    await write(pilot, "zoe")


async def to_role(pilot: Pilot[None]) -> None:
    await to_manage_accounts(pilot)
    await pilot.press("r")
    await arrive(pilot, ChooseRole)


async def to_ssh_keys(pilot: Pilot[None]) -> None:
    await to_manage_accounts(pilot)
    await pilot.press("enter")
    await arrive(pilot, AccountKeys)
    pilot.app.screen.query_one(Input).value = KEY
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 1)


async def to_delete_account(pilot: Pilot[None]) -> None:
    await to_manage_accounts(pilot)
    await pilot.press("D")
    await arrive(pilot, Confirm)


SHARED = {
    "log-in": to_log_in,
    "locked": to_locked,
    "accounts": to_accounts,
    "choose-account": to_choose_account,
    "of-another": to_of_another,
    "audit-trail": to_audit_trail,
    "history": to_history,
    "manage-accounts": to_manage_accounts,
    "new-account": to_new_account,
    "role": to_role,
    "ssh-keys": to_ssh_keys,
    "delete-account": to_delete_account,
}
"""How to get to the screens that there are where several people share a store."""


@_EACH_LOOK
@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("name", SHARED)
async def test_shared(
    office: Office, run: Run, picture: SnapshotAssertion, name: str, look: Look
) -> None:
    async with run(office.service(), look.size, **office.choices()) as pilot:
        pilot.app.theme = look.theme
        await SHARED[name](pilot)
        assert await draw(pilot) == picture


SESSION: list[tuple[list[str], type, str, float]] = [
    ([], TokenList, "tokentui", 2),
    (["c"], CreateToken, "c opens the form", 1.5),
    ([*"ci"], CreateToken, "Type a name", 0.5),
    (["minus", *"deploy"], CreateToken, "Type a name", 1),
    (["tab", "tab"], CreateToken, "Tab goes to the calendar", 1.2),
    (["{"], CreateToken, "{ goes back a year", 1),
    (["]"], CreateToken, "] goes on a month", 0.5),
    (["]"], CreateToken, "] goes on a month", 0.5),
    (["]"], CreateToken, "] goes on a month", 1),
    (["ctrl+s"], SavedToken, "Ctrl+S creates it and shows the secret, once", 2.5),
    (["c"], SavedToken, "c copies the secret", 2),
    (["enter"], TokenList, "Enter: the token is in the list", 1.5),
    (["n"], ManageToken, "n renames it: the old name is selected", 1.5),
    ([*"ci", "minus", *"production"], ManageToken, "Type a new name", 1.2),
    (["enter"], ManageToken, "Enter renames it", 1.5),
    (["escape"], TokenList, "Esc goes back", 1.2),
    (["r"], Confirm, "r asks before it revokes", 2.5),
    (["tab"], Confirm, "Tab goes to Yes, Revoke The Token", 1),
    (["enter"], TokenList, "Enter revokes it: its secret is refused at once", 2.5),
]


async def test_session(service: TokenCommands, run: Run, picture: SnapshotAssertion) -> None:
    recording = Recording()
    async with run(service) as pilot:
        for keys, screen, caption, seconds in SESSION:
            await pilot.press(*keys)
            await arrive(pilot, screen)
            await until(pilot, lambda: nothing_under_way(pilot))
            await pilot.pause()
            recording.add(await draw(pilot), caption, seconds)
    assert recording == picture


def nothing_under_way(pilot: Pilot[None]) -> bool:
    """Say whether each worker does no more than wait for the screen that it opened."""
    workers = (worker for worker in pilot.app.workers if worker.group not in {"keys", "look"})
    working = [worker for worker in workers if not worker.is_finished]
    return len(working) == len(pilot.app.screen_stack) - 1
