"""The table of commands, which lists them without loading them."""

import pytest

from tokentui.cli import main
from tokentui.cli.commands import listed


@pytest.mark.parametrize("name", main.commands)
def test_a_command_is_listed_as_its_help_begins(name: str) -> None:
    command = main.commands[name]
    assert command.name == name
    for width in range(10, 100):
        assert listed().commands[name].get_short_help_str(width) == command.get_short_help_str(
            width
        )


def test_what_is_no_command_is_not_found() -> None:
    assert "lsit" not in main.commands
    assert main.commands.get("lsit") is None
