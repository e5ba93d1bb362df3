"""How days are written."""

from datetime import datetime
from enum import StrEnum


class DateFormat(StrEnum):
    """An order of day, month and year. All of them are ten characters wide."""

    ISO = "iso"
    EUROPEAN = "european"
    BRITISH = "british"
    AMERICAN = "american"

    def day(self, moment: datetime) -> str:
        """Return the day of a moment, such as 2026-11-24."""
        return moment.strftime(_PATTERNS[self])


_PATTERNS = {
    DateFormat.ISO: "%Y-%m-%d",
    DateFormat.EUROPEAN: "%d.%m.%Y",
    DateFormat.BRITISH: "%d/%m/%Y",
    DateFormat.AMERICAN: "%m/%d/%Y",
}
