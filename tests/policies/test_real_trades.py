"""Every recorded trade asked of the gate: both readers and the oracle agree, and `docs/policies.md` has the tally."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.doc_files import REPLAY, replay_of
from tests.policies.replay import BOOKS, Replay, replayed, section

TRADES = 3_593


@pytest.fixture(scope="module")
def replays(shared_data: Path) -> dict[str, Replay]:
    """The replay against each book."""
    for folder in ("replay_mit", "hourly_mit"):
        if not (shared_data / folder).is_dir():
            pytest.skip(f"no recorded trades in {shared_data / folder}: set BASCULE_DATA to the folder that holds it")
    return {name: replayed(shared_data, opens) for name, opens in BOOKS.items()}


@pytest.mark.parametrize("book", BOOKS)
def test_both_readers_and_the_oracle_agree_on_every_trade(book: str, replays: dict[str, Replay]) -> None:
    replay = replays[book]
    assert replay.differences == ()
    assert replay.tally.total() == TRADES
    assert len(replay.files) == 4


def test_the_gate_has_much_to_say(replays: dict[str, Replay]) -> None:
    """Trades end at every step that can refuse an opening, and some are let through."""
    ended = {rule for replay in replays.values() for _, rule in replay.tally}
    assert ended == {"universe", "freeze", "governor", "entry", "allocation", "quality", "budget", "otherwise"}


def test_the_page_tells_the_tally(replays: dict[str, Replay], repository: Path) -> None:
    page = (repository / "docs" / "policies.md").read_text("utf-8")
    assert replay_of(page) == section(replays), f"run `{REPLAY}`"
