"""What an administrator is told of a store in a database."""

import msgspec


class Standby(msgspec.Struct, frozen=True, kw_only=True):
    """A server that follows the primary."""

    name: str
    sync: bool | None
    """Whether a change waits for it (synchronous replication); None where that cannot be seen."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is; None of what this user cannot read."""

    tokens: int | None = None
    accounts: int | None = None
    audit_lines: int | None = None


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a store in a database is."""

    url: str
    version: int
    """The version of its schema."""
    fingerprint: str
    """What tells the key of its audit log from others."""
    key: str | None
    """The folder with that key on this host, if it is there."""
    counts: Counts
    server: str
    """The version of PostgreSQL."""
    primary: bool
    timeline: int | None
    """The number that grows with each failover; None where a standby does not tell it."""
    standbys: tuple[Standby, ...]
    clock_skew: float
    """How many seconds the clock of the database is ahead of the clock of this host."""
    warnings: tuple[str, ...]
    obstacles: tuple[str, ...]
    """Why changes cannot be made from here, a sentence each; none where they can."""
