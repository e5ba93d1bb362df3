"""A session as one SVG that plays by itself wherever a picture can stand: CSS, no script."""

import re
from html import escape
from itertools import accumulate

_ROW_HEIGHT, _FIRST_ROW, _BASELINE = 24.4, 1.5, 18.5
_CELL = re.compile(r'<(?:rect|text) [^>]*? y="([\d.]+)"[^>]*?(?:/>|>[^<\n]*</text>)')
_ALIKE = re.compile(r' (?:y|clip-path|shape-rendering)="[^"]*"')

_FILM = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
text {{ font: 20px Fira Code, monospace; font-variant-east-asian: full-width }}
.caption {{ font: bold 18px arial; fill: #c5c8c6; text-anchor: middle }}
.film {{ animation: film {seconds}s step-end infinite }}
@media (prefers-reduced-motion) {{ .film {{ animation-play-state: paused }} }}
@keyframes film {{
{moves}
}}
{colours}
</style>
<defs>
<clipPath id="window"><rect width="{width}" height="{height}"/></clipPath>
{rows}
</defs>
{window}
<g clip-path="url(#window)"><g class="film" shape-rendering="crispEdges">
{frames}
</g></g>
</svg>
"""


class Recording:
    """Pictures side by side, like a film that is pulled past a window.

    A row that looks the same in several pictures is kept once.
    """

    def __init__(self) -> None:
        self._window = ""
        self._colours: dict[str, str] = {}
        self._rows: dict[str, str] = {}
        self._frames: list[tuple[float, str, str]] = []

    def add(self, picture: str, caption: str, seconds: float) -> None:
        """Go on with `picture`, a screenshot of Textual's, for some seconds below `caption`."""
        self._window, screen = picture.split('<g transform="translate(9, 41)"')
        colours = dict(re.findall(r"\.terminal-(r\d+) \{ (.*?) \}", self._window))
        rows: dict[float, str] = {}
        for cell in _CELL.finditer(screen):
            top = _FIRST_ROW + float(cell[1]) // _ROW_HEIGHT * _ROW_HEIGHT
            rows[top] = rows.get(top, "") + self._shared(cell[0], colours)
        uses = (
            f'<use href="#{self._rows.setdefault(cells, f"row{len(self._rows)}")}" y="{top:.1f}"/>'
            for top, cells in rows.items()
        )
        self._frames.append((seconds, caption, "".join(uses)))

    def _shared(self, cell: str, colours: dict[str, str]) -> str:
        """Return `cell` without its place down the screen, in colours that all pictures share."""

        def colour(local: re.Match[str]) -> str:
            return self._colours.setdefault(colours[local[1]], f"c{len(self._colours)}")

        cell = re.sub(r"terminal-(r\d+)", colour, _ALIKE.sub("", cell))
        return cell.replace("<text", f'<text y="{_BASELINE}"')

    def __str__(self) -> str:
        width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', self._window)[0]
        starts = [0.0, *accumulate(seconds for seconds, _, _ in self._frames)]
        lefts = [number * float(width) for number in range(len(self._frames))]
        return _FILM.format(
            width=width,
            height=height,
            seconds=starts[-1],
            moves="\n".join(
                f"{start / starts[-1]:.2%} {{ transform: translate({-left}px) }}"
                for start, left in zip(starts, lefts, strict=False)
            ),
            colours="\n".join(f".{name} {{ {style} }}" for style, name in self._colours.items()),
            rows="\n".join(f'<g id="{name}">{cells}</g>' for cells, name in self._rows.items()),
            window=re.sub(r"<text.*?</text>", "", self._window.split("</defs>")[1]).strip(),
            frames="\n".join(
                f'<g transform="translate({left + 9} 41)"><text class="caption" x="488" y="-14">'
                f"{escape(caption)}</text>{uses}</g>"
                for left, (_, caption, uses) in zip(lefts, self._frames, strict=True)
            ),
        )
