"""`bascule decide` and `explain` with the name of an invariant, and what `check` tells of invariants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adapters.running import CHEAP, DEAR, run

INVARIANT = """\
apiVersion: bascule/v1
kind: Invariant
metadata: {name: prices, version: 1.0.0, title: No price is paid above the dearest, owner: tests}
spec:
  forAll: {now: timestamp, price: Price}
  decisions: {gate: {policy: gate}}
  vary: [gate.dearest]
  given: [gate.effect == "allow"]
  holds: [{id: cheap, that: price <= 4.0, reason: 'price={price:.2f}'}]
"""


@pytest.fixture
def claiming(bundle: Path) -> Path:
    (bundle / "prices.yaml").write_text(INVARIANT, "utf-8")
    return bundle


@pytest.mark.parametrize(
    ("inputs", "outcome", "exit_code"),
    [
        (CHEAP, "REFUTED", 1),
        (CHEAP.replace(b"5.0", b"3.5"), "HOLDS", 0),
        (DEAR, "NOT_GIVEN", 0),
        (CHEAP.replace(b"5.0", b'"dear"'), "REFUTED", 2),
    ],
)
def test_decide_says_whether_it_holds(inputs: bytes, outcome: str, exit_code: int, claiming: Path) -> None:
    asked = ("decide", "prices", "--policies", claiming, "--exit-code")
    done = run(*asked, "--json", stdin=inputs)
    assert (json.loads(done.stdout)["outcome"], done.exit_code) == (outcome, exit_code)
    assert outcome in run(*asked, stdin=inputs).stdout


def test_every_line_is_decided(claiming: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(CHEAP + b"\n" + DEAR + b"\n")
    done = run("decide", "prices", "--policies", claiming, "--inputs", tmp_path / "x.jsonl")
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["REFUTED", "NOT_GIVEN"]


def test_explain_shows_its_conditions(claiming: Path) -> None:
    told = run("explain", "prices", "--policies", claiming, stdin=CHEAP).stdout
    assert "prices 1.0.0: No price is paid above the dearest" in told
    assert "price=5.00" in told
    assert '!(gate.effect == "allow")' in told
    assert "!(price <= 4.0) → REFUTED" in told


def test_overrides_hold_for_the_policies_it_asks(claiming: Path) -> None:
    done = run("decide", "prices", "--policies", claiming, "--json", stdin=CHEAP, env={"GATE_DEAREST": "4.0"})
    found = json.loads(done.stdout)
    assert (found["outcome"], found["parameters"]) == ("NOT_GIVEN", {"gate.dearest": 4.0})


def test_it_is_no_policy(claiming: Path) -> None:
    """Neither what has no such policy nor what lists policies knows it."""
    assert run("decide", "price", "--policies", claiming, stdin=CHEAP).exit_code == 2
    (claiming / "prices.yaml").write_text(INVARIANT.replace("price <= 4.0", "prise <= 4.0"), "utf-8")
    assert run("decide", "gate", "--policies", claiming, stdin=CHEAP).exit_code == 0
    assert run("decide", "prices", "--policies", claiming, stdin=CHEAP).exit_code == 2


def test_check_counts_them(bundle: Path) -> None:
    told = json.loads(run("check", bundle, "--json").stdout)
    assert (told["policies"], told["invariants"]) == (["gate"], [])
    assert "invariant" not in run("check", bundle).stdout
    (bundle / "prices.yaml").write_text(INVARIANT, "utf-8")
    with_it = json.loads(run("check", bundle, "--json").stdout)
    assert (with_it["policies"], with_it["invariants"], with_it["digest"]) == (["gate"], ["prices"], told["digest"])
    assert "1 suite, 1 invariant, digest" in run("check", bundle).stdout
