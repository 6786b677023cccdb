"""What the service counts, and how `/metrics` tells it: each worker its own, and the sum over the others with it."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from adapters.service.messages import Counts
from engine.standing import Standing

BUCKETS_S = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Tally:
    """What one process has answered since it started."""

    def __init__(self) -> None:
        self.latencies = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0
        self.answers: Counter[int] = Counter()
        """By status."""

    def took(self, seconds: float, status: int) -> None:
        """Count an answer."""
        self.latencies[bisect_left(BUCKETS_S, seconds)] += 1
        self.seconds += seconds
        self.answers[status] += 1

    def counts(self, decisions: Counter[tuple[str, str, str, str]], backlog: int) -> Counts:
        """Everything, as one process tells another."""
        told = {json.dumps(key): count for key, count in decisions.items()}
        answers = {str(status): count for status, count in self.answers.items()}
        return Counts(told, list(self.latencies), self.seconds, answers, backlog)


def nothing_counted() -> Counts:
    """The counts of no process."""
    return Counts({}, [0] * (len(BUCKETS_S) + 1), 0.0, {}, 0)


def added(counts: Iterable[Counts]) -> Counts:
    """The sum of what several processes have counted."""
    decisions: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    latencies, seconds, backlog, errors = [0] * (len(BUCKETS_S) + 1), 0.0, 0, 0
    for one in counts:
        decisions.update(one.decisions)
        answers.update(one.answers)
        latencies = [a + b for a, b in zip(latencies, one.latencies, strict=True)]
        seconds += one.seconds
        backlog += one.log_backlog
        errors += one.store_errors
    return Counts(dict(decisions), latencies, seconds, dict(answers), backlog, errors)


class _Collected(Collector):
    def __init__(self, counts: Counts, standing: Standing, steady: int, ready: bool) -> None:
        self._counts, self._standing, self._steady = counts, standing, steady
        self._ready = ready

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        decisions = CounterMetricFamily(
            "bascule_decisions",
            "Decisions; in place of a rule why nothing opens.",
            labels=["policy", "outcome", "effect", "rule"],
        )
        for key, count in sorted(self._counts.decisions.items()):
            decisions.add_metric(json.loads(key), count)
        yield decisions
        answers = CounterMetricFamily("bascule_answers", "HTTP answers.", labels=["status"])
        for status, count in sorted(self._counts.answers.items()):
            answers.add_metric([status], count)
        yield answers
        total, buckets = 0, []
        for bound, count in zip([*map(str, BUCKETS_S), "+Inf"], self._counts.latencies, strict=True):
            total += count
            buckets.append((bound, float(total)))
        latency = HistogramMetricFamily("bascule_answer_seconds", "From a request's headers to its answer.")
        latency.add_metric([], buckets, self._counts.seconds)
        yield latency
        age = (self._steady - self._standing.read_at) / 1e9 if self._standing.read_at else float("nan")
        for name, told, value in (
            ("bascule_ready", "Whether openings are decided on.", float(self._ready)),
            ("bascule_policy_revision", "The revision in force.", float(self._standing.revision)),
            ("bascule_policy_age_seconds", "Age of the last good read of the store.", age),
            ("bascule_log_backlog_bytes", "Decisions not yet written.", float(self._counts.log_backlog)),
        ):
            yield GaugeMetricFamily(name, told, value)
        yield CounterMetricFamily("bascule_store_errors", "Reads of the store that failed.", self._counts.store_errors)


def exposition(counts: Counts, standing: Standing, steady: int, *, ready: bool) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(counts, standing, steady, ready))
    return generate_latest(registry)
