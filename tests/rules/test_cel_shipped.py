"""The shipped policies: every line of every expression has a typed node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rules.bundle import load
from rules.cel.expressions import Template
from rules.cel.tree import Node, walk
from rules.plan import LogLine, Plan
from rules.source import Span


def expressions(plan: Plan) -> Iterator[Node]:
    """Every expression of a plan."""
    for definition in plan.definitions:
        yield definition.node
    for case in plan.all_cases:
        yield from [] if case.when is None else [case.when]
        yield from of_template(case.reason)
        for way in case.alternatives:
            yield way.when
            yield from of_template(way.reason)
    for output in plan.outputs:
        yield output.value
        yield from [] if output.when is None else [output.when]
    yield from (requirement.that for requirement in (*plan.ensures, *plan.parameter_requirements))
    for line in plan.log:
        yield from of_template(line.line if isinstance(line, LogLine) else None)


def of_template(template: Template | None) -> Iterator[Node]:
    return (part.node for part in template.parts if not isinstance(part, str)) if template else iter(())


def test_every_line_of_the_shipped_expressions_has_a_node(repository: Path) -> None:
    bundle = load(repository / "policies").bundle
    assert bundle is not None
    seen = 0
    for plan in bundle.plans.values():
        collects = any(definition.name == "findings" for definition in plan.definitions)
        if collects or plan.kind not in ("RuleList", "Formula"):  # put together of what is written in several places
            continue
        for node in expressions(plan):
            lines = lines_with_code(node.span)
            covered = {part.span.line for part in walk(node)} | {end_line(part.span) for part in walk(node)}
            assert lines <= covered, node.span.text
            seen += len(lines)
            for part in walk(node):
                assert part.span.text.strip()
                assert (part.span.source, node.span.start <= part.span.start) == (node.span.source, True)
    assert seen > 50


def lines_with_code(span: Span) -> set[int]:
    """The lines of a span that hold a name or a literal."""
    return {span.line + i for i, line in enumerate(span.text.split("\n")) if re.search(r"\w", line)}


def end_line(span: Span) -> int:
    return span.source.position(max(span.start, span.end - 1))[0]
