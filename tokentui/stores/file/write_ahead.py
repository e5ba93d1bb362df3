"""What a change writes elsewhere before it replaces its file (write-ahead log)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tokentui.core.errors import StoreUnreadable
from tokentui.stores.file.stamp import Stamp


class WriteAhead:
    """Writes nothing."""

    def begin(self) -> None:
        """Write that the change is done, just before it is; what this raises prevents it."""

    def fail(self, error: BaseException) -> None:
        """Write that the change was not done after all, because of `error`."""

    @contextmanager
    def logged(self, stamp: Callable[[], Stamp | None]) -> Iterator[None]:
        """Write ahead of the block, which replaces a file, and what became of it.

        Nobody else replaces the file meanwhile, so its stamp tells whether the block did, however
        it was left: by an error, by a signal, or because memory ran out.
        """
        before = stamp()
        try:
            self.begin()
            yield
        except BaseException as error:
            with suppress(StoreUnreadable):  # whether it was replaced is not known
                if stamp() == before:
                    self.fail(error)
            raise


NOTHING_AHEAD = WriteAhead()
