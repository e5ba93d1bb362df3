"""The verifier that services use: over the store that the settings name."""

import os
from typing import Self

from tokentui import config
from tokentui.core import verifier
from tokentui.stores import open_accounts, open_store, open_usage


class Verifier(verifier.Verifier):
    """Checks presented secrets; see `verify`, and `averify` for coroutines."""

    @classmethod
    def open(cls, location: str | None = None) -> Self:
        """Return a verifier of the store at `location`, or of the one that the settings name.

        It writes nothing but when tokens were used. Raises `InvalidSetting`, and `StoreError`
        where the tokens cannot be read.
        """
        settings = config.load(location)
        opened = cls(
            open_store(settings.store, read_only=True),
            accounts=open_accounts(settings.store, read_only=True),
            usage=open_usage(settings.store, notes=settings.usage),
            prefix=settings.prefix,
            # The other half is for those whose secrets are known already.
            at_once=max(1, (os.cpu_count() or 1) // 2),
        )
        opened.refresh()
        return opened
