"""A session that is shut in: one account, one store, no shell, no files."""

import os
import shlex
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

import click

from tokentui import config, files
from tokentui.cli.accounts import forced_command
from tokentui.cli.app import run_app
from tokentui.cli.common import (
    ACCOUNT,
    GATED,
    OPENED_BY,
    acting,
    authenticator_for,
    backend_for,
    recorder_for,
    settings,
    store_option,
)
from tokentui.cli.refused import told
from tokentui.console import echo_error, write
from tokentui.core.account import Account
from tokentui.core.audit import Action, Event, Outcome
from tokentui.core.errors import NotPermitted, StoreError
from tokentui.core.text import printable

ALLOWED = (
    "list",
    "show",
    "create",
    "rename",
    "access",
    "note",
    "rotate",
    "revoke",
    "verify",
    "report",
    "audit",
    "account",
    "guide",
)
"""The commands of a session that is shut in; each of them knows what the account may."""

_KEPT = {"HOME", "USER", "LOGNAME", "PATH", "SHELL", "TERM", "COLORTERM", "NO_COLOR", "LANG"}
_KEPT_TOO = ("LC_", "SSH_")
_RUN_NOTHING = {"nologin", "false"}

_SSHD = """\
# In /etc/ssh/sshd_config, then: sshd -t && systemctl reload ssh
# sshd runs the command with the login shell of {user}. A shell such as nologin does not work.
# Set another shell: usermod --shell /bin/sh {user}
Match User {user}
    ForceCommand {command}
    ExposeAuthInfo yes
    DisableForwarding yes
    PermitTTY yes
    PermitUserRC no
    PermitTunnel no
"""


def cut_environment() -> None:
    """Forget every variable that is not known to be harmless: some load code, or name files."""
    for name in list(os.environ):
        if name not in _KEPT and not name.startswith(_KEPT_TOO):
            if name.startswith("TOKENTUI_"):
                echo_error(
                    f"Warning: {printable(name)} is ignored, because this session is restricted."
                )
            del os.environ[name]
    # Without the TZ that the client may have sent, days end in the time zone of this machine.
    time.tzset()


def run_gated(ctx: click.Context, name: str, about: str) -> None:
    """Log in as an account, and run the app, or the command that came by SSH."""
    asked = os.environ.pop("SSH_ORIGINAL_COMMAND", None)
    cut_environment()
    ctx.meta[GATED] = True
    ctx.meta[ACCOUNT] = name
    ctx.meta[OPENED_BY] = _opened_by(authenticator_for(settings()).authenticate_by_key(name, about))
    if asked is None:
        run_app()
    else:
        _run_asked(ctx, asked)


def _opened_by(account: Account) -> Collection[str]:
    """Return the keys that opened this session, or, where sshd does not tell, all that could."""
    if config.client_address() is None:
        return ()
    return _keys_used(os.environ) & set(account.keys) or account.keys


def _run_asked(ctx: click.Context, asked: str) -> None:
    """Run a command as a shell would, if there were one; nothing in it is ever expanded."""
    try:
        words = _words(asked)
        name, *arguments = words
        command = cast("click.Group", ctx.find_root().command).commands[name]
        with command.make_context(name, arguments, parent=ctx) as inner:
            command.invoke(inner)
    except (NotPermitted, click.UsageError) as error:
        _note(asked, error)
        raise


def _words(asked: str) -> list[str]:
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise NotPermitted(f"The command cannot be read: {error}. Nothing was changed.") from None
    if words[:1] == ["tokentui"]:
        words = words[1:]
    if not words or words[0] not in ALLOWED:
        raise NotPermitted(
            f"Over SSH, only these commands are permitted: {', '.join(ALLOWED)}; without a "
            "command, the app opens. Nothing was changed."
        )
    return words


def _note(asked: str, error: Exception) -> None:
    """Write down what was refused."""
    chosen = settings()
    recorder_for(chosen, backend_for(chosen)).record(
        Event(
            account=acting() or "",
            action=Action.COMMAND,
            outcome=Outcome.REFUSED,
            # What click says of a mistake repeats what was typed.
            about=f"{told(asked, _commands(), _names())}: "
            f"{error if isinstance(error, NotPermitted) else 'invalid input'}",
        )
    )


def _commands() -> Collection[str]:
    """Return the names of all commands, also of those that are not for such a session."""
    return cast("click.Group", click.get_current_context().find_root().command).commands


def _names() -> Collection[str]:
    with suppress(StoreError):
        return backend_for(settings()).accounts.list_all()
    return ()


@click.command()
@store_option
@click.option(
    "--print-config",
    "wanted",
    type=click.Choice(["sshd"]),
    help="Print the configuration that makes sshd run this command.",
)
@click.option("--user", default="tokens", show_default=True, help="User in that configuration.")
@click.pass_context
def gate(ctx: click.Context, wanted: str | None, user: str) -> None:
    """Sign in users who connect over SSH. Use it as ForceCommand of sshd.

    An SSH key of an account signs in as this account. Without such a key, the app asks for name and
    password.
    """
    if wanted is not None:
        write(_SSHD.format(user=user, command=forced_command(None)).removesuffix("\n"))
        _warn_of_shell(user)
        return
    accounts = backend_for(settings()).accounts.list_all()
    if not accounts:
        raise NotPermitted(
            "There are no accounts, so nobody can sign in. Run: tokentui account add NAME"
        )
    used = _keys_used(os.environ)
    named = [name for name, each in accounts.items() if each and used & set(each.keys)]
    if named:
        run_gated(ctx, named[0], "Signed in with an SSH key.")
    elif "SSH_ORIGINAL_COMMAND" in os.environ:
        asked, error = (
            os.environ["SSH_ORIGINAL_COMMAND"],
            NotPermitted(
                "Commands need the SSH key of an account: tokentui account key add NAME. "
                "Nothing was changed."
            ),
        )
        _note(asked, error)
        raise error
    else:
        cut_environment()
        ctx.meta[GATED] = True
        run_app()


def _warn_of_shell(user: str) -> None:
    """Say so where the user has a login shell that runs no command."""
    import pwd

    with suppress(KeyError):
        shell = pwd.getpwnam(user).pw_shell
        if Path(shell).name in _RUN_NOTHING:
            echo_error(
                f"Warning: the login shell of {printable(user)} is {printable(shell)}, so "
                "nobody can connect. Run: usermod --shell /bin/sh "
                f"{shlex.quote(printable(user))}"
            )


def _keys_used(environ: Mapping[str, str]) -> set[str]:
    """Return the keys that sshd let this session in by (ExposeAuthInfo)."""
    try:
        content, _ = files.read_regular(Path(environ.get("SSH_USER_AUTH", "")), 64 * 1024)
    except OSError:
        return set()
    lines = content.decode("ascii", "replace").splitlines()
    used = (line.partition(" ") for line in lines)
    return {" ".join(rest.split()[:2]) for kind, _, rest in used if kind == "publickey"}
