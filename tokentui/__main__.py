"""The program: `tokentui`, or `python -m tokentui`."""

import sys

from tokentui.loading import loading

with loading():
    from tokentui.cli import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
