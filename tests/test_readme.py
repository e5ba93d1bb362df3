"""What the README says is what there is; the rest is in the guide."""

import re
from pathlib import Path

import pytest

from tokentui import guide

from .documents import commands_in, links_of, problems_of_command, problems_of_link

_README = Path(__file__).parent.parent / "README.md"
_TEXT = _README.read_text()


def test_it_is_read_in_a_minute() -> None:
    assert len(_TEXT.splitlines()) <= 150


@pytest.mark.parametrize("words", commands_in(_TEXT), ids=" ".join)
def test_the_commands_that_it_names_are_there(words: list[str]) -> None:
    assert problems_of_command(words) == ""


@pytest.mark.parametrize("link", links_of(_TEXT))
def test_its_links_lead_somewhere(link: str) -> None:
    assert problems_of_link(_README, link) == ""


@pytest.mark.parametrize("topic", guide.TOPICS)
def test_it_names_every_page_of_the_guide(topic: str) -> None:
    assert f"\n| [{topic}](tokentui/guide/{topic}.md) | " in _TEXT


@pytest.mark.parametrize("mark", ["run", "test"])
def test_what_is_run_is_one_command(mark: str) -> None:
    block = re.search(rf"^<!-- {mark} -->\n```sh\n(.*?)```$", _TEXT, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert block[1].count("\n") == 1
