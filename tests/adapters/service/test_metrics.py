"""What `/metrics` tells: read over HTTP as Prometheus reads it, after decisions that are known."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.service.counting import BUCKETS_S, added, nothing_counted
from adapters.service.decision_log import NoLog
from adapters.service.in_force import Clocks
from adapters.service.messages import Counts
from engine.policy import Machine
from engine.published import Refusal
from tests.adapters.service.desk import example
from tests.adapters.service.running import EACH_ROLE, REVISION, Served, served
from tests.adapters.service.snapshots import BLOCKS, OPENS, with_said

Labels: TypeAlias = frozenset[tuple[str, str]]
Samples: TypeAlias = Mapping[str, Mapping[Labels, float]]
ALLOW = {"policy": "entry", "outcome": "ALLOW_NEW_ENTRY", "effect": "allow", "rule": "otherwise"}
BLOCK = {"policy": "entry", "outcome": "BLOCK_LOW_CONFIDENCE", "effect": "block", "rule": "confidence"}
EXIT = {"policy": "open-position", "outcome": "EXIT", "effect": "allow", "rule": "exit"}
NONE = {"policy": "fixed-rule-of-exits", "outcome": "BLOCKED_NO_POLICY", "effect": "block", "rule": "starting"}
REFUSED = {"policy": "entry", "outcome": "INPUTS_REFUSED", "effect": "block", "rule": ""}


def labels(told: Mapping[str, str]) -> Labels:
    return frozenset(told.items())


def read(service: Served) -> Samples:
    """The samples by name and labels."""
    found = service.ask("GET", "/metrics")
    assert (found.status, found.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(found.body.decode()):
        assert family.documentation
        for one in family.samples:
            assert labels(one.labels) not in samples.setdefault(one.name, {}), "said once"
            samples[one.name][labels(one.labels)] = one.value
    return samples


def only(samples: Samples, name: str) -> float:
    ((told, value),) = samples[name].items()
    assert told == frozenset()
    return value


def counted(samples: Samples) -> dict[Labels, float]:
    return dict(samples["bascule_decisions_total"])


def ask_for_some(service: Served) -> None:
    """Three allows, two blocks, an exit, and faults, each on its own; then an allow and a fault together."""
    for inputs in (OPENS, OPENS, BLOCKS, BLOCKS):
        assert service.decide(inputs).status == 200
    assert service.decide(json.loads(example("close")), "open-position").json["outcome"] == "EXIT"
    faulty = with_said("intent.confidence", "much")
    assert service.decide(faulty).status == 422
    assert service.decide(OPENS, "nothing").status == 404
    several = {"requests": [{"policy": "entry", "inputs": inputs} for inputs in (OPENS, faulty)]}
    assert service.ask("POST", "/v1/decide", several).status == 200


def test_decisions_and_refused_inputs_are_counted(shipped: Machine, tmp_path: Path) -> None:
    with served(shipped, tmp_path) as service:
        ask_for_some(service)
        samples = read(service)
    assert counted(samples) == {labels(ALLOW): 3, labels(BLOCK): 2, labels(EXIT): 1, labels(REFUSED): 2}
    answers = {labels({"status": status}): count for status, count in (("200", 6), ("404", 1), ("422", 1))}
    assert samples["bascule_answers_total"] == answers


def test_each_answer_has_its_time(shipped: Machine, tmp_path: Path) -> None:
    with served(shipped, tmp_path) as service:
        ask_for_some(service)
        samples = read(service)
    buckets = {dict(told)["le"]: count for told, count in samples["bascule_answer_seconds_bucket"].items()}
    assert [*map(float, buckets)] == [*BUCKETS_S, math.inf]
    assert list(buckets.values()) == sorted(buckets.values()), "each holds the shorter ones"
    assert buckets["+Inf"] == only(samples, "bascule_answer_seconds_count") == 8
    assert 0 < only(samples, "bascule_answer_seconds_sum") < 8 * 30


def test_simulating_is_no_decision(shipped: Machine, tmp_path: Path) -> None:
    with served(shipped, tmp_path, tokens=EACH_ROLE) as service:
        inputs = {**OPENS, "now": "2026-02-03T12:00:00Z"}
        assert service.as_("simulate").ask("POST", "/v1/simulate/entry", {"inputs": inputs}).effect == "allow"
        samples = read(service.as_("read"))
    assert samples.get("bascule_decisions_total", {}) == {}
    assert only(samples, "bascule_answer_seconds_count") == 1


def test_what_is_in_force_is_told(shipped: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NoLog, "backlog", 4321)
    with served(shipped, tmp_path) as service:
        deciding, standing = service.service.deciding, service.in_force.current.standing
        deciding.clocks = Clocks(lambda: standing.read_at + 2_500_000_000, deciding.clocks.now)
        samples = read(service)
        assert only(samples, "bascule_ready") == 1
        assert only(samples, "bascule_policy_revision") == REVISION
        assert only(samples, "bascule_policy_age_seconds") == 2.5
        assert only(samples, "bascule_log_backlog_bytes") == 4321
        service.in_force.refuse(Refusal("halted", "h-1"))
        assert only(read(service), "bascule_ready") == 0


def test_without_a_policy_it_says_so(tmp_path: Path) -> None:
    with served(None, tmp_path) as service:
        assert service.decide(OPENS).effect == "block"
        samples = read(service)
    assert counted(samples) == {labels(NONE): 1}
    assert (only(samples, "bascule_ready"), only(samples, "bascule_policy_revision")) == (0, 0)
    assert math.isnan(only(samples, "bascule_policy_age_seconds"))


def counts(decisions: Mapping[str, int], **more: int) -> Counts:
    """Of another worker: answers that took half a millisecond each."""
    total = sum(decisions.values())
    latencies = [total if bound == 0.0005 else 0 for bound in (*BUCKETS_S, math.inf)]
    return Counts(dict(decisions), latencies, total * 0.0005, {"200": total}, **more)


def key(told: Mapping[str, str]) -> str:
    return json.dumps([told[name] for name in ("policy", "outcome", "effect", "rule")])


OTHERS = (
    counts({key(ALLOW): 10, key(NONE): 4}, log_backlog=100),
    counts({key(ALLOW): 5, key(BLOCK): 1}, log_backlog=20, store_errors=3),
)


def test_what_several_have_counted_is_added() -> None:
    found = added(OTHERS)
    assert found.decisions == {key(ALLOW): 15, key(NONE): 4, key(BLOCK): 1}
    assert (sum(found.latencies), found.answers) == (20, {"200": 20})
    assert found.seconds == pytest.approx(0.01)
    assert (found.log_backlog, found.store_errors) == (120, 3)
    assert added([found, nothing_counted()]) == found
    assert added([]) == nothing_counted()


def test_the_counts_of_the_other_workers_are_told_with_ours(shipped: Machine, tmp_path: Path) -> None:
    with served(shipped, tmp_path) as service:
        ask_for_some(service)
        service.service.others = added(OTHERS)
        samples = read(service)
    ours = Counter({labels(ALLOW): 3, labels(BLOCK): 2, labels(EXIT): 1, labels(REFUSED): 2})
    assert counted(samples) == ours + Counter({labels(ALLOW): 15, labels(BLOCK): 1, labels(NONE): 4})
    assert samples["bascule_answers_total"][labels({"status": "200"})] == 6 + 20
    assert only(samples, "bascule_answer_seconds_count") == 8 + 20
    assert samples["bascule_answer_seconds_bucket"][labels({"le": "0.0005"})] >= 20
    assert only(samples, "bascule_log_backlog_bytes") == 120
    assert only(samples, "bascule_store_errors_total") == 3
