"""The map of the house names what is there, and all of it."""

import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_MAP = (_ROOT / ".github" / "ARCHITECTURE.md").read_text()
_NAMED = set(re.findall(r"`((?:tokentui|tests|core)/[\w/.]*)`", _MAP))


def test_what_it_names_is_there() -> None:
    folders = (_ROOT, _ROOT / "tokentui")
    missing = {name for name in _NAMED if not any((each / name).exists() for each in folders)}
    assert missing == set()


def test_it_names_every_room() -> None:
    rooms = (path for path in (_ROOT / "tokentui").iterdir() if path.name != "__pycache__")
    names = {f"{path.relative_to(_ROOT)}{'/' if path.is_dir() else ''}" for path in rooms}
    assert names - _NAMED == {"tokentui/__init__.py", "tokentui/py.typed"}
