"""The verifier that services use: over the store that the settings name."""

import os
from contextlib import suppress
from typing import Self

from tokentui import config
from tokentui.core import verifier
from tokentui.core.backend import Backend
from tokentui.core.errors import StoreError
from tokentui.stores import open_backend


class Verifier(verifier.Verifier):
    """Checks presented secrets; see `verify`, and `averify` for coroutines."""

    _backend: Backend | None = None
    """What `open` has opened."""

    def close(self) -> None:
        """Write down the uses so far, and close the store where `open` has opened it.

        Raises nothing, and may be called twice. `health` tells where the uses could not be
        written.
        """
        super().close()
        if self._backend is not None:
            with suppress(StoreError):
                self._backend.close()

    @classmethod
    def open(cls, location: str | None = None) -> Self:
        """Return a verifier of a store, which writes nothing but when tokens were used.

        Args:
            location: The path or URL of the store; None for the one that the settings name.

        Returns:
            A verifier that has read the tokens once. `close` closes the store as well.

        Raises:
            InvalidSetting: A setting has a value that cannot be used.
            StoreError: The tokens cannot be read, or no store can be at that location.
        """
        settings = config.load(location)
        backend = open_backend(settings.store, read_only=True, usage=settings.usage)
        opened = cls(
            backend.lookup,
            usage=backend.usage,
            prefix=settings.prefix,
            # The other half is for those whose secrets are known already.
            max_concurrent_hashes=max(1, (os.cpu_count() or 1) // 2),
        )
        opened._backend = backend
        opened.refresh()
        return opened
