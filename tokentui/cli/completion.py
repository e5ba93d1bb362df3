"""Completion in shells."""

import click
from click.shell_completion import get_completion_class

from tokentui.console import write


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a shell completion script.

    For example: eval "$(tokentui completion bash)".
    """
    kind = get_completion_class(shell)
    if kind is not None:
        write(kind(ctx.find_root().command, {}, "tokentui", "_TOKENTUI_COMPLETE").source())
