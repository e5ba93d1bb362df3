"""What a restored backup changes, and what it must not."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.opening import one, open_files
from tokentui import files
from tokentui.core import import_export, restore
from tokentui.core.backend import new_key
from tokentui.core.commands import TokenCommands
from tokentui.core.errors import (
    AmbiguousName,
    BackupNotFound,
    IdTaken,
    InvalidInput,
    NamesClash,
    StoreMended,
    StoreUnwritable,
    TokenChanged,
)
from tokentui.core.problems import find_problems
from tokentui.core.repositories import every_token
from tokentui.core.restore import Restoration
from tokentui.core.token import Token
from tokentui.stores.file.backend import FileBackend

from ..conftest import NOW
from ..stores.samples import put


@pytest.fixture
def archive(store_path: Path) -> FileBackend:
    return open_files(str(store_path))


@pytest.fixture
def made(service: TokenCommands) -> dict[str, Token]:
    """Return the tokens a to d, which are in the store."""
    return {name: service.create(name, date(2027, 1, 1)).token for name in "abcd"}


def back_up(archive: FileBackend) -> str:
    return archive.backups.make()


def carry_out(archive: FileBackend, name: str, plan: Restoration) -> None:
    archive.commit(restore.change(name, plan), "ada", new_key())


def planned(archive: FileBackend, name: str, *revive: str) -> Restoration:
    return restore.plan(archive, name, revive)


def live(archive: FileBackend) -> set[str]:
    return {token.name for token in every_token(archive.tokens) if token.revoked_at is None}


def names(tokens: tuple[Token, ...]) -> list[str]:
    return [token.name for token in tokens]


def test_a_backup_of_the_present_changes_nothing(
    archive: FileBackend, made: dict[str, Token]
) -> None:
    assert not planned(archive, back_up(archive)).changes


def test_names_come_back_newer_tokens_stay(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    service.rename(made["a"], "other")
    service.create("newer", None)
    plan = planned(archive, name)
    assert [(before.name, after.name) for before, after in plan.replaced] == [("other", "a")]
    assert names(plan.newer) == ["newer"]
    assert "other" in live(archive), "a plan changed something"
    carry_out(archive, name, plan)
    assert live(archive) == {"a", "b", "c", "d", "newer"}
    assert not planned(archive, name).changes


def test_what_was_revoked_since_stays_revoked(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    service.revoke([made["a"], made["b"]])
    plan = planned(archive, name)
    assert names(plan.stay_revoked) == ["a", "b"]
    assert not plan.changes
    carry_out(archive, name, plan)
    assert live(archive) == {"c", "d"}


def test_only_what_is_named_lives_again(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    service.revoke([made["a"], made["b"], made["c"]])
    plan = planned(archive, name, "A", made["b"].id)
    assert names(plan.revived) == ["a", "b"]
    carry_out(archive, name, plan)
    assert live(archive) == {"a", "b", "d"}
    assert one(archive.tokens, made["a"].id).hash == made["a"].hash
    assert one(archive.tokens, made["a"].id).revision == 3


class TestRotatedSince:
    """A token that was rotated after the backup was made, and is revived."""

    NONE, DAY = timedelta(), timedelta(days=1)

    def revive(self, archive: FileBackend, name: str, token: Token) -> Token:
        plan = planned(archive, name, token.id)
        carry_out(archive, name, plan)
        after = one(archive.tokens, token.id)
        assert [each.id for each in plan.revived] == [token.id]
        assert plan.revived[0].expires_at == after.expires_at
        return after

    @pytest.mark.parametrize("overlap", [NONE, DAY])
    def test_it_verifies_beside_its_replacement_until_its_own_end(
        self, archive: FileBackend, service: TokenCommands, overlap: timedelta
    ) -> None:
        made = service.create("ci", date(2027, 1, 1))
        name = back_up(archive)
        new = service.rotate(made.token, overlap)
        service.queries.now = lambda: NOW + timedelta(days=2)
        service.retire()
        revived = self.revive(archive, name, made.token)
        assert revived.expires_at == made.token.expires_at
        service.retire()
        assert service.queries.verifier().verify(made.secret).id == made.token.id
        assert service.queries.verifier().verify(new.secret).id == service.queries.look_up("ci").id
        assert list(find_problems(service.queries)) == []

    def test_it_has_its_name_again_where_that_is_free(
        self, archive: FileBackend, service: TokenCommands
    ) -> None:
        made = service.create("ci", None)
        name = back_up(archive)
        service.revoke([service.rotate(made.token, self.NONE).token])
        self.revive(archive, name, made.token)
        assert service.queries.look_up("ci").id == made.token.id
        assert service.rename(service.queries.look_up("ci"), "deploy").replaced_by is None

    def test_a_backup_of_the_overlap_gives_it_its_own_end_too(
        self, archive: FileBackend, service: TokenCommands
    ) -> None:
        made = service.create("ci", date(2027, 1, 1))
        service.rotate(made.token, self.DAY)
        name = back_up(archive)
        service.queries.now = lambda: NOW + timedelta(days=2)
        service.retire()
        revived = self.revive(archive, name, made.token)
        assert revived.expires_at == made.token.expires_at
        assert service.queries.verifier().verify(made.secret).id == made.token.id

    def test_in_the_place_of_a_damaged_store_as_well(
        self, archive: FileBackend, service: TokenCommands, store_path: Path
    ) -> None:
        made = service.create("ci", date(2027, 1, 1))
        service.rotate(made.token, self.DAY)
        name = back_up(archive)
        service.queries.now = lambda: NOW + timedelta(days=2)
        service.retire()
        back_up(archive)
        store_path.write_text("{")
        assert self.revive(archive, name, made.token).expires_at == made.token.expires_at

    def test_its_rotation_can_be_undone_then(
        self, archive: FileBackend, service: TokenCommands
    ) -> None:
        made = service.create("ci", date(2027, 1, 1))
        name = back_up(archive)
        new = service.rotate(made.token, self.NONE)
        revived = self.revive(archive, name, made.token)
        back = service.undo_rotation(revived)
        assert service.queries.look_up("ci") == back
        assert (back.expires_at, back.replaced_by) == (made.token.expires_at, None)
        assert service.queries.get(new.token.id).hash is None


@pytest.mark.parametrize("wrong", ["d", "nobody", ""])
def test_only_what_was_revoked_since_can_be_named(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token], wrong: str
) -> None:
    name = back_up(archive)
    service.revoke([made["a"]])
    with pytest.raises(InvalidInput, match="Nothing was changed"):
        planned(archive, name, wrong)


def test_it_may_be_named_as_it_was_when_it_was_revoked(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    service.revoke([service.rename(made["a"], "other")])
    for reference in ("a", "other"):
        assert names(planned(archive, name, reference).revived) == ["a"]


def test_a_name_of_two_accounts_is_not_enough(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    service.queries.account = "bob"
    other = service.create("a", None).token
    name = back_up(archive)
    service.revoke([made["a"], other])
    with pytest.raises(AmbiguousName):
        planned(archive, name, "a")
    [revived] = planned(archive, name, other.id).revived
    assert revived.id == other.id


def test_what_was_saved_stays_saved(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    service.confirm_saved(made["a"].id)
    assert not planned(archive, name).changes


def test_a_name_that_another_token_has_by_now(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    service.rename(made["a"], "x")
    service.create("A", None)
    with pytest.raises(NamesClash, match=r"A, a|a"):
        planned(archive, name)


def test_two_names_can_be_swapped_back(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    x = service.rename(made["a"], "x")
    service.rename(made["b"], "a")
    service.rename(x, "b")
    carry_out(archive, name, planned(archive, name))
    assert one(archive.tokens, made["a"].id).name == "a"
    assert one(archive.tokens, made["b"].id).name == "b"


def test_what_was_rotated_since_stays_so(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    old = service.rotate(made["a"], timedelta(hours=1)).replaces
    assert old is not None
    assert not planned(archive, name).changes
    service.rename(service.queries.look_up("b"), "b2")
    carry_out(archive, name, planned(archive, name))
    assert one(archive.tokens, old.id) == old
    assert one(archive.tokens, made["b"].id).name == "b"


def test_a_change_after_the_plan_is_no_part_of_it(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token]
) -> None:
    name = back_up(archive)
    renamed = service.rename(made["a"], "other")
    plan = planned(archive, name)
    service.revoke([renamed])
    with pytest.raises(TokenChanged):
        carry_out(archive, name, plan)
    assert live(archive) == {"b", "c", "d"}


def _edit(path: Path, token: Token, **fields: object) -> None:
    """Change fields of a record behind the program's back."""
    tables = json.loads(path.read_text())
    [record] = [each for each in tables["tokens"].values() if each["id"] == token.id]
    record.update(fields)
    path.write_text(json.dumps(tables))


@pytest.mark.parametrize("damage", [{"read_only": "x"}, {"created_at": "0001-01-01T00:00:00Z"}])
def test_a_damaged_record_that_was_revoked_stays_so(
    archive: FileBackend,
    service: TokenCommands,
    made: dict[str, Token],
    store_path: Path,
    damage: dict[str, str],
) -> None:
    name = back_up(archive)
    service.revoke([made["a"]])
    _edit(store_path, made["a"], **damage)
    plan = planned(archive, name)
    assert names(plan.stay_revoked) == ["a"]
    assert not plan.changes
    with pytest.raises(IdTaken):
        archive.tokens.apply(added=[made["a"]])
    assert import_export.missing([made["a"]], archive.tokens) == []
    _edit(store_path, made["a"], read_only=False, created_at="2026-11-24T20:15:00Z")
    assert one(archive.tokens, made["a"].id).revoked_at == NOW


def test_a_damaged_record_is_mended(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token], store_path: Path
) -> None:
    name = back_up(archive)
    _edit(store_path, made["a"], created_at="long ago")
    damaged = store_path.read_bytes()
    assert len(archive.tokens.warnings()) == 1
    carry_out(archive, name, planned(archive, name))
    assert archive.tokens.warnings() == []
    assert one(archive.tokens, made["a"].id) == made["a"]
    assert len(json.loads(store_path.read_text())["tokens"]) == 4
    copies = [path.read_bytes() for path in (store_path.parent / "backups").iterdir()]
    assert damaged in copies


def test_a_record_is_not_mended_without_a_copy_of_the_damaged_one(
    archive: FileBackend,
    service: TokenCommands,
    made: dict[str, Token],
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    name = back_up(archive)
    _edit(store_path, made["a"], created_at="long ago")
    plan, before = planned(archive, name), store_path.read_bytes()
    monkeypatch.setattr(files, "copy", refuse)
    with pytest.raises(StoreUnwritable):
        carry_out(archive, name, plan)
    assert store_path.read_bytes() == before


def test_a_damaged_double_breaks_nothing(
    archive: FileBackend, made: dict[str, Token], store_path: Path
) -> None:
    tables = json.loads(store_path.read_text())
    tables["tokens"]["9"] = tables["tokens"]["1"] | {"read_only": "x"}
    store_path.write_text(json.dumps(tables))
    assert len(archive.tokens.warnings()) == 1
    assert archive.tokens.broken() == {}


def test_twins_in_the_store_are_no_obstacle(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token], store_path: Path
) -> None:
    name = back_up(archive)
    service.rename(made["c"], "other")
    service.create("x", None)
    _edit(store_path, service.create("y", None).token, name="x")
    assert [after.name for _, after in planned(archive, name).replaced] == ["c"]


def test_of_two_records_of_one_id_the_revoked_one_is_believed(
    archive: FileBackend, service: TokenCommands, made: dict[str, Token], store_path: Path
) -> None:
    tables = json.loads(store_path.read_text())
    revoked = tables["tokens"]["1"] | {"revoked_at": "2026-11-24T20:15:00Z", "hash": None}
    for place in ("0", "9"):
        tables["tokens"] = {"0": revoked} | tables["tokens"] if place == "0" else tables["tokens"]
        tables["tokens"][place] = revoked
        store_path.write_text(json.dumps(tables))
        assert one(archive.tokens, revoked["id"]).revoked_at == NOW
        del tables["tokens"][place]
    tables["tokens"]["9"] = revoked
    store_path.write_text(json.dumps(tables))
    with pytest.raises(TokenChanged):
        put(archive, replaced=[replace(made["a"], revision=3)])
    assert json.loads(store_path.read_text()) == tables


class TestLoss:
    """The store has lost tokens, or is damaged: what it knew of revocations is gone."""

    @pytest.fixture(params=["damaged", "gone"])
    def lose(self, request: pytest.FixtureRequest, store_path: Path) -> object:
        def lose() -> FileBackend:
            if request.param == "damaged":
                store_path.write_text('{"damaged')
            else:
                store_path.unlink()
            return open_files(str(store_path))

        return lose

    def test_one_that_was_restored_meanwhile_is_left_alone(
        self, archive: FileBackend, service: TokenCommands, made: dict[str, Token], store_path: Path
    ) -> None:
        name = back_up(archive)
        store_path.write_text('{"damaged')
        here, there = open_files(str(store_path)), open_files(str(store_path))
        plan = planned(here, name)
        carry_out(there, name, planned(there, name))
        service.revoke([service.queries.look_up("a")])
        with pytest.raises(StoreMended, match="Nothing was restored"):
            carry_out(here, name, plan)
        assert live(here) == {"b", "c", "d"}

    def test_twins_in_the_backup_are_no_obstacle(
        self, archive: FileBackend, made: dict[str, Token], store_path: Path
    ) -> None:
        _edit(store_path, made["b"], name="a")
        name = back_up(archive)
        store_path.write_text('{"damaged')
        lost = open_files(str(store_path))
        carry_out(lost, name, planned(lost, name))
        assert sorted(names(tuple(every_token(lost.tokens)))) == ["a", "a", "c", "d"]

    def test_all_comes_back(
        self, archive: FileBackend, made: dict[str, Token], lose: object
    ) -> None:
        name = back_up(archive)
        assert callable(lose)
        lost = lose()
        plan = planned(lost, name)
        assert len(plan.added) == 4
        carry_out(lost, name, plan)
        assert {token.id: token for token in every_token(lost.tokens)} == {
            token.id: token for token in made.values()
        }

    def test_a_later_backup_knows_what_was_revoked(
        self, archive: FileBackend, service: TokenCommands, made: dict[str, Token], lose: object
    ) -> None:
        name = back_up(archive)
        service.revoke([made["a"], made["b"]])
        back_up(archive)
        assert callable(lose)
        lost = lose()
        plan = planned(lost, name, "b")
        assert (names(plan.stay_revoked), names(plan.revived)) == (["a"], ["b"])
        carry_out(lost, name, plan)
        assert live(lost) == {"b", "c", "d"}
        assert one(lost.tokens, made["a"].id).revoked_at == NOW
        assert one(lost.tokens, made["a"].id).hash is None


def test_there_is_no_such_backup(archive: FileBackend, made: dict[str, Token]) -> None:
    with pytest.raises(BackupNotFound):
        planned(archive, "nothing")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["rename", "revoke"]))))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_revoked_token_lives_again_unasked(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "data" / "tokens.json"
    archive = open_files(str(path))
    tokens = {
        name: Token(
            id=f"{number:010}",
            account="ada",
            name=name,
            created_at=NOW,
            expires_at=None,
            hash="hash",
        )
        for number, name in enumerate("abcd")
    }
    archive.tokens.apply(added=list(tokens.values()))
    name = archive.backups.make()
    for number, (which, what) in enumerate(steps):
        token = one(archive.tokens, tokens[which].id)
        changes = {"name": f"n{number}"} if what == "rename" else {"revoked_at": NOW, "hash": None}
        archive.tokens.apply(replaced=[replace(token, revision=token.revision + 1, **changes)])
    dead = {token.id for token in every_token(archive.tokens) if token.revoked_at is not None}
    carry_out(archive, name, restore.plan(archive, name))
    after = {token.id: token for token in every_token(archive.tokens)}
    assert {token_id for token_id, token in after.items() if token.revoked_at is not None} == dead
    assert all(
        token.name == tokens["abcd"[int(token_id)]].name
        for token_id, token in after.items()
        if token_id not in dead
    )
