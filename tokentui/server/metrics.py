"""What Prometheus is told."""

from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from tokentui.core.verifier import Health
from tokentui.server.response import Response, text


class Metrics:
    """Counts answers, and tells them with the health of the verifier and of the process."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health
        self._answers: Counter[str] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def count(self, result: str) -> None:
        """Count a response. It is the event loop alone that does."""
        self._answers[result] += 1

    def response(self) -> Response:
        """Return all figures in the text format of Prometheus."""
        return text(HTTPStatus.OK, CONTENT_TYPE_LATEST.encode(), generate_latest(self._registry))

    def collect(self) -> Iterator[Metric]:
        """Yield the answers and what the verifier says of itself, as a collector of Prometheus."""
        about = "Verified requests by result: allowed, or the reason of the refusal."
        answers = CounterMetricFamily("tokentui_answers", about, labels=["result"])
        for result, count in self._answers.copy().items():
            answers.add_metric([result], count)
        yield answers
        health = self._health()
        for name, about, value in (
            ("serving", "1 if secrets can be verified, else 0.", float(health.serving)),
            ("problems", "Number of problems that need an administrator.", len(health.problems)),
            ("tokens", "Number of tokens in memory, including revoked tokens.", health.tokens),
            (
                "store_age_seconds",
                "Age of the copy of the store.",
                health.age,
            ),
        ):
            yield GaugeMetricFamily(f"tokentui_{name}", about, value)
