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
    write, full = os.writev, True

    def short(descriptor: int, data: list[memoryview]) -> int:
        nonlocal written
        if full and written:
            count, written = write(descriptor, [data[0][:written]]), 0
            return count
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    async def work() -> None:
        nonlocal full
        log = DecisionLog(tmp_path, sync=False)
        log.retry_s = 0.01
        monkeypatch.setattr("adapters.service.decision_log.os.writev", short)
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
        folder.write_bytes(b"in the way")
        log = DecisionLog(folder, sync=True)
        log.retry_s = 0.01
        offer(log, 0)
        await refused(log, "FileExistsError")
        offer(log, 1)
        folder.unlink()
        await log.durable()
        assert [one["request_id"] for one in lines(folder)] == ["r-0", "r-1"]
        await log.aclose()

    run(work())


def test_a_log_that_could_not_be_brought_to_the_disk_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure the system may say that all is well of what it has lost; nobody is told so before it is true."""
    series = [number / 7 for number in range(1000)]
    long = json.dumps({"returns": series}).encode()
    synced, failing = os.fdatasync, 0

    def sync(descriptor: int) -> None:
        nonlocal failing
        if failing:
            failing -= 1
            raise OSError(errno.EIO, "Input/output error")
        synced(descriptor)

    async def work() -> None:
        nonlocal failing
        log = DecisionLog(tmp_path, sync=True)
        log.retry_s = 0.01
        monkeypatch.setattr("adapters.service.decision_log.os.fdatasync", sync)
        offer(log, 0, long)
        await log.durable()
        failing = 2
        offer(log, 1, long)
        offer(log, 2)
        await refused(log, "Input/output error")
        offer(log, 3)
        await log.durable()
        assert failing == 0
        await log.aclose()

    run(work())
    first, *_, last = sorted(tmp_path.glob("*.jsonl"))
    assert first != last
    found = [json.loads(line) for line in last.read_bytes().splitlines()]
    assert [one["values"] for one in found if "series" in one] == [series]
    assert [one["request_id"] for one in found if "decision" in one] == ["r-1", "r-2", "r-3"]


def test_an_allow_waits_for_the_disk_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only for the file: it is said to be durable after its bytes were synchronised, and its folder with it."""
    synced: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "adapters.service.decision_log.os.fdatasync", lambda fd: synced.append(("file", os.fstat(fd).st_size))
    )
    monkeypatch.setattr("adapters.service.decision_log.os.fsync", lambda fd: synced.append(("folder", 0)))

    async def work() -> None:
        log = DecisionLog(tmp_path, sync=True)
        for number in range(3):
            offer(log, number)
            await log.durable()
            (file,) = tmp_path.glob("*.jsonl")
            assert synced[-1] == ("file", file.stat().st_size)
        assert synced[0] == ("folder", 0)
        await log.aclose()

    run(work())


def test_a_record_is_whole_in_one_file_although_the_disk_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file has reached the size at which another is begun."""
    write, full = os.writev, True

    def short(descriptor: int, data: list[memoryview]) -> int:
        if full and os.fstat(descriptor).st_size > 150:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, [data[0][:100]] if full else data)

    async def work() -> None:
        nonlocal full
        log = DecisionLog(tmp_path, sync=False, rotate=120)
        log.retry_s = 0.01
        monkeypatch.setattr("adapters.service.decision_log.os.writev", short)
        for number in range(4):
            offer(log, number)
        await refused(log, "No space left")
        full = False
        offer(log, 4)
        await log.durable()
        offer(log, 5)
        await log.aclose()

    run(work())
    assert len(list(tmp_path.glob("*.jsonl"))) > 1
    assert [one["request_id"] for one in lines(tmp_path)] == [f"r-{number}" for number in range(6)]


def test_what_is_lost_at_the_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = 0

    def write(descriptor: int, data: list[memoryview]) -> int:
        nonlocal attempts
        attempts += 1
        raise OSError(errno.ENOSPC, "No space left on device")

    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False)
        log.retry_s = 3600.0
        monkeypatch.setattr("adapters.service.decision_log.os.writev", write)
        offer(log, 0)
        await refused(log, "No space left")
        offer(log, 1)
        before, lost = attempts, log.backlog
        await log.aclose()
        assert attempts == before + 1, "one last attempt"
        assert f"{lost} bytes of decisions are not in the log and are lost: OSError" in caplog.text
        assert caplog.text.count("the decision log cannot be written") == 1

    run(work())


def test_a_last_attempt_may_succeed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(descriptor: int, data: list[memoryview]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False)
        log.retry_s = 3600.0
        with monkeypatch.context() as patched:
            patched.setattr("adapters.service.decision_log.os.writev", refusing)
            offer(log, 0)
            await refused(log, "No space left")
        offer(log, 1)
        await log.aclose()
        assert [one["request_id"] for one in lines(tmp_path)] == ["r-0", "r-1"]

    run(work())


def test_a_log_that_fills_up_says_so_once_and_when_it_is_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")

    async def work() -> None:
        log = DecisionLog(tmp_path, sync=False, limit=2_000)
        for number in range(30):
            offer(log, number)
        assert caplog.text.count("bytes wait for the decision log") == 1
        await log.durable()
        assert caplog.text.count("the decision log is written again") == 1
        await log.aclose()

    run(work())
