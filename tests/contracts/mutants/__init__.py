"""Backends that break the contract, each in one way, by the suite that has to notice."""

from .accounts import ACCOUNTS
from .attempts import ATTEMPTS
from .audit import AUDIT
from .backups import BACKUPS
from .commit import COMMIT
from .having import Kind
from .lookup import LOOKUP
from .tokens import TOKENS
from .usage import USAGE

MUTANTS: dict[str, dict[str, Kind]] = {
    "test_tokens": TOKENS,
    "test_commit": COMMIT,
    "test_accounts": ACCOUNTS,
    "test_usage": USAGE,
    "test_audit": AUDIT,
    "test_attempts": ATTEMPTS,
    "test_backups": BACKUPS,
    "test_lookup": LOOKUP,
}
"""By the suite that has to notice, and by what is wrong."""
