"""How a store is named: a path, or a `file:` URL."""

import subprocess
import sys
from pathlib import Path

import pytest

from tokentui.core.errors import StoreUnknown
from tokentui.stores import open_backend


@pytest.mark.parametrize(
    "url",
    ["{}/a b.json", "file:{}/a b.json", "file://{}/a%20b.json", "file://localhost{}/a b.json"],
)
def test_a_file_has_a_path_or_a_url(tmp_path: Path, url: str) -> None:
    assert open_backend(url.format(tmp_path)).url == str(tmp_path.resolve() / "a b.json")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file://elsewhere/tokens.json", "is on another machine. Give the path of a file"),
        ("redis://host/0", "is not a store that this version supports"),
        ("mysql://host/tokens", "is not a store that this version supports"),
    ],
)
def test_what_is_no_file_is_refused_in_a_sentence(url: str, why: str) -> None:
    with pytest.raises(StoreUnknown, match=why):
        open_backend(url)


def test_a_file_never_pays_for_a_database(tmp_path: Path) -> None:
    program = (
        "import sys, tokentui.cli, tokentui.ui.app\n"
        "[*tokentui.cli.main.commands.values()]\n"
        "from tokentui.stores import open_backend\n"
        f"open_backend({str(tmp_path / 'tokens.json')!r}).lookup.find('')\n"
        "print([name for name in sys.modules if 'psycopg' in name or 'postgresql' in name])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
