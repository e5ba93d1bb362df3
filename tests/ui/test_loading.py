"""What is loaded when: the list at once, all other screens soon after it."""

import subprocess
import sys
from pathlib import Path

import tokentui

_FIRST_SCREEN = (
    "import tokentui.app_state, tokentui.cli, tokentui.cli.app, tokentui.stores.file.backend",
    "import tokentui.ui.first_look, tokentui.ui.app, tokentui.ui.keys",
)
_TEXTUAL = "import textual.app, textual.drivers.linux_driver, textual.widgets._input"
_SLOW = {
    *("bcrypt", "hashlib", "hmac", "platformdirs", "prometheus_client", "psycopg", "pygments"),
    *("tinydb", "tokentui.guide", "tokentui.server", "tomllib", "uvicorn"),
}
"""What takes long to load, beyond Textual, and the list does not need."""
_MODULES = 116
_SCREENS = "tokentui.ui.screens."


def modules_after(*programs: str) -> set[str]:
    """Return what a fresh process has loaded after programs."""
    told = "\n".join(["import sys", *programs, "print(*sys.modules)"])
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


def screens_after(program: str) -> set[str]:
    """Return the screens that a fresh process has loaded after a program."""
    names = modules_after(program)
    return {each.removeprefix(_SCREENS) for each in names if each.startswith(_SCREENS)}


def test_the_first_screen_loads_what_it_needs() -> None:
    loaded = modules_after(*_FIRST_SCREEN) - modules_after(_TEXTUAL)
    ours = {each for each in loaded if each.partition(".")[0] == "tokentui"}
    assert loaded & _SLOW == set()
    assert len(ours) <= _MODULES, sorted(ours)


def test_the_list_waits_for_no_other_screen() -> None:
    at_once = screens_after("import tokentui.ui.app")
    assert at_once == {"token_list", "token_list_keys"}
    named = "from tokentui.ui import keys\nkeys.binding('list.create')"
    assert screens_after(f"import tokentui.ui.app\n{named}") == at_once


def test_in_the_end_all_are_loaded() -> None:
    files = (Path(tokentui.__file__).parent / "ui" / "screens").glob("*.py")
    loaded = screens_after("from tokentui.ui import keys\nlist(keys.scopes())")
    assert loaded == {each.stem for each in files} - {"__init__"}
