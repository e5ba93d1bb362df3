"""How many failures are put up with."""

from tokentui.core.limits import FailureLimit


class Ticks:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_one_each_so_many_seconds() -> None:
    ticks = Ticks()
    limit = FailureLimit(3, 2.0, ticks)
    for _ in range(3):
        assert not limit.reached("a")
        limit.note("a")
    assert limit.reached("a")
    assert not limit.reached("b")
    ticks.now += 1.9
    assert limit.reached("a")
    ticks.now += 0.1
    assert not limit.reached("a")
    limit.note("a")
    assert limit.reached("a")


def test_all_is_forgiven_in_time() -> None:
    ticks = Ticks()
    limit = FailureLimit(3, 2.0, ticks)
    limit.note("a")
    ticks.now += 3600
    for _ in range(3):
        assert not limit.reached("a")
        limit.note("a")
    assert limit.reached("a")


def test_only_the_last_ones_are_remembered() -> None:
    limit = FailureLimit(1, 1.0, Ticks(), size=2)
    for key in ("a", "b", "a", "c"):
        limit.note(key)
    assert [limit.reached(key) for key in ("a", "b", "c")] == [True, False, True]
