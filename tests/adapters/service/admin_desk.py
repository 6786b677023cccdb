"""A desk that publishes over HTTP: who may what, what is sent, and signatures made where the keys are."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.published import Trust
from tests.adapters.publishing.desk import PEOPLE, UNSIGNED
from tests.adapters.service.running import Reply, Served, served, token

Files = dict[str, str]
TOKENS = (
    token("ci", "publish"),
    token("boss", "admin"),
    token("chief", "admin"),
    token("watcher", "read"),
)
CHECK, DIFF, PUBLISH, ROLLBACK, HALT = (
    f"/v1/policies:{what}" for what in ("check", "diff", "publish", "rollback", "halt")
)
NOTHING = '"0"'


@contextmanager
def desk(folder: Path, trust: Trust = UNSIGNED) -> Iterator[Served]:
    """A service that nothing is in force at, asked by one who may publish."""
    with served(None, folder, tokens=TOKENS, trust=trust) as found:
        yield found.as_("ci")


def dearer(files: Files, default: str = "10.5") -> Files:
    """The bundle with another default."""
    gate = files["gate.yaml"].replace("default: 10.0", f"default: {default}").replace("0.1.0", "0.2.0")
    return {**files, "gate.yaml": gate}


def publish_to(service: Served, files: Files, if_match: str | None = NOTHING, **more: object) -> Reply:
    body = {"files": files, "note": "a change", **more}
    return service.ask("POST", PUBLISH, body, {"If-Match": if_match})


def record(service: Served) -> Mapping[str, str]:
    """What the store holds."""
    return asyncio.run(service.store.read()).fields


def tag(reply: Reply) -> str:
    return reply.headers["ETag"]


def refused(reply: Reply, status: int, *said: str) -> bool:
    assert (reply.status, reply.effect) == (status, "block"), reply.body
    assert reply.headers["Content-Type"] == "application/problem+json"
    for one in said:
        assert one in reply.json["detail"], reply.json["detail"]
    return True


def sealed(name: str, to_sign: str) -> dict[str, str]:
    """A signature, made where the key is."""
    key = PEOPLE[name].key
    return {"key": key.id, "signature": base64.b64encode(key.sign(to_sign.encode())).decode()}


def offered(service: Served, body: Mapping[str, object]) -> Any:
    found = service.ask("POST", CHECK, body)
    assert found.json["ok"], found.body
    return found.json


def signed(service: Served, files: Files, *names: str, if_match: str = NOTHING, note: str = "a change") -> Reply:
    """Checked, signed by people, and published."""
    told = offered(service, {"files": files, "note": note})
    signatures = [sealed(name, told["to_sign"]) for name in names]
    return publish_to(service, files, if_match, note=note, statement=told["statement"], signatures=signatures)


def rollback_to(service: Served, if_match: str | None, **said: object) -> Reply:
    return service.ask("POST", ROLLBACK, {"note": "back", **said}, {"If-Match": if_match})
