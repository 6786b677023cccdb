"""RuleList under hit policy `collect`: every rule is asked, those that hold give a finding, rules over them conclude.

The findings are a variable, a list in the order of the rules. A condition that fails makes the decision fail where the
findings are read, unless `onRuleError` says what it finds instead.
"""

from __future__ import annotations

from rules.cel import presence
from rules.cel.bounds import result_of
from rules.cel.expressions import Template
from rules.cel.functions import BY_ID
from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Failed,
    Items,
    Node,
    RecordOf,
    Text,
    Variable,
    define,
)
from rules.cel.written import longest
from rules.documents.kinds import CollectSpec
from rules.documents.shape import Step
from rules.documents.type_specs import type_meant
from rules.kinds.lowering import Body, Lowering
from rules.kinds.records import Maker
from rules.kinds.rules import concluded, preconditions, told, unique_ids
from rules.plan import Row
from rules.source import Span
from rules.types import BOOL, ListType, RecordType, StringType, proves, show

Path = tuple[Step, ...]
FINDINGS = "findings"
RULE, REASON = "rule", "reason"
"""Fields of a finding that its rule fills, where they are text."""
UNTRIED = "the condition failed"
"""The reason of what `onRuleError` finds."""


def findings_body(lowering: Lowering) -> Body | None:
    """The body: the findings and the variables over them are named, then come the rules that conclude."""
    spec = lowering.spec
    assert isinstance(spec, CollectSpec)
    record = _record(lowering, spec.finding)
    places = [lowering.document.span("spec", "rules", index, "id") for index in range(len(spec.rules))]
    found = [] if record is None else [_finding(lowering, index, record) for index in range(len(spec.rules))]
    if lowering.check_name("variable-name", ("spec", "hitPolicy"), FINDINGS, lowering.scope.names):
        _name_findings(lowering, record, found)
    lowering.read_definitions(("spec", "conclude", "variables"), spec.conclude.variables)
    conclude, first = spec.conclude, preconditions(lowering)
    body = concluded(lowering, ("spec", "conclude"), conclude.rules, conclude.otherwise, first)
    own = [lowering.document.span("spec", "conclude", "rules", i, "id") for i in range(len(spec.conclude.rules))]
    ids = [*(rule.id for rule in spec.rules), *(rule.id for rule in spec.conclude.rules)]
    unique_ids(lowering, list(zip([*places, *own], ids, strict=True)))
    return body


def _record(lowering: Lowering, name: str) -> RecordType | None:
    """The record that findings are."""
    named, path = lowering.around.types.named, ("spec", "finding")
    found = named.get(name)
    if isinstance(found, RecordType):
        return found
    if found is None:
        lowering.error("types-unknown", path, f"there is no type `{name}`", remedy=type_meant(name, named))
    else:
        lowering.error("record-type", path, f"a finding is a record, and `{name}` is {show(found)}")
    return None


def _name_findings(lowering: Lowering, record: RecordType | None, found: list[Node | None]) -> None:
    parts = [part for part in found if part is not None]
    if record is None or len(parts) < len(found):
        lowering.faulty(FINDINGS)
        return
    findings = define(FINDINGS, _joined(parts))
    lowering.definitions.append(findings)
    lowering.scope = lowering.scope.with_names({FINDINGS: findings})


def _joined(lists: list[Node]) -> Node:
    """The lists one after the other, as a tree that is as flat as can be."""
    if len(lists) == 1:
        return lists[0]
    middle = len(lists) // 2
    args = _joined(lists[:middle]), _joined(lists[middle:])
    add = BY_ID["add_list"]
    t, raises = result_of(add, [arg.type for arg in args])
    return Call(add, args, t, args[0].span, raises)


def _finding(lowering: Lowering, index: int, record: RecordType) -> Node | None:
    """What a rule finds: a list of one, or of none where it does not hold."""
    spec = lowering.spec
    assert isinstance(spec, CollectSpec)
    rule, path = spec.rules[index], ("spec", "rules", index)
    when = lowering.expression((*path, "when"))
    known = told(when, True, presence.NONE)
    message = lowering.message((*path, "reason"), known=known)
    maker = Maker(lowering, lowering.scope, known, words=True)
    filled = _filled(lowering, record, path, rule.id)
    if _is_text(record, REASON):
        filled[REASON] = _text(lowering, record, message or Template((), lowering.document.span(*path, "reason")))
    made = maker.record((*path, "finding"), record, filled)
    failed: RecordOf | None = None
    if spec.onRuleError is not None:
        failed = _failed(lowering, record, path, rule.id)
    if when is None or message is None or made is None or (spec.onRuleError is not None and failed is None):
        return None
    lowering.rows.append(Row(rule.id, when, lowering.document.span(*path, "id")))
    return _asked(when, made, failed)


def _asked(when: Node, made: RecordOf, failed: RecordOf | None) -> Node:
    """The list of what was found; where the condition can fail and that is a finding, nothing is left to fail."""
    span = when.span
    if failed is None or not when.fails:
        return _either(when, _list((made,), made.type, span), _list((), made.type, span))
    condition = Variable(define("condition", when), span)
    test = Failed(condition, span)
    holds = Conditional(test, Constant(False, BOOL, span), condition, BOOL, span)
    found = _either(holds, _list((made,), made.type, span), _list((), made.type, span))
    return _either(test, _list((failed,), made.type, span), found)


def _list(items: tuple[Node, ...], record: RecordType, span: Span) -> Items:
    return Items(items, ListType(record, len(items)), span)


def _either(test: Node, then: Node, other: Node) -> Node:
    assert isinstance(then.type, ListType)
    return Conditional(test, then, other, ListType(then.type.item, 1), test.span)


def _failed(lowering: Lowering, record: RecordType, path: Path, rule: str) -> RecordOf | None:
    """What is found where a condition fails."""
    filled = _filled(lowering, record, path, rule)
    if _is_text(record, REASON):
        filled |= {REASON: Constant(UNTRIED, StringType(len(UNTRIED)), lowering.document.span(*path, "id"))}
    return Maker(lowering, lowering.scope, words=True).record(("spec", "onRuleError"), record, filled)


def _filled(lowering: Lowering, record: RecordType, path: Path, rule: str) -> dict[str, Node]:
    """The fields that every finding of a rule has without being told."""
    if not _is_text(record, RULE):
        return {}
    return {RULE: Constant(rule, StringType(len(rule)), lowering.document.span(*path, "id"))}


def _is_text(record: RecordType, name: str) -> bool:
    field = record.field(name)
    return field is not None and isinstance(field.type, StringType)


def _text(lowering: Lowering, record: RecordType, message: Template) -> Text:
    """A rule's message as the text of its finding, which must be long enough for it."""
    field = record.field(REASON)
    assert field is not None
    assert isinstance(field.type, StringType)
    most = longest(message.parts)
    if not proves(StringType(most), field.type):
        lowering.failed = True
        long = "any length" if most is None else f"up to {most} characters"
        admitted = f"at most {field.type.max_length}" if field.type.pattern is None else "those of a pattern"
        lowering.diagnostics.error(
            "finding-reason",
            message.span,
            f"the message may have {long}, `{REASON}` of `{record.name}` takes {admitted}",
            remedy=f"`{REASON}: {{type: string, maxLength: {most}}}` in `{record.name}`" if most else "",
        )
    return Text(message.parts, StringType(most), message.span)
