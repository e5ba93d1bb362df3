"""The least that Textual can do for a list: one DataTable with a row for each argument."""

import sys

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class BareApp(App[None]):
    """What the start and the keys of the app are measured against."""

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table: DataTable[str] = self.query_one(DataTable)
        table.add_columns("Name", "Created", "Expires", "Last used", "Status")
        for name in sys.argv[1:]:
            table.add_row(name, "2026-01-01", "2036-01-01 in 9 years", "yesterday", "active")


if __name__ == "__main__":
    BareApp().run()
