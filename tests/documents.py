"""What the README and the guide name: commands with their options, and links."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from tokentui import guide
from tokentui.cli import main

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_BEGINS = re.compile(r"(?:^|[\s(/&|\"])tokentui (?=[a-z-])")
_ENDS = re.compile(r"\s(?:[|;>#<]|2>|&&|\|\|)")


def commands_in(text: str) -> list[list[str]]:
    """Return the words of each command of ours in examples and in code, without `tokentui`."""
    return [words for line in _code(text) for words in _commands(line.replace("\\|", "|"))]


def _code(text: str) -> Iterator[str]:
    """Yield the lines of examples that are typed, and what stands between backticks."""
    for block in _FENCE.findall(text):
        language, _, lines = block.removeprefix("```").partition("\n")
        for line in lines.split("\n") if language != "python" else ():
            if language != "console" or line.startswith("$ "):
                yield line
    for code in _CODE.findall(_FENCE.sub("", text)):
        yield " ".join(code.split())


def _commands(line: str) -> Iterator[list[str]]:
    for begin in _BEGINS.finditer(line):
        rest = f"{line[begin.end() :]} #"
        end = _ENDS.search(f" {rest}")
        assert end is not None
        yield [word.strip("()\"'") for word in rest[: end.start()].split()]


def problems_of_command(words: list[str]) -> str:
    """Say which of `words` is no command, and which no option of the command; "" if all are."""
    command, rest = _resolve(words)
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        takes_any = rest[0].isupper() or rest[0] == "..."
        return "" if takes_any else f"{rest[0]} is no command"
    known = {"-h", "--help", "--version"}
    for each in (main, command):
        for option in each.params:
            known.update((*option.opts, *option.secondary_opts))
    unknown = [
        word for word in rest if word.startswith("--") and word.partition("=")[0] not in known
    ]
    return f"no options: {', '.join(unknown)}" if unknown else ""


def _resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = main
    rest = list(words)
    takes_value = {name for each in main.params if _has_value(each) for name in each.opts}
    while isinstance(command, click.Group) and rest:
        if rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        elif rest[0].startswith("--") and len(rest) > 1 and command is main:
            del rest[: 2 if rest[0] in takes_value else 1]
        else:
            break
    return command, rest


def _has_value(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.is_flag


def links_of(text: str) -> list[str]:
    """Return the targets of all links and pictures."""
    return re.findall(r"\]\(<?([^)>]+)>?\)", _FENCE.sub("", text))


def problems_of_link(source: Path, link: str) -> str:
    """Say why a link in the file `source` leads nowhere; "" if it leads somewhere."""
    name, _, fragment = link.partition("#")
    target = source.parent / name if name else source
    if not target.exists():
        return f"{target} is not there"
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", target.read_text()), re.MULTILINE)
    if fragment and fragment not in map(guide.anchor, headings):
        return f"{target.name} has no heading {fragment}"
    return ""
