"""Comparing over HTTP, at the service as it is started: workers that go on writing have one log."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("pyarrow")

from adapters.service.auth import hashed
from tests.adapters.service.admin_desk import DIFF, Files
from tests.adapters.service.running import PATIENCE, Reply
from tests.faults.process import ServiceProcess


def asked_of(process: ServiceProcess, who: str, path: str, body: object) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(process.address).netloc, timeout=PATIENCE)
    try:
        head = {"Authorization": f"Bearer {who}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body).encode(), head)
        response = connection.getresponse()
        return Reply(response.status, dict(response.headers), response.read())
    finally:
        connection.close()


def test_two_workers_have_one_log(tmp_path: Path, files: Files) -> None:
    """What either has decided is decided again."""
    log = tmp_path / "log"
    roles = {"desk": ["decide"], "ci": ["publish"]}
    entries = [{"name": name, "hash": hashed(name), "roles": given} for name, given in roles.items()]
    (tmp_path / "tokens.yaml").write_text(json.dumps({"tokens": entries}))
    told = {"--store": "desk", "--tokens": "tokens.yaml", "--state": "state", "--decision-log": "log"}
    options = [str(one) for name, value in told.items() for one in (name, tmp_path / value)]
    process = ServiceProcess("--unsigned", "--workers", "2", *options)
    process.start()
    try:
        sent, patience = 0, 2000
        while len(list(log.glob("*.jsonl"))) < 2:
            assert asked_of(process, "desk", "/v1/decide/gate", {"inputs": {"price": 5.0}}).status == 200
            sent, patience = sent + 1, patience - 1
            assert patience
        until = time.monotonic() + PATIENCE
        while sum(path.read_bytes().count(b"\n") for path in log.iterdir()) < sent:  # an answer does not wait for it
            assert time.monotonic() < until
        found = asked_of(process, "ci", DIFF, {"files": files})
    finally:
        process.end()
    assert found.status == 200, found.body
    assert found.json["recent"]["looked_at"] == sent
    assert len(found.json["logs"]) == 2
