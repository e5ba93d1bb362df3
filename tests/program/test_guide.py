"""The guide as a person and as a pipe get it."""

import pytest

from tokentui import guide
from tokentui.console import ExitCode

from .conftest import PROGRAM, Sandbox
from .terminal import Terminal


def read(sandbox: Sandbox, *arguments: str, **more: str) -> Terminal:
    """Read the guide in a terminal, with `more` in the environment."""
    return Terminal([*PROGRAM, "guide", *arguments], sandbox.environment(**more))


def test_without_a_topic_it_lists_the_topics(sandbox: Sandbox) -> None:
    lines = sandbox.run("guide").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(guide.TOPICS)
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize("topic", ["rotation", "screen-readers"])
def test_a_pipe_gets_markdown(sandbox: Sandbox, topic: str) -> None:
    assert sandbox.run("guide", topic).stdout == guide.page(topic).text


def test_an_unknown_topic_is_one_sentence(sandbox: Sandbox) -> None:
    ended = sandbox.run("guide", "acounts")
    assert ended.returncode == ExitCode.USAGE
    assert ended.stderr == "Error: The guide has no topic acounts. Did you mean accounts?\n"


def test_a_person_gets_it_in_the_pager(sandbox: Sandbox) -> None:
    with read(sandbox, "rotation", PAGER="sed s/^/paged:/") as terminal:
        terminal.wait_for("paged:Undo a rotation")
        assert terminal.wait_exit() == ExitCode.OK
        assert "in a backup (tokentui guide backups)" in terminal.text()
        assert b"##" not in terminal.written
        assert b"](" not in terminal.written


def test_a_terminal_without_a_cursor_gets_markdown(sandbox: Sandbox) -> None:
    with read(sandbox, "rotation", PAGER="sed s/^/paged:/", TERM="dumb") as terminal:
        terminal.wait_for("## Undo a rotation")
        assert terminal.wait_exit() == ExitCode.OK
        assert b"paged:" not in terminal.written


def test_topics_are_completed(sandbox: Sandbox) -> None:
    asked = {"COMP_WORDS": "tokentui guide ro", "COMP_CWORD": "2"}
    printed = sandbox.run(**asked, _TOKENTUI_COMPLETE="bash_complete").stdout
    assert printed == "plain,rotation\n"
