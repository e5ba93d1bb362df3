"""The colours of every screen: roles, made from the colours of a theme so that all can be read."""

from collections.abc import Mapping

from textual.color import Color

READABLE = 4.5
"""The contrast of text that WCAG 2.2 asks for at level AA (1.4.3)."""
_CLEAR = 7.0
"""The contrast of plain text (level AAA, 1.4.6)."""
_STEPS = 50
_WHITE, _BLACK = Color.parse("#ffffff"), Color.parse("#101010")

_OF_TERMINAL = {
    "ink": "ansi_default",
    "dim": "ansi_default 50%",
    "ok": "ansi_green",
    "warn": "ansi_yellow",
    "bad": "ansi_red",
    "field": "transparent",
    "rule": "ansi_bright_black",
    "picked-row": "transparent",
    "on-fill": "ansi_bright_white",
    "fill-primary": "ansi_blue",
    "fill-error": "ansi_red",
}
"""The roles that both themes of the terminal's own colours share."""


def roles(theme: Mapping[str, str], *, no_color: bool = False) -> dict[str, str]:
    """Return the colours of the roles, by name, made from the variables of a theme.

    `ink` is plain text, `dim` quiet text, `accent` what a key or a choice has; `ok`, `warn` and
    `bad` are for statuses. All have a contrast of `READABLE` on the background, on cards, on
    fields and on the row at the cursor. `on-fill` is text on what is filled, `on-cursor` on the
    row at the cursor. With `no_color`, all that a colour would say is as bright as text.
    """
    if theme["background"].startswith("ansi"):
        return _of_terminal(theme)
    found = _of_theme({name: Color.parse(theme[name]) for name in _NEEDED})
    if no_color:
        found |= dict.fromkeys(("accent", "ok", "warn", "bad"), found["ink"])
    return {name: colour.hex6 for name, colour in found.items()}


_NEEDED = (
    "foreground",
    "background",
    "surface",
    "panel",
    "primary",
    "success",
    "warning",
    "error",
)


def _of_theme(theme: Mapping[str, Color]) -> dict[str, Color]:
    background, foreground, primary = theme["background"], theme["foreground"], theme["primary"]
    dark = background.brightness < 0.5
    cursor = background.blend(primary, 0.32 if dark else 0.16)
    field = theme["surface"].blend(foreground, 0.08)
    grounds = background, theme["surface"], theme["panel"], cursor, field
    ink = _readable(foreground, _WHITE if dark else _BLACK, grounds, _CLEAR)
    return {
        "ink": ink,
        "dim": _readable(foreground.blend(background, 0.45), ink, grounds),
        "accent": _readable(primary, ink, grounds),
        "ok": _readable(theme["success"], ink, grounds),
        "warn": _readable(theme["warning"], ink, grounds),
        "bad": _readable(theme["error"], ink, grounds),
        "cursor-row": cursor,
        "on-cursor": ink,
        "picked-row": background.blend(primary, 0.14 if dark else 0.07),
        "field": field,
        "rule": background.blend(foreground, 0.28),
        "fill-primary": _filled(primary),
        "fill-error": _filled(theme["error"]),
        "on-fill": _WHITE,
    }


def _of_terminal(theme: Mapping[str, str]) -> dict[str, str]:
    """Return the roles for a theme that leaves all colours to the terminal, as far as they go."""
    return {
        **_OF_TERMINAL,
        "accent": theme["text-primary"],
        "cursor-row": theme["block-cursor-background"],
        "on-cursor": theme["block-cursor-foreground"],
    }


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _readable(
    colour: Color, ink: Color, grounds: tuple[Color, ...], ratio: float = READABLE
) -> Color:
    """Return `colour`, as far from the grounds in its own hue as `ratio` asks for; else `ink`."""
    towards = colour.lighten if ink.brightness > 0.5 else colour.darken
    for step in range(_STEPS):
        mixed = towards(step / _STEPS)
        if all(contrast(mixed, ground) >= ratio for ground in grounds):
            return mixed
    return ink


def _filled(colour: Color) -> Color:
    """Return `colour`, as dark as white text on it asks for."""
    darker = (colour.darken(step / _STEPS) for step in range(_STEPS))
    return next((each for each in darker if contrast(each, _WHITE) >= READABLE), _BLACK)
