"""The commands by name. Each is loaded when it is asked for: most runs need a single one."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType

import click
import msgspec

from tokentui.loading import loading


class _Command(msgspec.Struct, frozen=True):
    """Where a command is, and the first sentence of its help, for the list of all commands."""

    module: str
    attribute: str
    summary: str


_ALL: Mapping[str, _Command] = MappingProxyType(
    {
        "access": _Command(
            "tokens", "access", "Show or change the access of tokens: all of them or none."
        ),
        "account": _Command(
            "accounts", "account", "Manage accounts: who can sign in and own tokens."
        ),
        "audit": _Command("audit", "audit", "Show the audit log, latest event last."),
        "backup": _Command("backups", "backup", "Back up the store, or list the backups."),
        "check": _Command("upkeep", "check", "Check the store for problems."),
        "completion": _Command("completion", "completion", "Print a shell completion script."),
        "config": _Command("upkeep", "show_config", "Show the settings and where each comes from."),
        "create": _Command("issue", "create", "Create a token and print its secret once."),
        "export": _Command(
            "upkeep", "export_tokens", "Export all tokens as JSON or CSV, without secrets."
        ),
        "gate": _Command("gate", "gate", "Sign in users who connect over SSH."),
        "guide": _Command("guide", "guide", "Read the guide."),
        "import": _Command(
            "upkeep", "import_tokens", "Import the tokens of an export: all of them or none."
        ),
        "list": _Command("list_tokens", "list_tokens", "List tokens."),
        "note": _Command("tokens", "note", "Show or change the note of a token."),
        "paths": _Command("upkeep", "paths", "Show the paths of all files in use."),
        "rename": _Command("tokens", "rename", "Rename a token."),
        "report": _Command("report", "report", "Report tokens that need attention."),
        "restore": _Command("backups", "restore_backup", "Restore a backup."),
        "revoke": _Command("tokens", "revoke", "Revoke tokens: all of them or none."),
        "rotate": _Command("issue", "rotate", "Issue a new secret for a token and print it once."),
        "serve": _Command(
            "serve", "serve", "Verify requests for nginx, Caddy or Traefik (forward auth)."
        ),
        "show": _Command("list_tokens", "show", "Show a token, by name or token ID."),
        "store": _Command("store", "store", "Manage a store in a PostgreSQL database."),
        "verify": _Command(
            "verify", "verify", "Verify a secret, read from stdin, and show its token."
        ),
    }
)


class Commands(Mapping[str, click.Command]):
    """All commands, as click looks them up."""

    def __getitem__(self, name: str) -> click.Command:
        where = _ALL[name]
        with loading():
            module = import_module(f"tokentui.cli.{where.module}")
        command: click.Command = getattr(module, where.attribute)
        return command

    def __contains__(self, name: object) -> bool:
        return name in _ALL

    def __iter__(self) -> Iterator[str]:
        return iter(_ALL)

    def __len__(self) -> int:
        return len(_ALL)


def listed() -> click.Group:
    """Return a group that lists all commands as they list themselves, and can run none."""
    return click.Group(
        commands=[click.Command(name, help=each.summary) for name, each in _ALL.items()]
    )
