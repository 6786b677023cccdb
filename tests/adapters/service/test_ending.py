"""A service that is asked to end, as a process: what is under way is answered, and what was answered is in the log."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.service.auth import hashed
from adapters.service.openapi import EXAMPLE
from tests.adapters.running import ROOT, run
from tests.adapters.service.running import PATIENCE, InOnePiece
from tests.adapters.service.test_decision_log import lines
from tests.adapters.service.test_whole import FILES, NARROW, port_of

CALLERS, MOST = 3, 20_000
ROLES = {"desk": ["decide"], "ci": ["publish"]}


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service with a policy in force and a log, and its port."""
    store, tokens = folder / "desk", folder / "tokens.yaml"
    published = run("publish", EXAMPLE, "--store", store, "--unsigned", "--universe", "BTCUSDT", "--note", "why")
    assert published.exit_code == 0, published.output
    entries = [{"name": name, "hash": hashed(name), "roles": roles} for name, roles in ROLES.items()]
    tokens.write_text(json.dumps({"tokens": entries}))
    said = {"--store": store, "--tokens": tokens, "--decision-log": folder / "log", "--state": folder / "state",
            "--port": 0, "--max-age": 5}  # fmt: skip
    told = [str(one) for pair in said.items() for one in pair]
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", "serve", "--unsigned", *told, *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        yield process, port_of(process.stderr)
    finally:
        process.terminate()
        print(process.communicate(timeout=PATIENCE)[1])  # shown where the test fails


def ask(connection: http.client.HTTPConnection, who: str, path: str, body: object) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {who}", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@dataclass
class Caller:
    """Asks for one decision after another, until nobody answers."""

    port: int
    opens: threading.Event = field(default_factory=threading.Event)
    """Set once there was an allow."""
    answered: list[str] = field(default_factory=list)

    def work(self) -> None:
        connection = InOnePiece("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            for _ in range(MOST):
                status, told = ask(connection, "desk", "/v1/decide/gate", NARROW)
                assert status == 200, told
                self.answered.append(told["decision_id"])
                if told["effect"] == "allow":
                    self.opens.set()
        except (ConnectionError, http.client.HTTPException):
            return  # it has ended
        finally:
            connection.close()


def check(port: int) -> tuple[int, Any]:
    """Documents are checked, which takes a process and its time; one request at a time."""
    connection = InOnePiece("127.0.0.1", port, timeout=PATIENCE)
    try:
        return ask(connection, "ci", "/v1/policies:check", {"files": FILES, "note": "why"})
    finally:
        connection.close()


def under_way(port: int, pool: ThreadPoolExecutor) -> Future[tuple[int, Any]]:
    """A check that is being made: another that was asked for is refused because of it."""
    while True:
        asked = [pool.submit(check, port) for _ in range(2)]
        first = next(iter(wait(asked, PATIENCE, FIRST_COMPLETED).done))
        (other,) = (one for one in asked if one is not first)
        if first.result()[0] == 503:
            return other


def all_is_logged(folder: Path, callers: list[Caller]) -> bool:
    logged = Counter(one["decision"]["decision_id"] for one in lines(folder))
    answered = {one for caller in callers for one in caller.answered}
    assert len(answered) == sum(len(caller.answered) for caller in callers) > CALLERS
    assert not answered - logged.keys()
    return set(logged.values()) == {1}


@pytest.mark.parametrize("checks", [False, True], ids=["decisions", "and a check"])
@pytest.mark.parametrize("options", [(), ("--log-sync",)], ids=["log", "log-sync"])
def test_what_is_under_way_is_answered_and_what_was_answered_is_in_the_log(
    tmp_path: Path, options: tuple[str, ...], checks: bool
) -> None:
    """A check keeps the service from ending at once; without one it ends right after the last decisions."""
    with started(tmp_path, *options) as (process, port), ThreadPoolExecutor(CALLERS + 2) as pool:
        callers = [Caller(port) for _ in range(CALLERS)]
        working = [pool.submit(caller.work) for caller in callers]
        for caller in callers:
            assert caller.opens.wait(PATIENCE)
        checked = under_way(port, pool) if checks else None
        process.send_signal(signal.SIGTERM)
        if checked is not None:
            status, told = checked.result(PATIENCE)
            assert (status, told["ok"]) == (200, True)
        for work in working:
            work.result(PATIENCE)
        assert process.wait(PATIENCE) == 0
    assert all_is_logged(tmp_path / "log", callers)
