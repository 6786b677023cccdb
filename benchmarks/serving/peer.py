"""The peer: Cerbos, a policy server written in Go, deciding the same nine conditions over HTTP.

Its policy says the nine steps of entry in CEL at their published thresholds, as one rule that allows where none of
them blocks. Its CEL has no sum: the summed exposures and the scale-ins made so far stand in the request, worked out
beforehand, and so does `now`; we sum within the time shown and take the time from our own clock. It gives an effect,
we also rule, reason, outputs and how long the answer holds. It may use every processor, our one worker one. Audit log
and telemetry are off, and it does not watch its folder.

The program is fetched with npm into `.cache/`, where git does not look.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from socket import create_server
from typing import Any

from aiohttp import ClientSession

from benchmarks.serving.desk import ROOT
from benchmarks.serving.load import LOCAL, Target, Unexpected, answer_to, post, until_it_answers
from benchmarks.serving.processes import Server, started
from engine.policy import Policy

PACKAGE, VERSION = "@cerbos/cerbos-linux-x64", "0.55.0"
FOLDER = ROOT / ".cache" / f"cerbos-{VERSION}"
PROGRAM = FOLDER / "node_modules" / PACKAGE / "cerbos-linux-x64"
PATIENCE_S = 300
PATH = "/api/check/resources"
ALLOWED = b'"EFFECT_ALLOW"'
POLICY = Path(__file__).with_name("cerbos") / "entry.yaml"

Facts = Mapping[str, Any]


class Missing(Exception):
    """The peer cannot be had here, for the reason the words say."""


def program() -> Path:
    """The program, fetched where it is not there yet. Raises `Missing`."""
    if PROGRAM.is_file():
        return PROGRAM
    npm = shutil.which("npm")
    if npm is None:
        raise Missing(f"npm is not installed: it fetches {PACKAGE}@{VERSION}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    options = ["--loglevel=error", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]
    command = [npm, "install", *options, f"{PACKAGE}@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise Missing(f"npm did not answer within {PATIENCE_S} seconds") from None
    if done.returncode or not PROGRAM.is_file():
        said = " ".join(line.removeprefix("npm error ") for line in done.stderr.strip().splitlines()[:3])
        raise Missing(f"npm could not fetch {PACKAGE}@{VERSION} from the registry it is configured with: {said}")
    return PROGRAM


def request(snapshot: Facts) -> bytes:
    """The body of a request to decide on a snapshot."""
    intent, portfolio = snapshot["intent"], snapshot["portfolio"]
    book = [*portfolio["positions"], *portfolio["pending"]]
    held = [entry for entry in book if entry["symbol"] == intent["symbol"]]
    attributes = {
        "now": snapshot["now"],
        "intent": intent,
        "portfolio": portfolio,
        "total_exposure": sum(entry["exposure"] for entry in book),
        "symbol_exposure": sum(entry["exposure"] for entry in held),
        "adds": sum(entry["adds"] for entry in held),
    }
    asked = {"actions": ["open"], "resource": {"kind": "entry", "id": "1", "attr": attributes}}
    told = {"requestId": "1", "principal": {"id": "desk", "roles": ["desk"]}, "resources": [asked]}
    return json.dumps(told, separators=(",", ":")).encode()


@asynccontextmanager
async def cerbos(snapshot: Facts, folder: Path) -> AsyncIterator[tuple[Server, Target]]:
    """A server that decides, and what it is asked. Raises `Missing`."""
    folder.mkdir()
    with create_server((LOCAL, 0)) as taken:
        port = taken.getsockname()[1]
    said = {
        "server.httpListenAddr": f"{LOCAL}:{port}",
        "server.grpcListenAddr": f"unix:{folder / 'grpc'}",
        "storage.driver": "disk",
        "storage.disk.directory": POLICY.parent,
        "storage.disk.watchForChanges": "false",
        "telemetry.disabled": "true",
        "audit.enabled": "false",
    }
    command = [
        str(program()),
        "server",
        "--log-level=error",
        *(f"--set={name}={value}" for name, value in said.items()),
    ]
    target = Target(port, post(PATH, request(snapshot)), ALLOWED)

    async def allows() -> bool:
        try:
            await answer_to(target)
        except (Unexpected, OSError):
            return False
        return True

    async with started(command, folder / "printed") as process:
        await until_it_answers(allows, "cerbos")
        yield Server("cerbos", port, (process.pid,)), target


async def disagreements(server: Server, policy: Policy, snapshots: Sequence[bytes]) -> list[str]:
    """The snapshots, as JSON, on which it does not say allow or block as our policy does."""
    found: list[str] = []
    async with ClientSession(f"http://{LOCAL}:{server.port}", headers={"Content-Type": "application/json"}) as session:
        for raw in snapshots:
            ours = policy.verdict(policy.read(raw))[2]
            async with session.post(PATH, data=request(json.loads(raw))) as response:
                text = await response.text()
            effect = re.findall(r'"(EFFECT_[A-Z]+)"', text)
            if effect != [{"allow": "EFFECT_ALLOW", "block": "EFFECT_DENY"}[ours]]:
                found.append(f"we {ours}, it says {effect or text}: {raw.decode()}")
    return found
