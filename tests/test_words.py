"""What people read is in the words that the project uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import tokentui
from tokentui.cli import main
from tokentui.core.text import did_you_mean, similar

from .program.conftest import Sandbox

_PACKAGE = Path(tokentui.__file__).parent
_ROOT = _PACKAGE.parent

NOT_SAID = {
    r"successors?": "new token",
    r"(audit )?trails?": "audit log",
    r"let(s|ting)?( \w+){0,2} in": "is valid, or can sign in",
    r"gets? in": "can sign in, can connect",
    r"shut(s|ting)?( in| out)?": "disable, restricted",
    r"die[sd]?|dies out": "expire, be revoked",
    r"(comes?|came|brought|brings?) back( to life)?": "restore",
    r"for ?ever": "no expiration",
    r"last day": "expiration date",
    r"(length of|its) life": "lifetime",
    r"for reading": "read-only",
    r"from anywhere": "any network",
    r"mark(s|ed)?": "select",
    r"let(s|ting)? go": "clear",
    r"turned away|looked at|looks? at": "refused, verified, checked",
    r"opens? (the|no|a) doors?|opens? nothing": "valid",
    r"(?<!audit )log(s|ged|ging)? (in|out)|log-?ins?(?! shell)": "sign in, sign out",
    r"never saved": "not saved",
    r"may not|may nothing|may only": "cannot, is not allowed to",
    r"whose": "the owner",
    r"(?<!there )(is|are) no(?! longer)": "is not a",
    r"anew": "again",
    r"noted": "recorded",
    r"at once": "immediately",
    r"for good": "permanently",
    r"as it (is|was)|as they (are|were)": "unchanged",
    r"(is|are|was|were) (there|here) already|stands? there": "exists already",
    r"(goes|go) on( beside)?": "continue, keep working",
    r"turn(s|ed)? away": "refused",
    r"begun|begins anew": "started",
    r"nothing was done": "nothing was changed",
    r"(?-i:(the|an|its|by|token) ids?)": "ID",
}
"""What is not said, as patterns of whole words, and what is said instead."""

PAGES = {
    path.stem: path.read_text()
    for path in (_ROOT / "README.md", *(_PACKAGE / "guide").glob("*.md"))
}

STORED = frozenset({"log-in", "trail", "never-saved", "mark", "marked"})
"""Words that are stored, in the audit log and in JSON, and the names of actions: they stay."""
_ACTION = re.compile(r"\b[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\b|CREATE ROLE .*")
"""The name of an action in the settings, or a statement of SQL."""
_PATTERNS = {
    re.compile(rf"\b(?:{said})\b", re.IGNORECASE): instead for said, instead in NOT_SAID.items()
}
_SQL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|LOCK TABLE|COPY|FROM|WHERE|AND|JOIN|unnest|UNION|CASE)\b"
)
_SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z({]")


def _literals(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts in a module that are no docstrings: an f-string with {} for its values."""
    tree = ast.parse(path.read_text())
    bodies = (getattr(node, "body", None) for node in ast.walk(tree))
    docstrings = {
        id(statement.value)
        for body in bodies
        if isinstance(body, list)
        for statement in body
        if isinstance(statement, ast.Expr)
    }
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(each) for each in node.values}
            texts = (
                str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values
            )
            yield node.lineno, "".join(texts)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not {id(node)} & (docstrings | parts)
        ):
            yield node.lineno, node.value


def _texts() -> Iterator[tuple[str, str]]:
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = path.relative_to(_ROOT)
        for line, text in _literals(path):
            if not _SQL.search(text) and text not in STORED:
                yield f"{name}:{line}", text


def commands(
    group: click.Group = main, path: str = "tokentui"
) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands by their full names."""
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands())


def wrong(text: str) -> list[str]:
    """Return what is not said in a text, and what to say instead."""
    text = _ACTION.sub("", text)
    return [
        f"{found[0]!r}: say {say!r}"
        for each, say in _PATTERNS.items()
        if (found := each.search(text))
    ]


@pytest.mark.parametrize("path", COMMANDS)
def test_no_summary_is_cut_off(path: str) -> None:
    command = COMMANDS[path]
    context = click.Context(command, info_name=path)
    listed = command.get_help(context).partition("\nCommands:\n")[2]
    assert "..." not in listed
    summary = command.get_short_help_str(limit=80)
    assert re.match(r"[A-Z][a-z]+ ", summary), summary
    assert summary.endswith("."), summary


def test_what_is_read_is_in_our_words() -> None:
    found = [f"{where}: {text!r}: {each}" for where, text in _texts() for each in wrong(text)]
    assert found == []


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_in_our_words(path: str) -> None:
    assert wrong(COMMANDS[path].get_help(click.Context(COMMANDS[path], info_name=path))) == []


@pytest.mark.parametrize(
    ("asked", "known", "meant"),
    [
        ("deplyo", ["deploy", "backup"], ' Did you mean "deploy"?'),
        ("DEPLOYX", ["deploy"], ' Did you mean "deploy"?'),
        ("nope", ["deploy", "backup"], ""),
        ("d" * 101, ["d" * 100], ""),
    ],
)
def test_a_similar_name_is_suggested(asked: str, known: list[str], meant: str) -> None:
    assert did_you_mean(similar(asked, known)) == meant


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "deplyo"], 'There is no token "deplyo". Did you mean "deploy"?'),
        (["show", "nope"], 'There is no token "nope".'),
        (["lst"], 'There is no command "lst". Did you mean "list"?'),
        (["audit", "verfy"], 'There is no command "verfy". Did you mean "verify"?'),
        (["list", "--statsu", "x"], 'There is no option "--statsu". Did you mean "--status"?'),
        (["account", "disable", "anm"], 'There is no account "anm". Did you mean "ann"?'),
    ],
    ids=str,
)
def test_what_is_unknown_is_answered_in_one_sentence(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.run("account", "add", "ann", "--no-password")
    sandbox.run("create", "deploy", "--no-expiration")
    assert sandbox.run(*arguments).stderr.splitlines()[-1] == f"Error: {said}"


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_guide_is_in_our_words(page: str) -> None:
    assert [each for line in PAGES[page].splitlines() for each in wrong(line)] == []
