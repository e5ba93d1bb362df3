"""What the guide says of commands, settings, keys and other pages is what there is."""

import ast
import re
from pathlib import Path

import pytest

from tokentui import config, guide
from tokentui.cli import main
from tokentui.cli.store import store
from tokentui.console import ExitCode
from tokentui.ui.keys import actions

from . import keys
from .documents import commands_in, links_of, problems_of_command, problems_of_link

_GUIDE = Path(guide.__file__).parent
_ALL = "\n".join(page.text for page in guide.pages())
_MESSAGES = "\n".join(
    node.value.lower()
    for path in _GUIDE.parent.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
)


def test_each_page_is_a_topic() -> None:
    assert {path.stem for path in _GUIDE.glob("*.md")} == set(guide.TOPICS)


@pytest.mark.parametrize("topic", guide.TOPICS)
class TestPage:
    def test_the_commands_that_it_names_are_there(self, topic: str) -> None:
        named = commands_in(guide.page(topic).text)
        problems = {" ".join(words): problems_of_command(words) for words in named}
        assert {command: problem for command, problem in problems.items() if problem} == {}

    def test_its_links_lead_to_other_pages(self, topic: str) -> None:
        for link in links_of(guide.page(topic).text):
            assert "/" not in link, "the wheel has no other files"
            assert problems_of_link(_GUIDE / f"{topic}.md", link) == ""

    def test_its_summary_is_one_line(self, topic: str) -> None:
        summary = guide.page(topic).summary
        assert len(summary) <= 56, "it is beside the topic in 80 columns"
        assert summary.endswith(".")
        assert "\n" not in summary

    def test_its_headings_differ(self, topic: str) -> None:
        anchors = [guide.anchor(section.heading) for section in guide.sections(topic)]
        assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize("topic", ["postgresql", "troubleshooting"])
def test_messages_that_it_quotes_are_those_of_the_program(topic: str) -> None:
    quoted = set(re.findall(r'^\| "([^"]+)"', guide.page(topic).text, re.MULTILINE))
    assert quoted
    assert {message for message in quoted if message.lower() not in _MESSAGES} == set()


class TestCompleteness:
    def test_the_table_of_keys_is_that_of_the_bindings(self) -> None:
        assert keys.in_guide()[1] == keys.table(), "python -m tests.keys writes it"

    @pytest.mark.parametrize("name", main.commands)
    def test_every_command_is_in_it(self, name: str) -> None:
        assert any(words[0] == name for words in commands_in(_ALL))

    @pytest.mark.parametrize("name", config.SETTINGS)
    def test_every_setting_is_in_it(self, name: str) -> None:
        assert f"\n| `{name}` | " in guide.page("settings").text

    @pytest.mark.parametrize("code", ExitCode)
    def test_every_exit_code_is_in_it(self, code: ExitCode) -> None:
        assert f"\n| {code.value} | " in guide.page("commands").text

    @pytest.mark.parametrize("name", store.commands)
    def test_every_command_about_stores_is_in_it(self, name: str) -> None:
        assert f"tokentui store {name} " in guide.page("postgresql").text

    def test_every_action_of_the_screens_has_its_command(self) -> None:
        named = set(re.findall(r"`([a-z-]+\.[a-z-]+)`", guide.page("screen-readers").text))
        assert named == set(actions()), "each action of [keys] has a command, or needs none"


class TestPages:
    def test_a_topic_that_is_not_there_suggests_the_nearest(self) -> None:
        with pytest.raises(guide.UnknownTopic, match=r"acounts\. Did you mean accounts\?"):
            guide.page("acounts")
        with pytest.raises(guide.UnknownTopic, match="tokentui guide lists the topics"):
            guide.page("zzz")

    def test_a_comment_in_an_example_is_no_heading(self) -> None:
        headings = [section.heading for section in guide.sections("commands")]
        assert headings == ["Commands", "Search", "Exit codes", "Reports"]

    @pytest.mark.parametrize(
        ("heading", "name"),
        [
            ("Undo a rotation", "undo-a-rotation"),
            ("nginx, Caddy and Traefik", "nginx-caddy-and-traefik"),
        ],
    )
    def test_anchors_are_those_of_github(self, heading: str, name: str) -> None:
        assert guide.anchor(heading) == name


class TestSearch:
    def test_all_words_have_to_be_there_in_any_case(self) -> None:
        found = guide.search("UNDO rotation")
        assert found[0].section.heading == "Undo a rotation"
        assert all("undo" in str(match.section).lower() for match in found)

    def test_the_page_that_is_read_comes_first(self) -> None:
        assert {match.section.topic for match in guide.search("audit")} > {"audit", "settings"}
        assert guide.search("audit", first="settings")[0].section.topic == "settings"

    def test_a_match_has_the_line_that_contains_it(self) -> None:
        assert "NO_COLOR" in guide.search("no_color")[0].line

    @pytest.mark.parametrize("text", ["", "  ", "there is no such text"])
    def test_nothing_is_found(self, text: str) -> None:
        assert guide.search(text) == []
