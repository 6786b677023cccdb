"""The official tests of CEL, fetched from the package registry by the ordinary npm client, never copied into here."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.javascript import exported

PACKAGE, VERSION = "@bufbuild/cel-spec", "0.6.1"
SPECIFICATION = "v0.25.1"
"""The release of the specification whose tests this version of the package carries."""
SHA512 = "m0Ac9qA669yxxC0Hy45qGsUZemjImVfxPl6r9jLbkJviEvv3R9hSYyH2ItGRbDguekX6eId0cb62ulNBK97ezg=="
TESTS = 2344
"""How many there are."""
PATIENCE = 120
"""Seconds to wait for npm."""
MODULE = "package/dist/esm/testdata/conformance.js"
ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / ".cache" / f"{PACKAGE.strip('@').replace('/', '-')}-{VERSION}.tgz"


class Missing(Exception):
    """The tests cannot be had here, for the reason the words say."""


@dataclass(frozen=True)
class Case:
    """One official test. `name` is file/section/test, with a number behind it where the section has it twice."""

    name: str
    said: dict[str, Any]
    """The test as the package says it: `cel.expr.conformance.test.SimpleTest` in the JSON form of protobuf."""


def cases() -> list[Case]:
    """Every test, in the package's order. Raises `Missing`."""
    with tarfile.open(archive()) as tar:
        module = tar.extractfile(MODULE)
        assert module is not None
        data = exported(module.read().decode(), "tests")
    seen: Counter[str] = Counter()
    return [_case(path, test, seen) for path, test in _tests(data, ())]


def _tests(suite: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for test in suite.get("tests", ()):
        yield path, test["original"]
    for inner in suite.get("suites", ()):
        yield from _tests(inner, (*path, inner["name"]))


def _case(path: tuple[str, ...], test: dict[str, Any], seen: Counter[str]) -> Case:
    name = "/".join((*path, test["name"]))
    seen[name] += 1
    return Case(name if seen[name] == 1 else f"{name} #{seen[name]}", test)


def is_cached() -> bool:
    """Whether the tests are here already."""
    return ARCHIVE.is_file() and _digest(ARCHIVE) == SHA512


def archive() -> Path:
    """The package as npm packs it, from the cache where it is there. Raises `Missing`."""
    if not is_cached():
        _fetch()
    if not is_cached():
        raise Missing(f"what the registry gave for {PACKAGE}@{VERSION} is not what this repository was tested with")
    return ARCHIVE


def _digest(path: Path) -> str:
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Missing(f"npm is not installed: it fetches {PACKAGE}@{VERSION}, which carries the official tests")
    ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--loglevel=error", "--ignore-scripts", "--pack-destination"]
    try:
        done = subprocess.run(
            [*command, str(ARCHIVE.parent)], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"npm did not answer within {PATIENCE} seconds") from None
    if done.returncode or not ARCHIVE.is_file():
        said = " ".join(line.removeprefix("npm error ") for line in done.stderr.strip().splitlines()[:3])
        raise Missing(f"npm could not fetch {PACKAGE}@{VERSION} from the registry it is configured with: {said}")
