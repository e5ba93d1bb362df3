"""Everything on the screen can be read, in each theme."""

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tokentui.ui.colours import READABLE, contrast, roles

THEMES = [name for name in BUILTIN_THEMES if not name.startswith("ansi")]


def variables(theme: str) -> dict[str, str]:
    app = App[None]()
    app.theme = theme
    return app.get_css_variables()


def test_contrast() -> None:
    """The ends of the scale, and the example that WCAG gives for grey on white."""
    white, black, grey = Color.parse("#fff"), Color.parse("#000"), Color.parse("#767676")
    assert contrast(white, black) == pytest.approx(21)
    assert contrast(white, white) == pytest.approx(1)
    assert contrast(grey, white) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("no_color", [False, True])
@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: str, no_color: bool) -> None:
    given = variables(theme)
    made = roles(given, no_color=no_color)
    grounds = [given["background"], given["surface"], given["panel"]]
    grounds += [made["cursor-row"], made["field"]]
    pairs = [
        (text, ground)
        for text in ("ink", "dim", "accent", "ok", "warn", "bad")
        for ground in grounds
    ]
    told = {
        (text, ground): contrast(Color.parse(made[text]), Color.parse(ground))
        for text, ground in pairs
    }
    told |= {
        ("on-fill", fill): contrast(Color.parse(made["on-fill"]), Color.parse(made[fill]))
        for fill in ("fill-primary", "fill-error")
    }
    told["on-cursor", "cursor-row"] = contrast(
        Color.parse(made["on-cursor"]), Color.parse(made["cursor-row"])
    )
    assert {pair: ratio for pair, ratio in told.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_the_terminal_keeps_its_own_colours(theme: str) -> None:
    assert {
        role: value
        for role, value in roles(variables(theme)).items()
        if not value.startswith(("ansi_", "transparent"))
    } == {}


def test_every_theme_has_all_roles() -> None:
    assert len({frozenset(roles(variables(theme))) for theme in BUILTIN_THEMES}) == 1


def test_without_colours_a_status_is_as_bright_as_text() -> None:
    made = roles(variables("textual-dark"), no_color=True)
    assert {made[role] for role in ("accent", "ok", "warn", "bad")} == {made["ink"]}
