"""What is rendered for a frame, and what of it is written."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tokentui.ui.terminal.screen_buffer import ScreenBuffer


class VisibleCompositor(Compositor):
    """Renders no line that nobody sees: one that is not painted anew, or is covered by others.

    Textual asks each widget for all of its lines wherever it overlaps what is painted, and then
    keeps what lies in front. Most of them are containers, all of whose cells are their children's.
    """

    def _render_chops(
        self, crop: Region, is_rendered_line: Callable[[int], bool]
    ) -> Sequence[Mapping[int, Strip]]:
        gaps = {y: self.cuts[y][:-1] for y in crop.line_range if is_rendered_line(y)}
        lines: list[dict[int, Strip | None]]
        lines = [dict.fromkeys(gaps.get(y, ())) for y in range(len(self.cuts))]
        # The one in front comes first, and who comes first has the cells.
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            wanted = [y for y in seen.line_range if y in gaps] if seen.width else []
            if not wanted:
                continue
            first, last = wanted[0], wanted[-1]
            part = Region(seen.x, first, seen.width, last + 1 - first).translate(-region.offset)
            strips = widget.render_lines(part)
            for y in wanted:
                _fill(lines[y], seen, self.cuts[y], strips[y - first])
                if None not in lines[y].values():
                    del gaps[y]
        return cast("Sequence[Mapping[int, Strip]]", lines)


def _fill(line: dict[int, Strip | None], seen: Region, cuts: Sequence[int], strip: Strip) -> None:
    """Put the parts of a strip, which begins where `seen` does, where nothing is so far."""
    starts = [cut for cut in cuts if seen.x <= cut <= seen.right]
    parts = strip.divide([end - seen.x for end in starts[1:]])
    for start, part in zip(starts, parts, strict=False):  # a strip may be too short
        if line[start] is None:
            line[start] = part


class Difference(CompositorUpdate):
    """What of an update the terminal does not show yet."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, shown: ScreenBuffer) -> None:
        self._update = update
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """Return what to write, and take it as written."""
        painted = self._update.__rich_console__(console, console.options)
        return "".join(
            f"\x1b[{run.y + 1};{run.x + 1}H{Strip(run.segments).render(console)}"
            for run in self._shown.changes(painted)  # type: ignore[arg-type]
        )
