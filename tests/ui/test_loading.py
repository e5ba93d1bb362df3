"""What is loaded when: the list at once, all other screens soon after it."""

import subprocess
import sys
from pathlib import Path

import tokentui

_SCREENS = "tokentui.ui.screens."
_LOADED = f"{{each.removeprefix({_SCREENS!r}) for each in sys.modules if {_SCREENS!r} in each}}"


def screens_after(program: str) -> set[str]:
    """Return the screens that a fresh process has loaded after a program."""
    told = f"import sys\n{program}\nprint(*{_LOADED})"
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


def test_the_list_waits_for_no_other_screen() -> None:
    at_once = screens_after("import tokentui.ui.app")
    assert at_once == {"token_list", "token_list_keys"}
    named = "from tokentui.ui import keys\nkeys.binding('list.create')"
    assert screens_after(f"import tokentui.ui.app\n{named}") == at_once


def test_in_the_end_all_are_loaded() -> None:
    files = (Path(tokentui.__file__).parent / "ui" / "screens").glob("*.py")
    loaded = screens_after("from tokentui.ui import keys\nlist(keys.scopes())")
    assert loaded == {each.stem for each in files} - {"__init__"}
