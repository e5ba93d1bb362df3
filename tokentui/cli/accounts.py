"""Commands about accounts."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from tokentui.cli.common import (
    acting,
    ask,
    authenticator_for,
    json_option,
    open_account_service,
    settings,
    store_option,
    warn,
    yes_option,
)
from tokentui.cli.tables import write_table
from tokentui.config import client_address
from tokentui.console import echo_error, is_terminal, read_line, write, write_json
from tokentui.core import errors
from tokentui.core.account import SHORTEST_PASSWORD, Account, Role, fingerprint
from tokentui.core.audit import Action
from tokentui.core.credential import Secret
from tokentui.stores import absolute

if TYPE_CHECKING:
    from tokentui.core.accounts import AccountService

_LONGEST_LINE = 16 * 1024

_account_argument = click.argument("name", metavar="ACCOUNT")


@click.group()
def account() -> None:
    """Manage accounts: who can sign in and own tokens."""


@account.command()
@store_option
@_account_argument
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help=("Role of the account. The first account is an administrator, all others are members."),
)
@click.option("--no-password", is_flag=True, help="Allow sign-in with an SSH key only.")
def add(name: str, role: str | None, no_password: bool) -> None:
    """Add an account. The password is asked for, or read from stdin."""
    service = open_account_service()
    service.check_new_name(name)
    password = None if no_password else _new_password(name)
    made = service.add(name, Role(role) if role else None, password)
    echo_error(f"Added {made.name} as {made.role}.")
    if no_password:
        echo_error(f"Add an SSH key: tokentui account key add {made.name}")


@account.command("list")
@store_option
@json_option
def list_accounts(as_json: bool) -> None:
    """List the accounts."""
    service = open_account_service()
    accounts = service.list_all()
    warn(service.warnings())
    if as_json:
        write_json([_facts(service, each) for each in accounts])
    elif accounts:
        rows = [("NAME", "ROLE", "PASSWORD", "KEYS", "STATE")]
        for each in accounts:
            password = "yes" if service.has_password(each) else "none"
            state = "disabled" if each.disabled_at else "active"
            rows.append((each.name, each.role, password, str(len(each.keys)), state))
        write_table(rows)
    else:
        echo_error(
            "No accounts: this store belongs to one person. Add one: tokentui account add NAME"
        )


def _facts(service: AccountService, each: Account) -> dict[str, object]:
    return {
        "name": each.name,
        "role": each.role,
        "created_at": each.created_at,
        "disabled_at": each.disabled_at,
        "has_password": service.has_password(each),
        "keys": [fingerprint(key) for key in each.keys],
    }


@account.command()
@store_option
@_account_argument
def disable(name: str) -> None:
    """Disable an account and its tokens."""
    open_account_service().disable(name)
    echo_error(f"Disabled {name}. All tokens of this account are refused.")


@account.command()
@store_option
@_account_argument
def enable(name: str) -> None:
    """Enable an account and its tokens."""
    open_account_service().enable(name)
    echo_error(f"Enabled {name}. The tokens of this account are valid again.")


@account.command()
@store_option
@_account_argument
@yes_option
def delete(name: str, yes: bool) -> None:
    """Delete an account and revoke its tokens. This cannot be undone.

    The account is disabled first. If the command is interrupted, run it again. The events of the
    account stay in the audit log, and no other account can get its name.
    """
    service = open_account_service()
    service.get(name)
    ask(
        f"This permanently blocks every client that uses a token of {name}, and no other "
        "account can get this name. Delete?",
        yes=yes,
    )
    service.delete(name)
    echo_error(f"Deleted {name}, and revoked all tokens of this account.")


@account.command()
@store_option
@_account_argument
@click.argument("role", type=click.Choice([role.value for role in Role]))
def role(name: str, role: str) -> None:
    """Change the role of an account."""
    open_account_service().set_role(name, Role(role))
    echo_error(f"Changed the role of {name} to {role}.")


@account.command()
@store_option
@_account_argument
def passwd(name: str) -> None:
    """Change the password of an account. It is asked for, or read from stdin.

    With --account, to change your own password, enter the current password first, on its own line.
    """
    service = open_account_service()
    checked = service.hash_of(service.get(name)) if name == acting() else None
    if checked is not None:
        _check_own_password(name)
    service.set_password(name, _new_password(name), instead_of=checked)
    echo_error(f"Changed the password of {name}.")


def _check_own_password(name: str) -> None:
    """Raise `NotPermitted` unless the password of `name` is typed: OWASP ASVS 4.0, 2.1.6."""
    if is_terminal(sys.stdin):
        typed = click.prompt(f"Current password of {name}", hide_input=True, err=True)
    else:
        typed = _read_line()
    try:
        authenticator_for(settings()).check(name, Secret(typed), Action.PASSWORD, client_address())
    except errors.WrongLogIn:
        raise errors.NotPermitted(
            f"This is not the password of {name}. Nothing was changed."
        ) from None


def _new_password(name: str) -> Secret:
    if is_terminal(sys.stdin):
        return Secret(
            click.prompt(
                f"New password of {name} (at least {SHORTEST_PASSWORD} characters)",
                hide_input=True,
                confirmation_prompt="Repeat the password",
                err=True,
            )
        )
    return Secret(_read_line())


def _read_line() -> str:
    try:
        return read_line(_LONGEST_LINE).decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise errors.InvalidInput("The input is not valid UTF-8. Nothing was changed.") from None


def _read_key(name: str) -> str:
    if is_terminal(sys.stdin):
        return str(click.prompt(f"Public key of {name}", err=True))
    return _read_line()


@account.group()
def key() -> None:
    """Manage the SSH keys of an account."""


@key.command("add")
@store_option
@_account_argument
@click.argument("public_key", metavar="[KEY]", nargs=-1)
def add_key(name: str, public_key: tuple[str, ...]) -> None:
    """Add an SSH key to an account. KEY is a public key; without it, one line of stdin is read.

    Prints the line for ~/.ssh/authorized_keys of the user that people connect as.
    """
    service = open_account_service()
    service.get(name)
    line = " ".join(public_key) or _read_key(name)
    account, kept = service.add_key(name, line)
    echo_error(
        f"{account.name} can sign in with {fingerprint(kept)}. Add this line to authorized_keys:"
    )
    write(f"restrict,pty,command={_quoted(forced_command(account.name))} {kept} {account.name}")


@key.command("list")
@store_option
@_account_argument
def list_keys(name: str) -> None:
    """List the SSH keys of an account by their fingerprints."""
    account = open_account_service().get(name)
    for each in account.keys:
        write(f"{fingerprint(each)}  {each.partition(' ')[0]}")
    if not account.keys:
        echo_error(f"{name} has no keys.")


@key.command("remove")
@store_option
@_account_argument
@click.argument("fingerprint_", metavar="FINGERPRINT")
def remove_key(name: str, fingerprint_: str) -> None:
    """Remove an SSH key. Remove its line from authorized_keys too."""
    open_account_service().remove_key(name, fingerprint_)
    echo_error(f"Removed {fingerprint_} from {name}. Remove its line from authorized_keys too.")


def forced_command(name: str | None) -> str:
    """Return the command of a session that is gated, for the shell that sshd gives it to.

    It names the very program that runs now, and its store: nothing is looked for in a path.
    """
    end = ["--account", name] if name else ["gate"]
    program = [sys.executable, "-EP", "-m", "tokentui"]
    return shlex.join([*program, "--store", absolute(settings().store), *end])


def _quoted(text: str) -> str:
    """Return `text` as sshd reads an option: of all characters, only a quote is escaped."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
