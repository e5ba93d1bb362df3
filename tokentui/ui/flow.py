"""Flows: workers of a screen that lead to another screen."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from textual import work
from textual.dom import DOMNode
from textual.worker import Worker

P = ParamSpec("P")
Node = TypeVar("Node", bound=DOMNode)

_FLOW = "flow"


def flow(
    method: Callable[Concatenate[Node, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[Node, P], None]:
    """Make `method` a worker that is under way at most once on its screen (single-flight).

    A second key or click that comes before the other screen is there begins nothing more. What is
    typed ahead waits for flows, and for no other worker: what stays on its screen has another
    group, and is no flow.
    """
    start = work(group=_FLOW)(method)

    @wraps(method)
    def begin(node: Node, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if not any(is_flow(worker, node) for worker in node.workers):
            start(node, *args, **kwargs)

    return begin


def is_flow(worker: Worker[Any], node: DOMNode) -> bool:
    """Whether a worker is a flow of `node` that is under way."""
    return worker.node is node and worker.group == _FLOW and not worker.is_finished


def start_worker(
    node: DOMNode,
    make: Callable[[], Coroutine[Any, Any, None]],
    *,
    group: str,
    exclusive: bool = False,
) -> None:
    """Run what `make` makes as a worker of `node`.

    The worker makes it: one that is cancelled before it begins leaves no coroutine unawaited.
    """
    node.run_worker(make, group=group, exclusive=exclusive)  # type: ignore[arg-type]  # R is None
