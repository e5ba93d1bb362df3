"""Patterns of LIKE."""


def containing(text: str) -> str:
    """Return the pattern of what has `text` in it."""
    return f"%{_literal(text)}%"


def starting(text: str) -> str:
    """Return the pattern of what begins with `text`."""
    return f"{_literal(text)}%"


def _literal(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return text
