"""Backends that break the contract of looking up credentials, each in one way."""

from msgspec.structs import replace

from tokentui.core.lookup import NOT_IN_MEMORY, NotInMemory, StoredCredential
from tokentui.core.snapshot_lookup import SnapshotLookup

from ...doubles.memory import MemoryBackend
from .having import Kind, having


def lookup(kind: type[SnapshotLookup]) -> Kind:
    return having(lookup=lambda backend, _: kind(backend.tokens, backend.accounts))


class Altered(SnapshotLookup):
    """A lookup that changes its answers."""

    def alter(self, answer: StoredCredential) -> StoredCredential | None:
        return answer

    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        answer = super().peek(token_id)
        return answer if answer is NOT_IN_MEMORY or answer is None else self.alter(answer)

    def find(self, token_id: str) -> StoredCredential | None:
        answer = super().find(token_id)
        return answer and self.alter(answer)


class Empty(Altered):
    def alter(self, answer: StoredCredential) -> None:
        return None


class KnowsTheLivingOnly(Altered):
    def alter(self, answer: StoredCredential) -> StoredCredential | None:
        return None if answer.revoked else answer


class LeavesTheHash(Altered):
    def alter(self, answer: StoredCredential) -> StoredCredential:
        return replace(answer, hash=answer.hash or "hash")


class BelievesInTheRevoked(Altered):
    def alter(self, answer: StoredCredential) -> StoredCredential:
        return replace(answer, revoked=False)


class KnowsNoOwner(Altered):
    def alter(self, answer: StoredCredential) -> StoredCredential:
        return replace(answer, owner_disabled=False)


class AllowsEverything(Altered):
    def alter(self, answer: StoredCredential) -> StoredCredential:
        return replace(answer, read_only=False, networks=())


class NeverExpires(Altered):
    def alter(self, answer: StoredCredential) -> StoredCredential:
        return replace(answer, expires_at=None)


class Stale(SnapshotLookup):
    def _look(self) -> None:
        if not self._snapshot.generation:
            super()._look()


class RemembersWhatIsNot(SnapshotLookup):
    def find(self, token_id: str) -> StoredCredential | None:
        missing = self.__dict__.setdefault("missing", set())
        answer = None if token_id in missing else super().find(token_id)
        if answer is None:
            missing.add(token_id)
        return answer


class PeeksAtThePast(SnapshotLookup):
    def peek(self, token_id: str) -> StoredCredential | NotInMemory | None:
        kept: dict[str, StoredCredential | NotInMemory | None] = self.__dict__.setdefault(
            "kept", {}
        )
        answer = super().peek(token_id)
        return answer if answer is NOT_IN_MEMORY else kept.setdefault(token_id, answer)


class MovesNoGeneration(SnapshotLookup):
    @property
    def generation(self) -> int:
        return 1


class MovesTheGenerationForNothing(SnapshotLookup):
    def _look(self) -> None:
        self._version = None
        super()._look()


class StaysOpen(MemoryBackend):
    def close(self) -> None:
        self.usage.flush()


LOOKUP: dict[str, Kind] = {
    "finds nothing": lookup(Empty),
    "finds no revoked token": lookup(KnowsTheLivingOnly),
    "tells the hash of a revoked token": lookup(LeavesTheHash),
    "takes revoked tokens for active ones": lookup(BelievesInTheRevoked),
    "does not know disabled owners": lookup(KnowsNoOwner),
    "does not know access": lookup(AllowsEverything),
    "does not know expiration": lookup(NeverExpires),
    "sees no change": lookup(Stale),
    "remembers for ever what was not there": lookup(RemembersWhatIsNot),
    "has a memory that sees no change": lookup(PeeksAtThePast),
    "moves no generation": lookup(MovesNoGeneration),
    "moves the generation for nothing": lookup(MovesTheGenerationForNothing),
    "stays open once its backend is closed": StaysOpen,
}
