"""The page of reviews is true: its commands are run, its figures are counted again, and a wrong one is found."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("matplotlib")

from benchmarks.replaying import review
from engine.decision import Stamp, to_json
from tests.adapters.records.logs import as_lines, line
from tests.adapters.running import run
from tests.docs.pages import Reader
from tests.engine.shipped import ROOT, bundle, policy
from tests.oracles.snapshots import generate

MONDAY = 1_000
OWNERS = ("ann", "bob")


def desk(folder: Path) -> None:
    """What the page says that a desk has: the keys of two owners, a trust of both, and decisions on record."""
    trust = (ROOT / "examples" / "trust.yaml").read_text("utf-8")
    for owner in OWNERS:
        key = folder / f"{owner}.pem"
        assert run("key", "new", key).exit_code == 0
        public = re.search(r"ed25519:\S+", run("key", "show", key).stdout)
        assert public is not None
        trust = re.sub(rf"{owner}: ed25519:\S+", f"{owner}: {public[0]}", trust)
    (folder / "trust.yaml").write_text(trust, encoding="utf-8")
    (folder / "monday.jsonl").write_bytes(monday())


def monday() -> bytes:
    """Made-up snapshots asked of entry, as a service writes them down."""
    asked, told = policy("entry"), []
    for number, snapshot in enumerate(generate(MONDAY, seed=1)):
        inputs = {name: value for name, value in snapshot.items() if name in bundle().types.facts}
        stamp = Stamp(f"d-{number}", datetime(2026, 2, 2, 12, number // 60, number % 60, tzinfo=UTC))
        decision = json.loads(to_json(asked.decide_json(json.dumps(inputs), stamp)))
        told.append(line(decision=decision, inputs=inputs, request_id=f"r-{number}"))
    return as_lines(told)


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    desk(tmp_path)
    reader = Reader(ROOT, tmp_path)
    reader.read(review.PAGE)
    assert reader.followed
    assert "<svg" in (tmp_path / "monday.html").read_text("utf-8")


def test_every_figure_of_the_page_is_counted_again(shared_data: Path) -> None:
    if not (shared_data / "replay_mit").is_dir():
        pytest.skip(f"no recorded trades in {shared_data}: set BASCULE_DATA to the folder that holds `replay_mit`")
    made = review.made(review.DECISIONS, shared_data)
    assert made.faults == []
    faults, _ = review.checked(made, review.PAGE)
    assert faults == [], "run `make review`"
