"""The service as it is started: processes, a certificate, tokens, a store, and a policy that is published to it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from adapters.service.auth import hashed
from adapters.service.openapi import EXAMPLE
from tests.adapters.publishing.desk import PEOPLE, trust_file
from tests.adapters.running import ROOT
from tests.adapters.service.running import PATIENCE
from tests.adapters.stores.servers import certificates

TOKENS = {"desk": ["decide"], "ci": ["publish"], "boss": ["admin"]}
FILES = {path.name: path.read_text("utf-8") for path in EXAMPLE.glob("*.yaml")}
NARROW = {"inputs": {"spread": 0.001}}


@dataclass(frozen=True)
class Running:
    """A service that was started, and who it should be trusted by."""

    port: int
    authority: Path

    def ask(self, who: str, method: str, path: str, body: object = None, if_match: str | None = None) -> Any:
        """The status, the head and the body of an answer."""
        context = ssl.create_default_context(cafile=self.authority)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        headers = {"Authorization": f"Bearer {who}", "Content-Type": "application/json"}
        headers |= {} if if_match is None else {"If-Match": if_match}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.headers, json.loads(response.read())
        finally:
            connection.close()

    def until(self, wanted: Mapping[str, object]) -> dict[str, Any]:
        """A decision that says what is wanted: a publication is obeyed soon, and nobody tells when."""
        until = time.monotonic() + PATIENCE
        while True:
            _, _, found = self.ask("desk", "POST", "/v1/decide/gate", NARROW)
            if wanted.items() <= found.items():
                return dict(found)
            assert time.monotonic() < until, found
            time.sleep(0.02)


def port_of(errors: IO[str]) -> int:
    """The port of a service that says where it listens."""
    for line in errors:
        if line.startswith("listening on "):
            return int(line.rpartition(":")[2])
    raise AssertionError("the service did not start")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = certificates(tmp_path)
    trust = trust_file(tmp_path / "trust.yaml", "ann", "bob")
    tokens = tmp_path / "tokens.yaml"
    entries = [{"name": name, "hash": hashed(name), "roles": roles} for name, roles in TOKENS.items()]
    tokens.write_text(json.dumps({"tokens": entries}))
    options = {
        "--store": tmp_path / "desk", "--trust": trust, "--tokens": tokens, "--tls-cert": made.certificate,
        "--tls-key": made.key, "--state": tmp_path / "state", "--port": 0, "--max-age": 5,
    }  # fmt: skip
    command = [sys.executable, "-m", "adapters.cli", "serve", *(str(one) for pair in options.items() for one in pair)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield Running(port_of(process.stderr), made.authority)
    finally:
        process.terminate()
        print(process.communicate(timeout=PATIENCE)[1])  # shown where the test fails
    assert process.returncode == 0


def sealed(name: str, to_sign: str) -> dict[str, str]:
    """A signature, made where the key is."""
    key = PEOPLE[name].key
    return {"key": key.id, "signature": base64.b64encode(key.sign(to_sign.encode())).decode()}


def put_in_force(running: Running, what: str, asked: Mapping[str, object], if_match: str) -> tuple[str, Any]:
    """Checked, signed by ann, and published: the tag of the revision, and what was told."""
    checked = {name: value for name, value in asked.items() if name != "universe"}
    status, _, told = running.ask("ci", "POST", "/v1/policies:check", {**checked, "note": "why"})
    assert (status, told["ok"]) == (200, True), told
    body = {**asked, "note": "why", "statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
    status, head, told = running.ask("ci", "POST", f"/v1/policies:{what}", body, if_match)
    assert (status, told["step"], told["refusal"]) == (200, "published", None)
    return head["ETag"], told


def test_what_is_published_over_https_is_decided_with(running: Running) -> None:
    assert running.until({"outcome": "BLOCKED_NO_POLICY"})["reason"].startswith("no-policy")
    tag, first = put_in_force(running, "publish", {"files": FILES, "universe": ["BTCUSDT"]}, '"0"')
    assert running.until({"effect": "allow"})["bundle"] == first["digest"]

    tighter = {**FILES, "gate.yaml": FILES["gate.yaml"].replace("default: 0.002", "default: 0.0005")}
    status, _, told = running.ask("ci", "POST", "/v1/policies:check", {"files": tighter})
    assert not told["ok"]
    tighter["gate-suite.yaml"] = FILES["gate-suite.yaml"].replace("spread: 0.001", "spread: 0.0001")
    tag, _ = put_in_force(running, "publish", {"files": tighter}, tag)
    running.until({"rule": "wide"})

    tag, _ = put_in_force(running, "rollback", {"revision": first["revision"]}, tag)
    running.until({"effect": "allow"})

    _, _, halted = running.ask("ci", "POST", "/v1/policies:halt", {"note": "the feed is wrong"})
    assert running.until({"effect": "block"})["reason"].startswith("halted")
    for owner in ("ann", "bob"):
        seal = sealed(owner, halted["to_sign"])
        body = {"clear": halted["halt"]["id"], "signature": seal}
        status, _, told = running.ask("boss", "POST", "/v1/policies:halt", body)
        assert status == 200, told
    assert not told["halted"]
    running.until({"effect": "allow"})
    _, head, _ = running.ask("boss", "GET", "/v1/policies")
    assert head["ETag"] == tag


def test_whoever_speaks_no_tls_gets_nothing(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port), PATIENCE) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" not in connection.recv(65536)
    status, _, told = running.ask("nobody", "GET", "/healthz")
    assert (status, told) == (200, {"status": "ok"})
