"""What the guide says of commands, roles and other pages is what there is."""

import re
from pathlib import Path

import click
import pytest

from tokentui.cli import main
from tokentui.cli.store import store

_GUIDE = Path(__file__).parent.parent / "tokentui" / "guide"
PAGES = {path.stem: path.read_text() for path in _GUIDE.glob("*.md")}


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_that_it_names_are_there(page: str) -> None:
    for words in re.findall(r"(?:`|^\$ |bin/)tokentui ([a-z][a-z ]*)", PAGES[page], re.MULTILINE):
        command: click.Command = main
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, words
            command = command.commands[word]


@pytest.mark.parametrize("name", store.commands)
def test_every_command_about_stores_is_in_it(name: str) -> None:
    assert f"tokentui store {name} " in PAGES["postgresql"]


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page: str) -> None:
    titles = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
    anchors = {title.lower().replace(" ", "-") for title in titles}
    for link in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        assert link.removeprefix("#") in anchors or (_GUIDE / link).exists(), link
