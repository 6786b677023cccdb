"""Of many faults the first, for whoever does not ask for all: what is looked for ends with them."""

from __future__ import annotations

import json

import pytest

from engine.faults import InputsRefused
from engine.inspection import Inspection
from tests.engine.snapshots import snapshot
from tests.engine.test_decoding import DECODER


def test_who_asks_for_so_many_faults_gets_the_first_and_no_more_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    note = Inspection._fault

    def noted(inspection: Inspection, at: str, *told: str) -> object:
        found.append(at)
        return note(inspection, at, *told)

    monkeypatch.setattr(Inspection, "_fault", noted)
    said = json.dumps({**snapshot(), **{f"x{i}": i for i in range(1000)}})
    every = DECODER.validate(said)
    for most, cut in ((1, True), (7, True), (999, True), (1000, False), (1001, False)):
        found.clear()
        with pytest.raises(InputsRefused) as refused:
            DECODER.decode(said, most)
        assert list(refused.value.faults) == every[:most]
        assert refused.value.cut is cut
        assert len(found) == min(most + 1, 1000)
