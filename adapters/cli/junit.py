"""Suite results as JUnit XML, which build servers read (https://github.com/testmoapp/junitxml)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from adapters.cli.decision_text import value_text
from adapters.cli.terminal import printable

if TYPE_CHECKING:
    from engine.suites import CaseResult, SuiteResult


def junit_xml(results: list[SuiteResult]) -> bytes:
    """The results as an XML document. What XML cannot hold is shown escaped."""
    cases, failed = sum(len(r.results) for r in results), sum(r.failed for r in results)
    root = Element("testsuites", name="bascule", tests=str(cases), failures=str(failed))
    for result in results:
        attributes = {"name": result.suite.name, "tests": str(len(result.results)), "failures": str(result.failed)}
        suite = SubElement(root, "testsuite", attributes)
        for found in result.results:
            _case(suite, found, result)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: Element, found: CaseResult, result: SuiteResult) -> None:
    span = found.case.span
    attributes = {"classname": f"{result.suite.policy}.{result.suite.name}", "name": found.case.id}
    case = SubElement(suite, "testcase", attributes, file=span.source.name, line=str(span.line))
    if found.passed:
        return
    told = [f"{m.what}: expected {value_text(m.expected)}, found {value_text(m.found)}" for m in found.mismatches]
    failure = SubElement(case, "failure", message=printable(told[0]), type=found.mismatches[0].what)
    if found.decision is not None:
        told.append(f"decided {found.decision.outcome}: {found.decision.reason}")
    failure.text = "\n".join(printable(line) for line in told)
