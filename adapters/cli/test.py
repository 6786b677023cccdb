"""`bascule test`: whether the policies' own tests pass."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.failures import DOES_NOT_HOLD, DONE, BundleFails, DoesNotHold, Unusable
from adapters.cli.opening import folder_argument, open_machine
from adapters.cli.terminal import examples, plural, printable

if TYPE_CHECKING:
    from engine.coverage import DocumentCover
    from engine.policy import Machine
    from engine.suites import CaseResult, Mismatch, SuiteResult
    from rules.suites import Suite


EXAMPLES = examples(
    "bascule test",
    "bascule test policies -k cooldown -v",
    "bascule test -k 'entry-suite/*' --json",
    "bascule test --junit build/policies.xml",
    "bascule test --coverage                      what the suites do not show",
    "bascule test --min 95                        and fail where a policy falls short",
)


@click.command(epilog=EXAMPLES, short_help="Run the policies' own tests.")
@folder_argument
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write the results as JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-k", "pattern", metavar="PATTERN", help="Only cases whose suite/case holds this text or matches it.")
@click.option("-v", "--verbose", is_flag=True, help="A line for every case, and what each rule of a failing one read.")
@click.option("--coverage", is_flag=True, help="Tell the rules, rows and conditions that the cases do not show.")
@click.option(
    "--min",
    "least",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="Fail where less of a policy's rules, or of its conditions, is covered; tells the coverage too.",
)
def test(
    folder: Path,
    junit: Path | None,
    as_json: bool,
    pattern: str | None,
    verbose: bool,
    coverage: bool,
    least: float | None,
) -> int:
    """Run the suites of a bundle: each case decided, and what came out held against what it expects.

    DIR is the folder of the bundle, `policies` by default. The environment is ignored.

    A rule is covered once it has decided a case of its own policy's suites, a condition (an operand of `&&`, `||`, `!`)
    once it has come out both true and false.
    """
    started = time.perf_counter()
    machine = open_machine(folder, {}, BundleFails)
    suites = _chosen(machine.bundle.suites, pattern)
    if not suites:
        what = f"no case matches `{printable(pattern)}`" if pattern else f"the bundle in `{folder}` has no suite"
        raise DoesNotHold(f"{what}: nothing was tested")
    results = list(_run(suites, machine))
    covered = _covered(suites, machine, narrowed=pattern is not None) if coverage or least is not None else None
    took = round((time.perf_counter() - started) * 1000)
    if junit is not None:
        _write_junit(junit, results)
    if as_json:
        told = _as_json(results, took)
        told["ok"] = told["ok"] and not _short(covered, least)
        terminal.say_json(told | _coverage_json(covered, least))
    else:
        for result in results:
            _say_suite(result, verbose=verbose)
        if covered is not None:
            _say_coverage(covered, least)
        _say_summary(results, took, len(_short(covered, least)))
    failed = any(result.failed for result in results) or bool(_short(covered, least))
    return DOES_NOT_HOLD if failed else DONE


def _chosen(suites: tuple[Suite, ...], pattern: str | None) -> list[Suite]:
    """The suites with the cases that match; those without any are left out."""
    if pattern is None:
        return list(suites)

    def matches(name: str) -> bool:
        return pattern in name or fnmatchcase(name, pattern)

    narrowed = (replace(s, cases=tuple(c for c in s.cases if matches(f"{s.name}/{c.id}"))) for s in suites)
    return [suite for suite in narrowed if suite.cases]


def _run(suites: list[Suite], machine: Machine) -> Iterator[SuiteResult]:
    from engine.suites import run_suite

    with terminal.Progress("testing", len(suites)) as progress:
        for done, suite in enumerate(suites):
            progress.reached(done)
            yield run_suite(suite, machine)


def _covered(suites: list[Suite], machine: Machine, *, narrowed: bool) -> list[DocumentCover]:
    """What the suites cover; of some of the cases only that of the policies which they test."""
    from engine.coverage import Watch

    watch = Watch(machine)
    with terminal.Progress("measuring", len(suites)) as progress:
        for done, suite in enumerate(suites):
            progress.reached(done)
            watch.run(suite)
    tested = {suite.policy for suite in suites}
    return [one for one in watch.documents() if not narrowed or one.name in tested]


def _short(covered: list[DocumentCover] | None, least: float | None) -> list[DocumentCover]:
    """The documents of which less is covered than must be."""
    return [one for one in covered or () if least is not None and one.below(least)]


def _say_coverage(covered: list[DocumentCover], least: float | None) -> None:
    from adapters.cli.coverage_text import coverage_lines

    terminal.say()
    for line in coverage_lines(covered, least):
        terminal.say(line)
    terminal.say()


def _coverage_json(covered: list[DocumentCover] | None, least: float | None) -> dict[str, object]:
    from engine.coverage import as_json

    if covered is None:
        return {}
    short = _short(covered, least)
    found: dict[str, object] = {"coverage": as_json(covered)}
    return found if least is None else found | {"min": least, "short": [one.name for one in short]}


def _say_suite(result: SuiteResult, *, verbose: bool) -> None:
    passed = len(result.results) - result.failed
    status = click.style("passed", fg="green") if not result.failed else click.style("FAILED", fg="red", bold=True)
    counts = f"{passed} of {len(result.results)}"
    terminal.say(f"{status} {result.suite.name} ({result.suite.policy}): {counts}")
    for found in result.results:
        if verbose or not found.passed:
            name, colour = ("applied", "green") if found.passed else ("passed-over", "red")
            terminal.say(f"  {click.style(terminal.mark(name), fg=colour)} {found.case.id}  {found.case.span}")
        if not found.passed:
            terminal.say("\n".join(_failure(found, verbose=verbose)))


def _failure(found: CaseResult, *, verbose: bool) -> Iterator[str]:
    """What was expected and found, and how the decision came about."""
    from adapters.cli.decision_text import headline, rule_lines

    for mismatch in found.mismatches:
        yield from _mismatch(mismatch)
    if found.decision is not None:
        rule = f" by `{found.decision.rule}`" if found.decision.rule else ""
        yield f"      decided {headline(found.decision)}{rule}: {printable(found.decision.reason)}"
    if found.trace:
        yield from (f"    {line}" for line in rule_lines(found.trace, brief=not verbose))


def _mismatch(mismatch: Mismatch) -> Iterator[str]:
    from adapters.cli.decision_text import value_text

    found = mismatch.found
    listed = found if isinstance(found, list) else [found]
    yield f"      {mismatch.what}: expected {value_text(mismatch.expected)}"
    for value in listed or ["nothing"]:
        yield f"      {' ' * len(mismatch.what)}  found    {value_text(value)}"


def _say_summary(results: list[SuiteResult], took: int, short: int) -> None:
    """The last line; `short` is how many documents have less covered than they must."""
    cases, failed = sum(len(r.results) for r in results), sum(r.failed for r in results)
    told = click.style(f"{failed:,} failed", fg="red", bold=True) if failed else click.style("all passed", fg="green")
    if short:
        told += ", " + click.style(f"{plural(short, 'document')} covered too little", fg="red", bold=True)
    terminal.say(f"{plural(cases, 'case')} in {plural(len(results), 'suite')}: {told}, {took} ms")


def _as_json(results: list[SuiteResult], took: int) -> dict[str, object]:
    failed = sum(result.failed for result in results)
    return {
        "ok": failed == 0,
        "passed": sum(len(result.results) for result in results) - failed,
        "failed": failed,
        "ms": took,
        "suites": [
            {
                "suite": result.suite.name,
                "policy": result.suite.policy,
                "passed": len(result.results) - result.failed,
                "failed": result.failed,
                "cases": [_case_json(found) for found in result.results],
            }
            for result in results
        ],
    }


def _case_json(found: CaseResult) -> dict[str, object]:
    out: dict[str, object] = {"id": found.case.id, "at": str(found.case.span), "passed": found.passed}
    if found.case.tags:
        out["tags"] = list(found.case.tags)
    if not found.passed:
        out["mismatches"] = [{"what": m.what, "expected": m.expected, "found": m.found} for m in found.mismatches]
        out["decision"] = found.decision
        out["trace"] = found.trace
    return out


def _write_junit(path: Path, results: list[SuiteResult]) -> None:
    from adapters.cli.junit import junit_xml

    try:
        path.write_bytes(junit_xml(results))
    except (OSError, ValueError) as error:
        told = (error.strerror if isinstance(error, OSError) else None) or "it is not the name of a file"
        raise Unusable(f"cannot write `{printable(path)}`: {told.lower()}") from None
