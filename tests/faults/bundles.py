"""Two bundles that differ in several documents at once, requests, and what each bundle answers to each of them.

Under the second bundle the policies that are asked have another version, fewer entries pass, and what passes gets half
the capital: a decision that mixes the two cannot have the digest, the version, the outcome and the outputs of one.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

from adapters import bootstrap
from adapters.publishing.candidates import Candidate
from engine.decision import Stamp
from engine.policy import Machine
from rules.canonical import digest_of, read_bytes

SHIPPED = Path(__file__).resolve().parents[2] / "policies"
UNIVERSE = ("BTC/USDT", "ETH/USDT")
OTHERS = ("ETH/USDT", "SOL/USDT")
"""A universe without the symbol that is asked for."""
EDITS: Mapping[str, tuple[str, str]] = {
    "entry.yaml": (
        "min_confidence:       {type: Unit, default: 0.7",
        "min_confidence:       {type: Unit, default: 0.9",
    ),
    "allocation.yaml": (
        "share_of_available: {type: Unit, default: 0.20",
        "share_of_available: {type: Unit, default: 0.10",
    ),
}
_NO_SUITES = (', "suites/*.yaml"', "")
MOMENT = datetime(2026, 2, 3, 12, tzinfo=UTC)
_VERSION = re.compile(r"^(metadata: \{name: [a-z0-9-]+, version: )1\.0\.0", re.MULTILINE)


_PORTFOLIO = {
    "equity": 100000.0,
    "available_capital": 5000.0,
    "positions": [],
    "pending": [],
    "last_trade_at": None,
    "last_trade_at_by_symbol": {},
}
_HELD = {
    "id": "held",
    "quantity": 0.5,
    "symbol": "BTC/USDT",
    "side": "LONG",
    "exposure": 100.0,
    "leverage": 10.0,
    "confidence": 0.8,
    "regime": "CHOP",
    "adds": 0,
}
_INTENT = {
    "symbol": "BTC/USDT",
    "side": "LONG",
    "confidence": 0.95,
    "regime": "TREND_STRONG",
    "price": 100000.0,
    "leverage": 10.0,
    "risk_score": 1.0,
    "score": 73.0,
}
_ORDER: Mapping[str, Any] = {
    "intent": _INTENT,
    "signal": {"symbol": "BTC/USDT", "final_action": "BUY", "score": 0.65, "risk_reward_ratio": 1.3},
    "market": {"trend_strength": 0.8, "atr_pct": 1.5, "momentum_consistency": 0.7},
    "freeze": {},
    "health": {"healthy": True},
    "risk": {"drawdown_pct": 0.0, "losing_streak": 0},
    "multipliers": {},
    "exploration": {"limit": 1250.0, "used": 0.0, "forced_limit": 2, "forced_used": 0},
    "portfolio": _PORTFOLIO,
}
_ENTRY = {"intent": {**_INTENT, "confidence": 0.8}, "portfolio": _PORTFOLIO}
_CLOSE = {
    **_ORDER,
    "signal": {"symbol": "BTC/USDT", "final_action": "CLOSE"},
    "portfolio": {**_PORTFOLIO, "positions": [_HELD]},
}


@dataclass(frozen=True)
class Request:
    """What is asked, under a name."""

    name: str
    policy: str
    inputs: Mapping[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps({"inputs": self.inputs}).encode()

    @property
    def told(self) -> dict[str, Any]:
        """As one of several."""
        return {"policy": self.policy, "inputs": self.inputs}


REQUESTS: Mapping[str, Request] = {
    one.name: one
    for one in (
        Request("entry", "entry", _ENTRY),
        Request("open", "open-position", _ORDER),
        Request("exit", "open-position", _CLOSE),
        Request("blocked", "entry", {**_ENTRY, "intent": {**_INTENT, "confidence": 0.5}}),
        Request("info", "freeze-limits", {"freeze": {}}),
    )
}
EXIT = "exit"
LISTED = "open"
"""The request whose answer depends on the universe."""
SYMBOL = "BTC/USDT"


@dataclass(frozen=True)
class Answered:
    """What a decision says that depends on the bundle and the universe alone."""

    version: str
    outcome: str
    effect: str
    rule: str | None
    reason: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Bundle:
    """What is published, and what it answers to each request: as listed, and where the symbol is not."""

    candidate: Candidate
    answers: Mapping[str, tuple[Answered, ...]]

    @property
    def digest(self) -> str:
        return self.candidate.digest


@cache
def first() -> Bundle:
    """The shipped policies."""
    return _bundle({}, "1.0.0")


@cache
def second() -> Bundle:
    """Those that let less pass."""
    return _bundle(EDITS, "2.0.0")


def faulty() -> Candidate:
    """A bundle in canonical form that does not check: a field is misspelt."""
    found = first().candidate
    documents = dict(found.documents.documents)
    documents["entry"] = documents["entry"].replace("intent.confidence <", "intent.confidance <")
    assert documents != found.documents.documents
    content = rfc8785.dumps({"name": "desk", "version": "1.0.0", "documents": documents})
    return Candidate(digest_of(content), "desk 1.0.0", content, read_bytes(content))


def _bundle(edits: Mapping[str, tuple[str, str]], version: str) -> Bundle:
    with tempfile.TemporaryDirectory(prefix="bascule-test-") as folder:
        machine = bootstrap.open_machine(_written(Path(folder) / "policies", edits, version), bootstrap.NO_ENVIRONMENT)
    content = machine.bundle.content
    candidate = Candidate(machine.bundle.digest, f"desk {version}", content, read_bytes(content))
    answers = {
        r.name: tuple(_answered(machine, r, symbols) for symbols in (UNIVERSE, OTHERS)) for r in REQUESTS.values()
    }
    return Bundle(candidate, answers)


def _written(to: Path, edits: Mapping[str, tuple[str, str]], version: str) -> Path:
    """The shipped policies, edited."""
    shutil.copytree(SHIPPED, to, ignore=shutil.ignore_patterns("history", "suites"))
    for name in ("bundle", *{request.policy for request in REQUESTS.values()}):
        path = to / f"{name}.yaml"
        path.write_text(_VERSION.sub(rf"\g<1>{version}", path.read_text("utf-8")), encoding="utf-8")
    for name, (before, after) in {"bundle.yaml": _NO_SUITES, **edits}.items():
        text = (to / name).read_text("utf-8")
        assert text.count(before) == 1, f"{name} no longer says {before!r}"
        (to / name).write_text(text.replace(before, after), encoding="utf-8")
    return to


def _answered(machine: Machine, request: Request, symbols: tuple[str, ...]) -> Answered:
    policy = machine.policies[request.policy]
    said = {**request.inputs, "now": MOMENT.isoformat(), "universe": {"symbols": symbols}}
    made = policy.decide(policy.read(json.dumps(said).encode()), Stamp("", MOMENT))
    return Answered(made.version, made.outcome, made.effect, made.rule, made.reason, made.outputs)
