"""How somebody gets in: what the app is given where there are accounts."""

from collections.abc import Callable
from typing import NamedTuple

from tokentui.core.account import Account
from tokentui.core.credential import Secret
from tokentui.core.login import Door
from tokentui.core.service import TokenService


class Entrance(NamedTuple):
    """The door, the service of each account behind it, and the address that people come from."""

    door: Door
    service_of: Callable[[str], TokenService]
    address: str | None = None

    def enter(self, name: str, password: Secret, *, unlocking: bool) -> Account:
        """Do what `Door.enter` does."""
        return self.door.enter(name, password, self.address, unlocking=unlocking)
