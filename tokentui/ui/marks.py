"""Which tokens are marked, by id, and from where a range is marked."""

from collections.abc import Callable, Collection, Sequence


class Marks:
    """Marks stay on their tokens, whatever the list shows; only those it shows count."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def clear(self) -> None:
        self.ids.clear()

    def toggle(self, token_id: str) -> None:
        """Mark one token, or let go of it."""
        self.ids ^= {token_id}
        self._last = token_id if token_id in self.ids else None

    def reach(self, token_id: str, order: Sequence[str]) -> None:
        """Mark all from the last one that was marked, if it still is, to this one."""
        here = last = order.index(token_id)
        if self._last in self.ids and self._last in order:
            last = order.index(self._last)
        self._last = token_id
        self.ids |= set(order[min(here, last) : max(here, last) + 1])

    def all_or_none(self, shown: Collection[str]) -> None:
        """Mark all that are shown, or let go of them where all are marked."""
        ids = set(shown)
        self.ids = self.ids - ids if ids <= self.ids else self.ids | ids

    def invert(self, shown: Collection[str]) -> None:
        """Mark what is shown and not marked, and let go of what is."""
        self.ids ^= set(shown)

    def keep(self, alive: Callable[[str], bool]) -> None:
        """Let go of what is no longer alive."""
        self.ids = set(filter(alive, self.ids))
