"""Private names of Textual stand in one package, and each of them has a canary."""

import ast
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import tokentui.ui
from tokentui.ui import textual_compat

from . import test_textual_compat
from .private_names import used_in, uses

_COMPAT = textual_compat.__name__
_MODULES = [
    module.name
    for module in pkgutil.walk_packages(tokentui.ui.__path__, f"{tokentui.ui.__name__}.")
]
_CANARIES = Path(test_textual_compat.__file__).read_text()


_ALLOWED = [name for name in _MODULES if f"{name}.".startswith(f"{_COMPAT}.")]


@pytest.mark.parametrize("module", [name for name in _MODULES if name not in _ALLOWED])
def test_only_one_package_has_private_names_of_textual(module: str) -> None:
    assert used_in(module) == [], f"Move what needs them to {_COMPAT}, with a canary."


_NAMES = {use.name for module in _ALLOWED for use in used_in(module)}


@pytest.mark.parametrize("name", sorted(_NAMES))
def test_each_has_a_canary(name: str) -> None:
    assert re.search(rf"\b{name}\b", _CANARIES), f"{test_textual_compat.__name__} lacks {name}."


def test_each_canary_says_what_to_look_at() -> None:
    tests = [node for node in ast.parse(_CANARIES).body if getattr(node, "name", "")[:5] == "test_"]
    silent = [
        node.name
        for node in tests
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and not (ast.get_docstring(node) or "").startswith("Look at ")
    ]
    assert tests
    assert silent == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from textual._time import time", ["_time"]),
        ("import rich._wrap", ["_wrap"]),
        ("from textual.app import App\ndef of(app: App):\n    return app._driver", ["_driver"]),
        (
            "from textual.app import App\nclass Own(App):\n    def _fatal_error(self): pass",
            ["_fatal_error"],
        ),
        (
            "from textual.app import App\nclass Own(App):\n    def end(self): self._exit = True",
            ["_exit"],
        ),
        ("from textual.widget import Widget\nclass Own(Widget):\n    _size = None", ["_size"]),
        ("class Own:\n    _size = None\n    def exit(self): self._exit = True", []),
        ("import os\ndef end(): os._exit(1)", []),
    ],
)
def test_what_counts_as_one(source: str, names: list[str]) -> None:
    module = ModuleType("own")
    exec(source, vars(module))
    assert [use.name for use in uses(source, module)] == names
