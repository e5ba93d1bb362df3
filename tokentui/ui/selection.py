"""Which tokens are selected, by ID, and from where a range is."""

from collections.abc import Collection, Sequence


class Selection:
    """Tokens stay selected, whatever the list shows; only those that it shows count."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self._not_shown: set[str] = set()
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def hidden(self) -> set[str]:
        """The selected tokens that the list does not show."""
        return self._not_shown & self.ids

    def clear(self) -> None:
        """Select none."""
        self.ids.clear()

    def toggle(self, token_id: str) -> None:
        """Select one token, or take it out."""
        self.ids ^= {token_id}
        self._not_shown -= {token_id}
        self._last = token_id if token_id in self.ids else None

    def extend_to(self, token_id: str, order: Sequence[str]) -> None:
        """Select all from the last one that was selected, if it still is, to this one."""
        here = last = order.index(token_id)
        if self._last in self.ids and self._last in order:
            last = order.index(self._last)
        self._last = token_id
        self.ids |= set(order[min(here, last) : max(here, last) + 1])
        self._not_shown = self.ids - set(order)

    def all_or_none(self, shown: Collection[str]) -> None:
        """Select all that are shown, or take them out where all are selected."""
        ids = set(shown)
        self.ids = self.ids - ids if ids <= self.ids else self.ids | ids
        self._not_shown = self.ids - ids

    def invert(self, shown: Collection[str]) -> None:
        """Select what is shown and not selected, and take out what is."""
        self.ids ^= set(shown)
        self._not_shown = self.ids - set(shown)

    def follow(self, revoked: Collection[str], hidden: Collection[str]) -> None:
        """Take out what was revoked meanwhile, and know which of the others are not shown."""
        self.ids -= set(revoked)
        self._not_shown = set(hidden)
