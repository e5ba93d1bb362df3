"""What a caller presents: the secret that the headers of a request hold."""

from collections.abc import Iterable
from typing import NamedTuple

from tokentui.core.credential import Secret
from tokentui.core.verdicts import MalformedSecret, NothingPresented


class Presented(NamedTuple):
    """A secret, and the account that the caller says it is of, if any."""

    secret: Secret
    account: str | None = None


def extract_credential(authorizations: Iterable[str], api_keys: Iterable[str]) -> Presented:
    """Return what the values of all `Authorization` and `X-API-Key` headers present.

    `Bearer SECRET` is RFC 6750, `cpanel USER:SECRET` is what cPanel's own API takes; any other
    scheme is not for us. Raises `NothingPresented`, and `MalformedSecret` for more than one
    secret: which of them counts must not depend on who reads the request.
    """
    found = [Presented(Secret(key.strip())) for key in api_keys]
    for value in authorizations:
        scheme, _, rest = value.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                found.append(Presented(Secret(rest.strip())))
            case "cpanel":
                account, _, text = rest.strip().partition(":")
                found.append(Presented(Secret(text), account))
    match found:
        case [one]:
            return one
        case []:
            raise NothingPresented("The request contains no secret.")
        case _:
            raise MalformedSecret("The request contains more than one secret.")
