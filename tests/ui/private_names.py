"""Which private names of Textual and Rich a module relies on, or takes for its own."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

_FOREIGN = ("textual", "rich")
_PUBLIC = {"_asdict", "_fields", "_make", "_replace"}
"""Names of named tuples that begin with an underscore so that no field has them."""


class Use(NamedTuple):
    """A place where a private name of a library stands."""

    name: str
    line: int


def used_in(name: str) -> list[Use]:
    """Return the private names of the libraries that the module `name` uses."""
    module = import_module(name)
    return uses(inspect.getsource(module), module)


def uses(source: str, module: ModuleType) -> list[Use]:
    """Return the private names of the libraries in a source: imported, reached or overridden.

    A class that derives from one of the libraries' shares one space of names with its bases. So a
    private name of its own counts as well where a base has that name too.
    """
    finder = _Finder(module)
    finder.visit(ast.parse(source))
    return sorted(finder.uses, key=lambda use: use.line)


class _Finder(ast.NodeVisitor):
    def __init__(self, module: ModuleType) -> None:
        self.uses: list[Use] = []
        self._scope: object = module
        self._inherited: frozenset[str] = frozenset()
        self._modules: set[str] = set()
        """What modules of others, such as `os`, are called here."""

    def visit_Import(self, node: ast.Import) -> None:
        self._modules.update(alias.asname or alias.name for alias in node.names)
        for alias in node.names:
            self._imported(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._imported(f"{node.module}.{alias.name}", node.lineno)

    def _imported(self, path: str, line: int) -> None:
        package, *parts = path.split(".")
        if package in _FOREIGN:
            self.uses += [Use(part, line) for part in parts if _is_private(part)]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, inherited = self._scope, self._inherited
        self._scope = vars(outer)[node.name]
        assert isinstance(self._scope, type)
        self._inherited = private_names_above(self._scope)
        for statement in node.body:
            for name in _defined_by(statement):
                self._note_if_inherited(name, statement.lineno)
        self.generic_visit(node)
        self._scope, self._inherited = outer, inherited

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = node.value
        if _is_oneself(owner):
            self._note_if_inherited(node.attr, node.lineno)
        elif not (isinstance(owner, ast.Name) and owner.id in self._modules) and (
            node.attr in private_names_of_all()
        ):
            self.uses.append(Use(node.attr, node.lineno))
        self.generic_visit(node)

    def _note_if_inherited(self, name: str, line: int) -> None:
        if name in self._inherited:
            self.uses.append(Use(name, line))


def private_names_above(kind: type) -> frozenset[str]:
    """Return the private names that a class inherits from classes of the libraries."""
    bases = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in _FOREIGN]
    return frozenset[str]().union(*map(_private_names_in, bases))


@cache
def private_names_of_all() -> frozenset[str]:
    """Return the private names of attributes, functions and modules anywhere in the libraries."""
    found: set[str] = set()
    for package in _FOREIGN:
        spec = find_spec(package)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            for path in Path(folder).rglob("*.py"):
                found.update(_private_names(ast.parse(path.read_text())))
    return frozenset(found)


@cache
def _private_names_in(kind: type) -> frozenset[str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):  # made at run time
        return frozenset(filter(_is_private, vars(kind)))
    return frozenset(_private_names(ast.parse(source)))


def _private_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = [*_defined_by(node)]
        if isinstance(node, ast.Attribute) and _is_oneself(node.value):
            names.append(node.attr)
        yield from filter(_is_private, names)


def _defined_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _is_oneself(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="self" | "cls") | ast.Call(func=ast.Name(id="super")):
            return True
    return False


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in _PUBLIC
