"""What the README says of keys, commands and settings is what there is."""

import re

import pytest

from tokentui import config
from tokentui.cli import main

from . import keys


def test_the_table_of_keys_is_that_of_the_bindings() -> None:
    assert keys.in_readme()[1] == keys.table(), "python -m tests.keys writes it anew"


@pytest.mark.parametrize("name", main.commands)
def test_every_command_is_in_it(name: str) -> None:
    assert re.search(rf"\btokentui {name}\b", keys.README.read_text())


@pytest.mark.parametrize("name", config.SETTINGS)
def test_every_setting_is_in_it(name: str) -> None:
    assert f"\n| `{name}` | " in keys.README.read_text()
