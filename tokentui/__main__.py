"""The program: `tokentui`, or `python -m tokentui`."""

import sys

from tokentui.loading import loading

_CANCELLED = 8


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        with loading():
            from tokentui.cli import run
        code = run()
    except KeyboardInterrupt:  # while it starts, or ends
        code = _CANCELLED
    sys.exit(code)


if __name__ == "__main__":
    main()
