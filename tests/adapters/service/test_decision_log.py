"""The decision log: nothing is dropped, nothing is out of order, and what cannot be written is told."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.service.decision_log import DecisionLog, without_series
from engine.published import Refusal


def run(work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work

    asyncio.run(bounded())


def lines(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("*.jsonl"), key=lambda path: path.name)
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def offer(log: DecisionLog, number: int, inputs: bytes = b'{"a": 1}') -> None:
    log.offer(b'{"request_id":"r-%d","caller":"ann"}' % number, b'{"effect":"block"}', inputs)


async def refused(log: DecisionLog, found: str) -> None:
    """Wait until the log refuses openings, and says why."""
    while (refusal := log.refusal) is None:
        await asyncio.sleep(0)
    assert found in refusal.found


def state(log: DecisionLog) -> tuple[Refusal | None, bool, int]:
    return log.refusal, log.is_full, log.backlog


@pytest.mark.parametrize("sync", [False, True])
def test_what_is_offered_is_written_in_order(tmp_path: Path, sync: bool) -> None:
    async def work() -> None:
        log = DecisionLog(tmp_path, sync=sync)
        for number in range(500):
            offer(log, number)
            if number % 50 == 0:
                await log.durable()
        await log.durable()
        found = lines(tmp_path)
        assert [one["request_id"] for one in found] == [f"r-{number}" for number in range(500)]
        assert found[0] == {
            "schema": "bascule/v1 decision-log",
            "request_id": "r-0",
            "caller": "ann",
            "decision": {"effect": "block"},
            "inputs": {"a": 1},
        }
        assert log.backlog == 0
        await log.aclose()

    run(work())


def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False)
        for number in range(20):
            offer(log, number)
        await log.aclose()
        assert len(lines(tmp_path)) == 20

    run(work())


def test_inputs_on_several_lines_are_one_line(tmp_path: Path) -> None:
    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False)
        offer(log, 1, b'{\r\n  "a": "x\\ny",\n "b": 2\n}')
        await log.aclose()
        assert lines(tmp_path)[0]["inputs"] == {"a": "x\ny", "b": 2}

    run(work())


def test_a_long_series_is_written_once_a_file(tmp_path: Path) -> None:
    returns = [number / 7 for number in range(400)]
    inputs = json.dumps({"intent": {"returns": returns}, "positions": [{"returns": returns}, {"returns": [1.0]}]})

    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False, rotate=20_000)
        for number in range(60):
            offer(log, number, inputs.encode())
            await log.durable()
        await log.aclose()

    run(work())
    files = sorted(tmp_path.glob("*.jsonl"))
    assert len(files) > 1
    for file in files:
        found = [json.loads(line) for line in file.read_bytes().splitlines()]
        series = {one["series"]: one["values"] for one in found if "series" in one}
        assert list(series.values()) == [returns]
        for one in found:
            if "decision" in one:
                (name,) = series
                assert one["inputs"] == {
                    "intent": {"returns": {"$series": name}},
                    "positions": [{"returns": {"$series": name}}, {"returns": [1.0]}],
                }
    assert sum(1 for one in lines(tmp_path) if "decision" in one) == 60


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60), min_size=32))
def test_a_series_is_held_exactly(values: list[float]) -> None:
    series, rest = without_series(json.dumps({"returns": values}).encode())
    ((name, held),) = series.items()
    assert repr(json.loads(held)) == repr(values)
    assert json.loads(rest) == {"returns": {"$series": name}}


def test_half_of_what_may_wait_refuses_openings_and_all_of_it_everything(tmp_path: Path) -> None:
    """While the disk does not answer."""

    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False, limit=10_000)
        while log.backlog <= 5_000:
            assert log.refusal is None
            offer(log, 1)
        assert log.refusal is not None
        assert log.refusal.cause == "log-full"
        while log.backlog <= 10_000:
            assert not log.is_full
            offer(log, 2)
        assert log.is_full
        await log.durable()
        assert state(log) == (None, False, 0)
        await log.aclose()

    run(work())


@pytest.mark.parametrize("written", [0, 7])
def test_a_disk_that_is_full_drops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    """A write that fails, even in the midst of a record, is taken up again where it stopped."""
    write, full = os.write, True

    def short(descriptor: int, data: bytes) -> int:
        nonlocal written
        if full and written:
            count, written = write(descriptor, data[:written]), 0
            return count
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    async def work() -> None:
        nonlocal full
        log = DecisionLog(tmp_path, sync=False)
        log.retry_s = 0.01
        monkeypatch.setattr("adapters.service.decision_log.os.write", short)
        offer(log, 0)
        await refused(log, "No space left")
        for number in range(1, 30):
            offer(log, number)
        waiting = asyncio.create_task(log.durable())
        await asyncio.sleep(0)
        assert not waiting.done()
        full = False
        await waiting
        assert state(log) == (None, False, 0)
        await log.aclose()
        assert [one["request_id"] for one in lines(tmp_path)] == [f"r-{number}" for number in range(30)]

    run(work())


def test_a_folder_that_cannot_be_written_to_drops_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        folder = tmp_path / "log"
        log = DecisionLog(folder, sync=True)
        log.retry_s = 0.01
        folder.rmdir()
        folder.write_bytes(b"in the way")
        offer(log, 0)
        await refused(log, "Not a directory")
        offer(log, 1)
        folder.unlink()
        folder.mkdir()
        await log.durable()
        assert [one["request_id"] for one in lines(folder)] == ["r-0", "r-1"]
        await log.aclose()

    run(work())
