"""The docstrings of what others call or implement say all that there is to say of a call."""

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tokentui import verifier
from tokentui.core import backend, lookup, repositories
from tokentui.core import verifier as core_verifier


def _calls(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public functions and methods that a module defines."""
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(found):
            yield name, found
        elif inspect.isclass(found):
            for method, call in vars(found).items():
                plain = getattr(call, "__func__", call)
                if inspect.isfunction(plain) and not method.startswith("_"):
                    yield f"{name}.{method}", plain


_CALLS = {
    f"{module.__name__}.{name}": call
    for module in (verifier, core_verifier, backend, repositories, lookup)
    for name, call in _calls(module)
}


def _section(text: str, title: str) -> list[str]:
    """Return the lines of a section, each of which explains something that has a name."""
    lines = iter(text.splitlines())
    for line in lines:
        if line == f"{title}:":
            break
    section = []
    for line in lines:
        if not line.startswith("    "):
            break
        if not line.startswith("     "):
            section.append(line.strip())
    return section


@pytest.mark.parametrize("call", _CALLS.values(), ids=_CALLS)
def test_it_explains_its_arguments_and_what_it_returns(call: Callable[..., object]) -> None:
    text, signature = inspect.getdoc(call) or "", inspect.signature(call)
    named = [line.partition(":")[0] for line in _section(text, "Args")]
    assert named == [name for name in signature.parameters if name not in {"self", "cls"}]
    returns = signature.return_annotation not in {None, "None"}
    assert returns == bool(_section(text, "Returns"))


def test_there_are_calls() -> None:
    assert len(_CALLS) > 25
