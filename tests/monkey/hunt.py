"""Playing, replaying what went wrong, and shrinking what goes wrong again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.monkey import actions
from tests.monkey.health import Health
from tests.monkey.invariants import Fault
from tests.monkey.profiles import Profile
from tests.monkey.session import play
from tests.monkey.shrink import ddmin
from tests.monkey.steps import Step, to_json

_REPLAYS, _ENOUGH = 5, 2


@dataclass
class Hunt:
    """Plays one profile. With `health`, times, CPU and memory count as well.

    At most `budget` replays are spent on making a log smaller.
    """

    profile: Profile
    health: Health | None = None
    budget: int = 150
    log: list[Step] = field(default_factory=list)
    """What was played last."""

    def run(self, seed: int, count: int) -> "Finding | None":
        """Do `count` actions; return what does not hold, as it was seen this once."""
        self.log = actions.steps(seed, self.profile, count)
        fault = play(self.profile, self.log, self.health)
        if fault is None:
            return None
        return Finding(self.profile, seed, self.log[: fault.steps], fault, times=0)

    def confirm(self, finding: "Finding") -> "Finding":
        """Return `finding` with how often replays show it, and shrunk where enough of them do."""
        times = 0
        for _ in range(_REPLAYS):
            times += self._fails(finding, finding.log, tries=1)
            if times == _ENOUGH:
                return replace(finding, log=self._shrunk(finding), times=times)
        return replace(finding, times=times)

    def _fails(self, finding: "Finding", log: Sequence[Step], tries: int) -> bool:
        health = None if self.health is None else Health(self.profile)
        faults = (play(self.profile, log, health) for _ in range(tries))
        return any(fault is not None and fault.kind == finding.fault.kind for fault in faults)

    def _shrunk(self, finding: "Finding") -> list[Step]:
        left = self.budget

        def fails(log: list[Step]) -> bool:
            nonlocal left
            left -= 1
            return left >= 0 and self._fails(finding, log, tries=2)

        return ddmin(finding.log, fails)


@dataclass(frozen=True)
class Finding:
    """What does not hold, the log that shows it, and how many replays showed it again."""

    profile: Profile
    seed: int
    log: list[Step]
    fault: Fault
    times: int

    @property
    def certain(self) -> bool:
        """Whether enough replays failed in the same way."""
        return self.times >= _ENOUGH

    def __str__(self) -> str:
        return (
            f"{self.profile.name}, seed {self.seed}: {self.fault}\n"
            f"Again in {self.times} replays, by {len(self.log)} steps:\n{to_json(self.log)}"
        )
