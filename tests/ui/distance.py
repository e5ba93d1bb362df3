"""A service whose backend is far away."""

from tokentui.core.commands import TokenCommands

from ..doubles.slow import SlowBackend


def move_away(service: TokenCommands, delay: float = 0.0) -> SlowBackend:
    """Put the backend of a service at a distance of `delay` seconds a call; return that backend."""
    slow = SlowBackend(service.backend, delay)
    service.backend = service.queries.backend = slow
    service.queries.recorder, service.queries.rights._accounts = slow.audit, slow.accounts
    return slow
