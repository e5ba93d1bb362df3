"""The guide in the terminal: as Markdown for a pipe, rendered in a pager for a person."""

import os
import shutil
import sys

import click
from click.shell_completion import CompletionItem

from tokentui import guide as pages
from tokentui.cli.common import GATED
from tokentui.console import is_terminal, write


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(page.topic, help=page.summary)
        for page in pages.pages()
        if page.topic.startswith(incomplete)
    ]


@click.command()
@click.argument("topic", required=False, shell_complete=_complete)
@click.pass_context
def guide(ctx: click.Context, topic: str | None) -> None:
    """Read the guide. Without TOPIC, list the topics.

    In a terminal, the page opens in the pager ($PAGER, or less). Piped, it is plain Markdown.
    """
    if topic is None:
        width = max(map(len, pages.TOPICS))
        write("\n".join(f"{page.topic:<{width}}  {page.summary}" for page in pages.pages()))
        return
    text = pages.page(topic).text.removesuffix("\n")
    # A pager can start a shell, which a restricted session has not.
    if ctx.meta.get(GATED) or not _is_capable(os.environ.get("TERM", "dumb")):
        write(text)
        return
    from tokentui.guide.rendering import render_text  # slow to load

    click.echo_via_pager(render_text(text, shutil.get_terminal_size().columns))


def _is_capable(terminal: str) -> bool:
    return is_terminal(sys.stdin, sys.stdout) and terminal not in {"", "dumb"}
