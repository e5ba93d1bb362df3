"""The keys of a screen, in its last line."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.binding import ActiveBinding
    from textual.screen import Screen

_GAP = 2
_WIDE_GAP = 3
_MORE = "…"
_LEFT = "escape"
_HELP = ("help", "app.help")


class _Key(NamedTuple):
    active: ActiveBinding
    key: str
    description: str

    @property
    def width(self) -> int:
        return cell_len(self.key) + 1 + cell_len(self.description)

    @property
    def stays(self) -> bool:
        """Whether it is shown however little room there is: the way out, and help."""
        return self.active.binding.key == _LEFT or self.active.binding.action in _HELP


class KeyFooter(Widget):
    """One line with the keys that do something now, in the order of their bindings.

    As many are shown as there is room for, and behind them dots where that is not all; the way out
    and help stand at the right end. A click does the action of its key, that of help on the dots,
    and on this screen alone. Textual's own footer is a widget a
    key, made anew at each step from field to field, and is painted after the screen.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-footer--key"}

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[int, _Key]] = []
        """The keys from left to right, each with the cell that it starts at."""

    @property
    def keys(self) -> dict[str, str]:
        """The keys that have room, by what they do, as of the last paint."""
        return {key.description: key.key for _, key in self._shown if key.description}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, _: Screen[object]) -> None:
        shown = [key for _, key in self._shown]
        if shown and shown != [key for _, key in self._placed(self.size.width)]:
            self.refresh()  # what was not painted yet is asked for then

    def render_line(self, _: int) -> Strip:
        width = self.size.width
        self._shown = self._placed(width)
        plain = self.rich_style
        bold = self.get_component_rich_style("key-footer--key")
        segments: list[Segment] = []
        end = 0
        for start, key in self._shown:
            segments += _cells(key, " " * (start - end), plain, bold)
            end = start + key.width
        return Strip(segments).adjust_cell_length(width, plain)

    def _placed(self, width: int) -> list[tuple[int, _Key]]:
        """Return the keys that have room, each with the cell that it starts at."""
        keys = self._keys()
        staying = [key for key in keys if key.stays]
        others = [key for key in keys if not key.stays]
        room = width - 2 * self._margin - _length(staying, _GAP)
        fitting = _that_fit(others, room)
        if len(fitting) < len(others) and staying and staying[-1].active.binding.action in _HELP:
            more = staying[-1]._replace(key=_MORE, description="")  # help: it names all
            fitting = [*_that_fit(others, room - more.width - _GAP), more]
        left = room - _length(fitting, _GAP)
        gap = _WIDE_GAP if left >= len(fitting) + len(staying) - 1 else _GAP
        end = width - self._margin - _length(staying, gap)
        return _in_a_row(fitting, self._margin, gap) + _in_a_row(staying, end, gap)

    @property
    def _margin(self) -> int:
        return 2 if self.size.width >= 56 else 1

    def _keys(self) -> list[_Key]:
        first: dict[str, _Key] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                key = _Key(active, self.app.get_key_display(binding), binding.description)
                first.setdefault(binding.action, key)
        return sorted(first.values(), key=lambda key: key.active.binding.action in _HELP)

    async def on_mouse_down(self, event: events.MouseDown) -> None:
        key = next((key for at, key in self._shown if at <= event.x < at + key.width), None)
        if key is not None and self.screen is self.app.screen:
            await self.app.run_action(key.active.binding.action, key.active.node)


def _cells(key: _Key, gap: str, plain: Style, bold: Style) -> list[Segment]:
    return [Segment(gap, plain), Segment(f"{key.key} ", bold), Segment(key.description, plain)]


def _that_fit(keys: list[_Key], room: int) -> list[_Key]:
    """Return the first keys, as many as fit, each with the gap behind it."""
    widths = accumulate(key.width + _GAP for key in keys)
    return [key for key, width in zip(keys, widths, strict=True) if width <= room]


def _length(keys: list[_Key], gap: int) -> int:
    return sum(key.width for key in keys) + gap * max(0, len(keys) - 1)


def _in_a_row(keys: list[_Key], start: int, gap: int) -> list[tuple[int, _Key]]:
    placed = []
    for key in keys:
        placed.append((start, key))
        start += key.width + gap
    return placed
