"""Workers that end are started again, with what the service was told when it was started."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.service.auth import hashed
from tests.adapters.running import run
from tests.adapters.service.running import PATIENCE
from tests.faults.process import ServiceProcess

MANY = 1500
"""Tokens, of which the last is used: more than an environment holds."""


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    entries = [{"name": f"n{one}", "hash": hashed(f"token-{one}"), "roles": ["decide"]} for one in range(MANY)]
    path = tmp_path / "tokens.yaml"
    path.write_text(json.dumps({"tokens": entries}))
    return path


@pytest.fixture
def process(tmp_path: Path, tokens: Path) -> Iterator[ServiceProcess]:
    told = {"--store": tmp_path / "desk", "--tokens": tokens, "--state": tmp_path / "state"}
    found = ServiceProcess("--unsigned", *(str(one) for pair in told.items() for one in pair))
    found.start()
    try:
        yield found
    finally:
        found.end()


def status(process: ServiceProcess, token: str) -> int:
    """What a decision is answered with; a service whose worker is being started is waited for."""
    connection = http.client.HTTPConnection(urlsplit(process.address).netloc, timeout=PATIENCE)
    try:
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/decide/gate", b'{"inputs": {}}', head)
        return connection.getresponse().status
    finally:
        connection.close()


def kill(process: ServiceProcess) -> None:
    """End the worker, and wait until it is gone."""
    (worker,) = process.workers()
    ending = os.pidfd_open(worker)
    try:
        os.kill(worker, signal.SIGKILL)
        assert select.select([ending], [], [], PATIENCE)[0]
    finally:
        os.close(ending)


def test_a_file_of_tokens_that_is_broken_later_breaks_no_worker(process: ServiceProcess, tokens: Path) -> None:
    last = f"token-{MANY - 1}"
    assert status(process, last) == 200
    tokens.write_text("tokens: [")
    kill(process)
    assert (status(process, last), status(process, "another")) == (200, 401)


def test_a_file_of_tokens_that_is_broken_is_told_to_whoever_starts_the_service(tmp_path: Path, tokens: Path) -> None:
    tokens.write_text("tokens: [")
    done = run("serve", "--store", tmp_path / "desk", "--unsigned", "--tokens", tokens, "--state", tmp_path / "state")
    assert (done.exit_code, str(tokens) in done.stderr, "line 1" in done.stderr) == (2, True, True)
