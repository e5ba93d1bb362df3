"""Measurements, each run as `python -m tests.bench.NAME`. They need what the tests need."""

import sys
from importlib.util import find_spec

_NEEDED = ("bcrypt", "httpx", "msgspec", "pexpect", "pyte", "pytest", "textual", "uvicorn")

if missing := [name for name in _NEEDED if find_spec(name) is None]:
    sys.exit(f"Not installed: {', '.join(missing)}. Run: pip install -e '.[dev]'")
