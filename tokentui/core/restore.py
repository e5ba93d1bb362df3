"""Restoring a backup: a merge, by which no token of the store is lost or comes to life unasked."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo

import msgspec
from msgspec.structs import replace

from tokentui.core.backend import Backend
from tokentui.core.change import Restore
from tokentui.core.errors import (
    AmbiguousName,
    BackupNotFound,
    InvalidInput,
    NamesClash,
    StoreDamaged,
    StoreError,
)
from tokentui.core.records import next_revision
from tokentui.core.repositories import every_token
from tokentui.core.rotation import original_end
from tokentui.core.token import Token, clashing, name_key


class Restoration(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of each token, all of them as they are afterwards."""

    added: tuple[Token, ...] = ()
    """In the backup and no longer in the store: they come back."""
    replaced: tuple[tuple[Token, Token], ...] = ()
    """In both, and not alike: as they are and as they become."""
    revived: tuple[Token, ...] = ()
    """Revoked since, and to come to life again because that was asked for. Also in the above."""
    stay_revoked: tuple[Token, ...] = ()
    """Alive in the backup and revoked since."""
    newer: tuple[Token, ...] = ()
    """Made since: they stay as they are."""
    damage: str | None = None
    """What is wrong with the store, if the backup has to take its place."""

    @property
    def changes(self) -> bool:
        """Whether anything would be otherwise afterwards."""
        return bool(self.added or self.replaced or self.damage)


def plan(
    backend: Backend, name: str, revive: Collection[str] = (), zone: tzinfo | None = None
) -> Restoration:
    """Return what restoring the backup `name` would do. Nothing is changed.

    What was revoked since stays revoked, but for the tokens whose names or ids are in `revive`:
    these are valid until the end that they had before they were rotated, reckoned in `zone`.
    Where the store is damaged or lacks a token, all other backups are asked whether it was
    revoked. Raises `BackupNotFound`, `NamesClash`, `InvalidInput` for a wrong `revive`.
    """
    backup = [*every_token(backend.backups.open(name))]
    present, damage = _present(backend)
    known = present
    if any(token.id not in present for token in backup):
        known = _revoked_in_backups(backend) | present
    # A damaged record may still say that it was revoked: it is believed, and left to stand.
    broken = {} if damage else backend.tokens.broken()
    dead = {each for each, revoked in broken.items() if revoked}
    revoked = [old for old in backup if old.id not in dead and _revoked_since(old, known)]
    chosen = _chosen(revoked, known, revive)
    latest = {old.id: old for old in backup} | known
    revived: list[Token] = []
    added: list[Token] = []
    replaced: list[tuple[Token, Token]] = []
    stay_revoked: list[Token] = []
    for old in backup:
        now, after = present.get(old.id), old
        if old.id in dead:
            stay_revoked.append(old)
            continue
        if old.id in chosen:
            after = _revived(old, latest, zone)
            revived.append(after)
        elif _revoked_since(old, known):
            after = now or _revoked(old, known[old.id])
            stay_revoked.append(after)
        if now is None:
            added.append(after)
        else:
            if now.replaced_by is not None and after is old:
                # Its name is that of the token that replaced it, and its overlap goes on.
                after = replace(after, replaced_by=now.replaced_by, expires_at=now.expires_at)
            saved_at = after.saved_at or now.saved_at
            after = replace(after, saved_at=saved_at, revision=now.revision)
            if after != now:
                replaced.append((now, replace(after, revision=now.revision + 1)))
    ids = {old.id for old in backup}
    newer = [token for token in present.values() if token.id not in ids]
    changed = {after.id: after for after in (*added, *(after for _, after in replaced))}
    clashes = clashing((present | changed).values()) - clashing(present.values())
    # Twins that the backup has itself are no fault of what is newer.
    if clashes := clashes - clashing(backup):
        raise NamesClash(sorted(clashes))
    return Restoration(
        added=tuple(added),
        replaced=tuple(replaced),
        revived=tuple(revived),
        stay_revoked=tuple(stay_revoked),
        newer=tuple(newer),
        damage=damage,
    )


def change(name: str, planned: Restoration) -> Restore:
    """Return what restores the backup `name` as planned, in one step.

    Where the store is no longer as it was then, the change is refused.
    """
    if planned.damage is None:
        return Restore(name=name, added=planned.added, replaced=planned.replaced)
    # They differ from what the backup has of them, which takes the place of the store.
    after = (*planned.stay_revoked, *planned.revived)
    return Restore(
        name=name,
        replaced=tuple((replace(each, revision=each.revision - 1), each) for each in after),
        instead=True,
    )


def undone_revocations(backend: Backend) -> Iterator[Token]:
    """Yield the tokens that live although a backup knows them as revoked.

    An older file that somebody put in the place of the store does that, not a restore: what it
    revives has a later revision.
    """
    revoked = _revoked_in_backups(backend)
    for token in every_token(backend.tokens) if revoked else ():
        known = revoked.get(token.id)
        if known is not None and token.revoked_at is None and token.revision <= known.revision:
            yield token


def _present(backend: Backend) -> tuple[dict[str, Token], str | None]:
    """Return what is in the store, or nothing and what is wrong with it."""
    try:
        return {token.id: token for token in every_token(backend.tokens)}, None
    except StoreDamaged as error:
        return {}, str(error)


def _revoked_in_backups(backend: Backend) -> dict[str, Token]:
    revoked: dict[str, Token] = {}
    for each in backend.backups.listed():
        with suppress(StoreError, BackupNotFound):
            for token in every_token(backend.backups.open(each.name)):
                latest = revoked.get(token.id, token)
                if token.revoked_at is not None and token.revision >= latest.revision:
                    revoked[token.id] = token
    return revoked


def _revoked_since(old: Token, known: Mapping[str, Token]) -> bool:
    now = known.get(old.id)
    return now is not None and now.revoked_at is not None and old.revoked_at is None


def _revived(old: Token, latest: Mapping[str, Token], zone: tzinfo | None) -> Token:
    """Return `old` as it becomes valid again: beside its replacement, if its name is taken now."""
    new = latest.get(old.replaced_by or "")
    expires_at = original_end(old, new, zone) if new else old.expires_at
    key = name_key(old.name)
    taken = any(
        other.account == old.account and name_key(other.name) == key
        for other in latest.values()
        if other.holds_name
    )
    replaced_by = latest[old.id].replaced_by if taken else None
    revision = old.revision + 1
    return replace(old, expires_at=expires_at, replaced_by=replaced_by, revision=revision)


def _revoked(old: Token, known: Token) -> Token:
    gone = {"revoked_at": known.revoked_at, "revoked_by": known.revoked_by, "hash": None}
    return next_revision(old, **gone)


def _chosen(
    revoked: Sequence[Token], known: Mapping[str, Token], revive: Collection[str]
) -> set[str]:
    """Return the ids of the tokens that `revive` names, by id, or by a name then or now."""
    chosen: set[str] = set()
    for reference in revive:
        key = name_key(reference)
        match [
            old
            for old in revoked
            if reference == old.id or key in {name_key(old.name), name_key(known[old.id].name)}
        ]:
            case [old]:
                chosen.add(old.id)
            case []:
                raise InvalidInput(
                    f"{reference} was not revoked since this backup. Nothing was changed."
                )
            case several:
                raise AmbiguousName(reference, several)
    return chosen
