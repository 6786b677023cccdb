"""Checking and testing documents that were sent, in a process of its own, in a folder of their own that then goes.

`python -m adapters.service.checking FOLDER` reads a `Sent` from standard input and writes a `Report` to standard
output. It is what `bascule publish` does before anything is written, and there is no way round it. Rules kept here: a
path stays in the folder and names a YAML file; no overlay leads out of it; the environment is ignored.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from adapters.publishing.candidates import Candidate, Examined, Unpublishable, as_read, examined
from adapters.service.apart import apart, keep_to_limits
from engine.faults import Fault, below, quoted
from engine.published import Record
from engine.suites import Mismatch, SuiteResult
from rules.canonical import NoContent, digest_of, read_bytes
from rules.diagnostics import Diagnostic, Refused
from rules.folder import Unreadable

PATIENCE_S = 60.0
MOST_FILES = 500
MOST_TOLD = 500
"""Findings of each sort that are told."""
_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,99}/){0,8}[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.yaml")
_PATHS = "a path of letters, digits, `.`, `_` and `-` below the folder, as `suites/entry.yaml`"


class Sent(msgspec.Struct, frozen=True):
    """What is to be checked: files by their paths, or the content of a bundle as a store keeps it."""

    files: dict[str, str] | None = None
    content: bytes = b""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with a document: where, what was found, what was expected and what to write instead."""

    code: str
    severity: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    expected: str = ""
    remedy: str = ""
    notes: list[dict[str, str]] = []


class FailedCase(msgspec.Struct, frozen=True):
    """A case that does not come out as it expects: where it stands, and what was expected and found."""

    id: str
    at: str
    mismatches: list[dict[str, Any]]


class SuiteReport(msgspec.Struct, frozen=True):
    """What became of a suite."""

    suite: str
    policy: str
    passed: int
    failed: int
    failures: list[FailedCase]


class Report(msgspec.Struct, frozen=True):
    """What was found: the bundle where it checks, every finding, and what became of the suites."""

    bundle: str = ""
    version: str = ""
    content: bytes = b""
    diagnostics: list[Finding] = []
    suites: list[SuiteReport] = []
    untested: list[str] = []
    """Policies that no suite asks."""
    fault: str = ""
    """Why there was nothing to check."""

    @property
    def holds(self) -> bool:
        """Whether it may be published: it checks, and has suites that all pass."""
        return bool(self.content and self.suites) and not any(suite.failed for suite in self.suites)

    def why_not(self) -> str:
        """Why it may not."""
        if not self.content:
            errors = sum(1 for one in self.diagnostics if one.severity == "error")
            return self.fault or f"the bundle has {errors} error{'s' * (errors != 1)}"
        if not self.suites:
            return "the bundle has no suite, and what nothing tests is not published"
        failed = sum(suite.failed for suite in self.suites)
        return f"{failed} case{'s' * (failed != 1)} of its suites fail{'s' * (failed == 1)}"

    def candidate(self, since: Record | None = None) -> Candidate:
        """What may be published; only of content that checks."""
        cases = None if since is not None else sum(suite.passed for suite in self.suites)
        name = f"{self.bundle} {self.version}"
        untested = tuple(self.untested) if since is None else ()
        documents = read_bytes(self.content)
        return Candidate(digest_of(self.content), name, self.content, documents, cases, since, untested)


def faults_of(files: Mapping[str, str]) -> Iterator[Fault]:
    """What keeps files from being written into a folder of their own."""
    if not 0 < len(files) <= MOST_FILES:
        yield Fault("/files", f"{len(files)} files", f"1 to {MOST_FILES}")
        return
    for path in files:
        if _PATH.fullmatch(path) is None:
            yield Fault(below("/files", path), f"{quoted(path)} is no path of a file here", _PATHS)
        elif any(f"{parent}" in files for parent in Path(path).parents):
            yield Fault(below("/files", path), f"{quoted(path)} lies below another file", _PATHS)


async def checked(sent: Sent) -> Report:
    """What is found of documents that were sent; `faults_of` must have found nothing. Raises `NotDone`."""
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="bascule-check-")
    try:
        said = msgspec.json.encode(sent)
        out = await apart("adapters.service.checking", said, folder, patience_s=PATIENCE_S)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return msgspec.json.decode(out, type=Report)


# -- in the process of its own


def main() -> int:
    """Check what standard input says."""
    keep_to_limits()
    sent = msgspec.json.decode(sys.stdin.buffer.read(), type=Sent)
    os.chdir(sys.argv[1])
    report = _of_content(sent.content) if sent.files is None else _of_files(sent.files)
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


def write_files(files: Mapping[str, str]) -> Path:
    """Write files by their paths into the folder that this runs in, which they lie in then."""
    here = Path()
    for path, text in files.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_bytes(text.encode())
    return here


def _of_files(files: Mapping[str, str]) -> Report:
    here = write_files(files)
    try:
        return _report(examined(here, within=here))
    except Unreadable:
        return Report(fault="there is no `bundle.yaml` among the files: it names the bundle, its version and its files")
    except Unpublishable as why:
        return Report(fault=str(why))
    except Refused as refused:
        return Report(diagnostics=findings(refused.diagnostics))


def _of_content(content: bytes) -> Report:
    try:
        return _report(Examined((), as_read(content)))
    except NoContent as fault:
        return Report(fault=f"the bundle cannot be read: {fault}")
    except Unpublishable as why:
        return Report(fault=str(why))
    except Refused as refused:
        return Report(diagnostics=findings(refused.diagnostics))


def _report(found: Examined) -> Report:
    told = findings(found.diagnostics)
    if found.machine is None:
        return Report(diagnostics=told)
    bundle = found.machine.bundle
    suites = [_suite(result) for result in found.results]
    return Report(bundle.name, bundle.version, bundle.content, told, suites, list(found.untested))


def findings(diagnostics: Sequence[Diagnostic]) -> list[Finding]:
    """The findings, errors first where there are too many for all of them."""
    if len(diagnostics) > MOST_TOLD:
        diagnostics = sorted(diagnostics, key=lambda one: one.severity != "error")[:MOST_TOLD]
    return [msgspec.convert(one.as_json(), Finding) for one in diagnostics]


def _suite(result: SuiteResult) -> SuiteReport:
    failures = [
        FailedCase(one.case.id, str(one.case.span), [_mismatch(mismatch) for mismatch in one.mismatches])
        for one in result.results
        if not one.passed
    ]
    passed = len(result.results) - result.failed
    return SuiteReport(result.suite.name, result.suite.policy, passed, result.failed, failures[:MOST_TOLD])


def _mismatch(mismatch: Mismatch) -> dict[str, Any]:
    told = {"what": mismatch.what, "expected": mismatch.expected, "found": mismatch.found}
    found: dict[str, Any] = msgspec.to_builtins(told, enc_hook=str)
    return found


if __name__ == "__main__":
    sys.exit(main())
