"""The conditions that a document writes: what its suites are measured against, beside its rules.

A condition is an operand of `&&`, `||` and `!`, down to what holds none: the operands of every guard and of every other
bool that is computed, the test of a `? :`, the condition of a `filter`, `exists`, `exists_one` or `all`. A cell of a
table is one condition for each test between its commas.

Four things are none. A constant. What a kind puts together itself. What only has to hold (`ensures`,
`parametersRequire`), since nothing shows that false. And whether a policy that was asked has failed
(`has(steps.margin.headroom)`): the checker wants it asked, and a suite that shows it would show a fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.cel.paths import path_of
from rules.cel.tree import Call, Conditional, Constant, Has, Logic, Loop, Node, Root, Select, Variable, children, walk
from rules.plan import Plan, expressions
from rules.types import BoolType

ASKING = frozenset({"filter", "exists", "exists_one", "all"})
"""The macros whose body is a condition."""


def conditions(plan: Plan) -> Iterator[Node]:
    """The conditions of a document, and those of the libraries that it takes."""
    held = {id(requirement.that) for requirement in (*plan.ensures, *plan.parameter_requirements)}
    guards = set(_guards(plan))
    for node in (*plan.written, *_of_libraries(plan)):
        if id(node) not in held:
            asks = isinstance(node.type, BoolType) and (id(node) in guards or path_of(node) is None)
            yield from (one for one in operands(node, asked=asks) if not _asks_of_failure(one, plan))


def text_of_condition(node: Node) -> str:
    """How a condition reads in its document, on one line."""
    return " ".join(node.span.text.split())


def _guards(plan: Plan) -> Iterator[int]:
    """The identities of the conditions by themselves, as documents write them."""
    for case in plan.all_cases:
        whens = (case.when, *(way.when for way in case.alternatives))
        for when in (one for one in whens if one is not None):
            yield from (id(part) for part in _put_together(when))
    others = (*plan.outputs, *plan.calls, *plan.log)
    yield from (id(one.when) for one in others if one.when is not None)
    yield from (id(row.when) for row in plan.rows)


def _put_together(node: Node) -> Iterator[Node]:
    """A guard and all that it is put together from, by the document or by its kind."""
    yield node
    if isinstance(node, Logic) or (isinstance(node, Call) and node.overload.id == "not"):
        for part in children(node):
            yield from _put_together(part)


def _of_libraries(plan: Plan) -> Iterator[Node]:
    """The definitions of other documents that a plan reads."""
    seen: set[int] = set()
    for node in expressions(plan):
        for part in walk(node, into_variables=True):
            if isinstance(part, Variable) and id(part.definition) not in seen:
                seen.add(id(part.definition))
                if part.definition.node.span.source.name != plan.span.source.name:
                    yield part.definition.node


def _asks_of_failure(node: Node, plan: Plan) -> bool:
    """Whether a condition asks no more than whether a policy that was asked has failed."""
    match node:
        case Logic(operator="&&", left=left, right=right):
            return _asks_of_failure(left, plan) and _asks_of_failure(right, plan)
        case Has(path=Select(field=field)):
            return field.lacking
        case Has(path=Root(kind="output", name=name)):
            when = next(output.when for output in plan.outputs if output.name == name)
            return when is not None and _asks_of_failure(when, plan)
        case _:
            return False


def operands(node: Node, *, asked: bool) -> Iterator[Node]:
    """The conditions of an expression; `asked`: it is one itself, or several under `&&`, `||` and `!`."""
    if asked and (below := _operands_of(node)):
        for part in below:
            yield from operands(part, asked=True)
        return
    if isinstance(node, Conditional):
        yield from operands(node.test, asked=node.test.span != node.span)
        for part in (node.then, node.other):
            yield from operands(part, asked=asked)
        return
    if asked and not isinstance(node, Constant):
        yield node
    bodies = node.bodies if isinstance(node, Loop) and node.macro in ASKING else ()
    for part in children(node):
        yield from operands(part, asked=any(part is body for body in bodies))


def _operands_of(node: Node) -> tuple[Node, ...]:
    """What a condition is put together from, where each part has a place of its own in the document."""
    match node:
        case Logic(left=left, right=right):
            parts: tuple[Node, ...] = (left, right)
        case Call(overload=overload, args=args) if overload.id == "not":
            parts = args
        case _:
            return ()
    places = {(part.span.start, part.span.end) for part in (*parts, node)}
    return parts if len(places) > len(parts) else ()
