"""What may be published: a folder's bundle that checks and passes its suites, or one that was published before.

Rules kept here: there is no other way to a candidate; the suites are run on the bundle as readers will read it, from
the bytes that the store keeps; an earlier publication counts only where it is signed by those who are trusted now.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from adapters import bootstrap
from adapters.publishing.past import past
from engine.policy import Machine, compile_bundle
from engine.published import Record, Refusal, Trust, read_record
from engine.store import Change, PolicyStore
from engine.suites import SuiteResult, run_suite
from engine.supplied import unsupplied
from rules.bundle import read_content
from rules.canonical import Content, NoContent, digest_of, read_bytes
from rules.diagnostics import Diagnostic, Refused

LOOKED_BACK = 100_000
"""Changes among which an earlier publication is sought."""
FEWEST_DIGITS = 8
"""Of a digest that is given by its beginning."""
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]+)")


class Unpublishable(Exception):
    """What was asked for does not hold; says why and what to do."""


class SuitesFail(Unpublishable):
    """A bundle whose suites do not all pass; says which cases."""

    def __init__(self, folder: Path, failed: list[str]) -> None:
        super().__init__(f"{len(failed)} of its cases fail, so nothing was published: see `bascule test {folder}`")
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bundle that may be published: its digest, its name and version, and its bytes; what was tested, if by us."""

    digest: str
    bundle: str
    content: bytes
    documents: Content
    cases: int | None = None
    since: Record | None = None
    """The publication that it is taken from, where it is an earlier one."""
    untested: tuple[str, ...] = ()
    """Its policies that no suite asks, be it through others; of those that were tested by us."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What looking at a folder's bundle gave: every finding, and what became of its suites where it checks."""

    diagnostics: tuple[Diagnostic, ...]
    machine: Machine | None
    """The bundle as readers will read it; None where it does not check."""
    results: tuple[SuiteResult, ...] = ()

    @property
    def failed(self) -> list[str]:
        """The cases that fail, each behind the name of its suite."""
        return [f"{r.suite.name}/{one.case.id}" for r in self.results for one in r.results if not one.passed]

    @property
    def untested(self) -> tuple[str, ...]:
        """The policies that no suite asks, be it through others."""
        plans = {} if self.machine is None else self.machine.bundle.plans
        asked: set[str] = set()
        waiting = [result.suite.policy for result in self.results if result.results]
        while waiting:
            name = waiting.pop()
            if name not in asked:
                asked.add(name)
                waiting += (call.policy for call in plans[name].calls)
        return tuple(name for name in plans if name not in asked)


def examined(
    folder: Path, reached: Callable[[int, int], None] = lambda _done, _of: None, within: Path | None = None
) -> Examined:
    """Check the bundle of a folder, and run its suites; `reached` hears how many of them are done.

    `within` is a folder that no overlay may lead out of. Raises as loading does.
    """
    opened = bootstrap.examine(folder, within=within)
    if opened.machine is None:
        return Examined(opened.diagnostics, None)
    bundle = opened.machine.bundle
    machine = as_read(bundle.content)
    results: list[SuiteResult] = []
    for done, suite in enumerate(bundle.suites):
        reached(done, len(bundle.suites))
        results.append(run_suite(suite, machine))
    return Examined(opened.diagnostics, machine, tuple(results))


def candidate(folder: Path, reached: Callable[[int, int], None] = lambda _done, _of: None) -> Candidate:
    """The bundle of a folder; `reached` hears how many of the suites are done.

    Raises `Refused` where it does not check, `SuitesFail`, `Unpublishable` without any suite, and as loading does.
    """
    found = examined(folder, reached)
    if found.machine is None:
        raise Refused(found.diagnostics)
    if not found.results:
        raise Unpublishable(f"the bundle in `{folder}` has no suite, and what nothing tests is not published")
    if found.failed:
        raise SuitesFail(folder, found.failed)
    cases = sum(len(result.results) for result in found.results)
    return replace(_candidate(found.machine, cases, None), untested=found.untested)


def _candidate(machine: Machine, cases: int | None, since: Record | None) -> Candidate:
    bundle = machine.bundle
    named = f"{bundle.name} {bundle.version}"
    return Candidate(bundle.digest, named, bundle.content, read_bytes(bundle.content), cases, since)


def as_read(content: bytes) -> Machine:
    """The policies of a content, compiled as a reader of the store does.

    Raises `Refused`, `NoContent`, and `Unpublishable` where no service could decide with them.
    """
    checked = read_content(content)
    if checked.bundle is None:
        raise Refused(checked.diagnostics)
    why_not = unsupplied(checked.bundle.types.facts, checked.bundle.plans.values())
    if why_not:
        raise Unpublishable(why_not)
    return compile_bundle(checked.bundle, bootstrap.NO_ENVIRONMENT)


async def earlier(store: PolicyStore, trust: Trust, wanted: str) -> Candidate:
    """What was published under a revision, or a digest or its beginning.

    Raises `Unpublishable` where there is none, or none that may be published again, and `Refused` where its bundle no
    longer checks.
    """
    record, content = await kept(store, trust, wanted)
    try:
        return _candidate(as_read(content), None, record)
    except NoContent as fault:
        raise Unpublishable(f"the bundle of {_told(record)} cannot be read: {fault}") from None


async def kept(store: PolicyStore, trust: Trust, wanted: str) -> tuple[Record, bytes]:
    """The publication of a revision, or a digest or its beginning, and its content, which is not checked yet.

    Raises `Unpublishable` as `earlier` does.
    """
    record = await _found(store, wanted)
    told = _told(record)
    try:
        signed = not trust.wanted or trust.owners(record.statement.signed(), record.signatures)
    except Refusal as refusal:
        raise Unpublishable(f"{told} is in the history, but {refusal}: publish it from its folder") from None
    if not signed:
        raise Unpublishable(f"{told} is in the history, but nobody signed it: publish it from its folder")
    content = await store.bundle(record.digest)
    if content is None:
        raise Unpublishable(f"the store no longer holds the bundle of {told}: publish it from its folder")
    if digest_of(content) != record.digest:
        raise Unpublishable(f"what the store holds as the bundle of {told} is not that: publish it from its folder")
    return record, content


async def live(store: PolicyStore, trust: Trust) -> tuple[Record, bytes] | None:
    """What is in force, and its content, which is not checked yet; None where nothing is. Raises as `kept` does."""
    revision = (await store.read()).fields.get("revision")
    return await kept(store, trust, revision) if revision else None


def _told(record: Record) -> str:
    return f"revision {record.revision} ({record.statement.bundle})"


async def _found(store: PolicyStore, wanted: str) -> Record:
    """The latest publication of a revision or digest. Raises `Unpublishable`.

    The history is read no further than to what is wanted; of the beginning of a digest all of it, as there may be two.
    """
    digits = _DIGEST.fullmatch(wanted)
    beginning = f"sha256:{digits[1]}" if digits and len(digits[1]) >= FEWEST_DIGITS else None
    latest: dict[str, Record] = {}
    async with aclosing(past(store, LOOKED_BACK)) as changes:
        async for change in changes:
            record = publication_of(change, store.name)
            if record is None:
                continue
            if str(record.revision) == wanted or record.digest == beginning:
                return record
            if beginning is not None and record.digest.startswith(beginning):
                latest.setdefault(record.digest, record)
    if not latest:
        raise Unpublishable(f"the history has no revision or digest `{wanted}`: see `bascule history`")
    if len(latest) > 1:
        raise Unpublishable(f"several digests in the history begin with `{wanted}`: give more of it")
    return next(iter(latest.values()))


def publication_of(change: Change, store: str) -> Record | None:
    """The record that a change put in force; None where it did something else, or cannot be read."""
    try:
        return read_record(change.fields, store)
    except Refusal:
        return None
