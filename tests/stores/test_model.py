"""Random verbs, failing disks and reopenings against a plain dict."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from msgspec.structs import replace

from tests.opening import one, open_files
from tokentui.core import restore
from tokentui.core.errors import NameTaken, StoreUnwritable, TokenChanged
from tokentui.core.token import Status, Token

from ..conftest import NOW
from .samples import ALL, after, put, token

EVERYONE = replace(ALL, statuses=frozenset(Status))
NAMES = st.sampled_from(["a", "A", "b", "c", "d"])


@contextmanager
def full_disk(full: bool) -> Iterator[None]:
    """Let no block of the disk be free, if `full`."""
    refusal = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch.object(os, "writev", side_effect=refusal if full else os.writev):
        yield


class Killed(BaseException):
    """The process ends here, and cleans nothing up."""


@contextmanager
def killed(when: str) -> Iterator[None]:
    """Let the process die when a copy is put in its place, or just before or after the store is."""
    rename, unlink = os.replace, os.unlink
    dead = False

    def die(source: Path, target: Path) -> None:
        nonlocal dead
        is_copy = target.parent.name == "backups"
        if is_copy is not (when == "copy"):
            rename(source, target)
            return
        dead = True
        if when == "after":
            rename(source, target)
        raise Killed

    def unlink_unless_dead(path: str) -> None:
        if not dead:
            unlink(path)

    with (
        mock.patch.object(os, "replace", die),
        mock.patch.object(os, "unlink", unlink_unless_dead),
    ):
        yield


class Model(RuleBasedStateMachine):
    """Two handles on one file, as of two processes, and what must be true of both."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = str(self.folder / "data" / "tokens.json")
        self.backends = [open_files(self.path), open_files(self.path)]
        self.model: dict[str, Token] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def taken(self, name: str, but: str = "") -> bool:
        return any(
            known.name.casefold() == name.casefold()
            for known in self.model.values()
            if known.revoked_at is None and known.id != but
        )

    @rule(target=ids, which=st.integers(0, 1), name=NAMES, full=st.booleans())
    def add(self, which: int, name: str, full: bool) -> str:
        new = token(len(self.model), name=name)
        with full_disk(full):
            if self.taken(name):
                with pytest.raises(NameTaken):
                    put(self.backends[which], added=[new])
            elif full:
                with pytest.raises(StoreUnwritable):
                    put(self.backends[which], added=[new])
            else:
                put(self.backends[which], added=[new])
                self.model[new.id] = new
        return new.id

    @rule(which=st.integers(0, 1), token_id=ids, name=NAMES, full=st.booleans())
    def rename(self, which: int, token_id: str, name: str, full: bool) -> None:
        known = self.model.get(token_id)
        if known is None or known.revoked_at is not None:
            return
        renamed = after(known, name=name)
        with full_disk(full):
            if self.taken(name, but=token_id):
                with pytest.raises(NameTaken):
                    put(self.backends[which], replaced=[renamed])
            elif full:
                with pytest.raises(StoreUnwritable):
                    put(self.backends[which], replaced=[renamed])
            else:
                put(self.backends[which], replaced=[renamed])
                self.model[token_id] = renamed

    @rule(which=st.integers(0, 1), one=ids, two=ids, stale=st.booleans(), full=st.booleans())
    def revoke(self, which: int, one: str, two: str, stale: bool, full: bool) -> None:
        chosen = [self.model[each] for each in {one, two} if each in self.model]
        revoked = [after(each, revoked_at=NOW, hash=None) for each in chosen]
        if not revoked:
            return
        if stale:
            revoked[-1] = replace(revoked[-1], revision=revoked[-1].revision + 1)
        with full_disk(full):
            if stale or full:
                with pytest.raises(TokenChanged if stale else StoreUnwritable):
                    put(self.backends[which], replaced=revoked)
            else:
                put(self.backends[which], replaced=revoked)
                self.model |= {each.id: each for each in revoked}

    @rule(which=st.integers(0, 1), when=st.sampled_from(["copy", "before", "after"]))
    def die(self, which: int, when: str) -> None:
        new = token(len(self.model), name=f"n{len(self.model)}")
        try:
            with killed(when):
                put(self.backends[which], added=[new])
        except Killed:
            done = when == "after"
        else:
            done = when == "copy"
            assert done, "the process was to die"
        if done:
            self.model[new.id] = new
        self.backends[which] = open_files(self.path)

    @rule(which=st.integers(0, 1))
    def restore_the_latest_backup(self, which: int) -> None:
        if self.model:
            name = self.backends[which].backups.make()
            assert not restore.plan(open_files(self.path), name).changes

    @rule(which=st.integers(0, 1), forgotten=consumes(ids))
    def reopen(self, which: int, forgotten: str) -> None:
        self.backends[which] = open_files(self.path)

    @invariant()
    def no_backup_is_half_a_one(self) -> None:
        assert list(self.backends[0].backups.problems()) == []

    @invariant()
    def both_handles_agree_with_the_model(self) -> None:
        for store in (each.tokens for each in self.backends):
            assert {row.token.id: row.token for row in store.scan(EVERYONE)} == self.model
            for known in self.model.values():
                assert one(store, known.id) == known
                assert (known in store.by_name(known.name)) is (known.revoked_at is None)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
