"""What a policy decides by, as Markdown: everything in its document that an outcome or an output depends on.

The parts stand in the order in which they are computed. Only log lines are left out: they decide nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from adapters.markdown import code, plain, table
from rules.documents.kinds import CollectSpec
from rules.documents.latch import DirectionsSpec, LatchSpec
from rules.documents.pipeline import PipelineSpec
from rules.documents.scorecard import ScorecardSpec
from rules.documents.sections import Conclusion, DecisionSpec, OutputSpec, VariableSpec
from rules.documents.tables import DecisionTableSpec, RoutingMapSpec, TableSpec, WhitelistSpec
from rules.plan import Plan


def logic(plan: Plan, spec: DecisionSpec) -> Iterator[str]:
    """Every part of a document that decides, as lines."""
    blocks = {name for name, effect in plan.outcomes.items() if effect == "block"}
    yield from _before(spec, blocks)
    yield from _calls(spec)
    yield from named("variable", getattr(spec, "variables", {}))
    yield from _latch(spec)
    yield from _steps(spec)
    yield from _written_table(spec, blocks)
    yield from _collected(spec)
    yield from _rules(spec, blocks)
    yield from _outputs(spec)
    yield from _must_hold("must hold of the result, or it fails", spec.ensures)


def named(what: str, expressions: Mapping[str, Any]) -> Iterator[str]:
    """Named expressions, first to last."""
    return table((what, "is"), [(name, _value(one)) for name, one in expressions.items()])


def _value(one: object) -> str:
    return code(one.value if isinstance(one, VariableSpec) else one)


def _outcome(outcome: str, blocks: Collection[str]) -> str:
    return f"*{outcome}*" if outcome in blocks else outcome


def _before(spec: DecisionSpec, blocks: Collection[str]) -> Iterator[str]:
    rows = [(one.id, f"not: {code(one.that)}", _outcome(one.outcome, blocks), one.reason) for one in spec.requires]
    exempt = spec.exempt if isinstance(spec, PipelineSpec) else []
    rows += [(one.id, code(one.when), _outcome(one.outcome, blocks), one.reason) for one in exempt]
    yield from table(("before anything else", "when", "outcome", "reason"), rows)


def _given(with_: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {code(value)}" for name, value in with_.items())


def _calls(spec: DecisionSpec) -> Iterator[str]:
    rows = [(name, _link(call.policy), _given(call.with_)) for name, call in spec.calls.items()]
    yield from table(("asks, as", "policy", "given"), rows)


def _link(policy: str) -> str:
    return f"[{policy}](#{policy})"


def _latch(spec: DecisionSpec) -> Iterator[str]:
    """A latch: what switches it, after how many readings and how long a rest, and where it is without them."""
    if not isinstance(spec, LatchSpec):
        return
    yield from named("reading", {} if spec.reading is None else {"reading": spec.reading})
    rows = [
        (way, code(when), code(getattr(spec.consecutive, side, spec.consecutive)), code(_side(spec.dwell, side)))
        for way, when, side in (("on", spec.on, "on"), ("off", spec.off, "off"))
    ]
    yield from table(("switches", "when", "for readings in a row", "after a rest of"), rows)
    initial = spec.safe if spec.initial is None else spec.initial
    lost = "A missing reading or an error" if spec.reading is not None else "An error"
    yield f"Without a state it is {_word(initial)}. {lost} puts it {_word(spec.safe)}, the safe side."
    yield ""


def _side(directions: object, side: str) -> object:
    return getattr(directions, side) if isinstance(directions, DirectionsSpec) else directions


def _word(on: bool) -> str:
    return "on" if on else "off"


def _steps(spec: Any) -> Iterator[str]:
    """The steps of a formula or a pipeline, as computed."""
    if not isinstance(spec, PipelineSpec):
        yield from named("step", getattr(spec, "steps", {}))
        return
    order = {name: place for place, name in enumerate(spec.priority or [step.id for step in spec.steps], 1)}
    rows = [
        (
            step.id,
            _link(step.policy),
            _given(step.with_),
            code(step.if_) if step.if_ is not None else "",
            str(order[step.id]),
        )
        for step in spec.steps
    ]
    yield (
        "Steps stand in the order in which they are computed; where several deny, the one with the lowest number names"
        " the reason."
    )
    yield ""
    yield from table(("step", "policy", "given", "asked if", "names the reason"), rows)
    if spec.deny is not None:
        yield f"Every denial is *{spec.deny.outcome}*: {spec.deny.reason}."
        yield ""


def _written_table(spec: DecisionSpec, blocks: Collection[str]) -> Iterator[str]:
    """The pipe table of a document, as Markdown, and what its columns read."""
    if not isinstance(spec, TableSpec | WhitelistSpec | ScorecardSpec):
        return
    yield from _columns(spec)
    rows = [line.strip() for line in spec.table.splitlines() if line.strip()]
    yield rows[0]
    yield "|" + " --- |" * (rows[0].count("|") - 1)
    yield from rows[1:]
    yield ""
    match spec:
        case WhitelistSpec():
            judged: dict[str, Conclusion | None] = {
                "an unknown column": spec.unknownColumn, "no row": spec.absentRow, "an unknown row": spec.unknownRow,
                "yes": spec.listed, "no": spec.unlisted,
            }  # fmt: skip
            found = [(what, _outcome(one.outcome, blocks), one.reason) for what, one in judged.items() if one]
            yield from table(("judged in this order", "outcome", "reason"), found)
        case TableSpec():
            yield from _reading_of_rows(spec)
        case ScorecardSpec():
            (enum,) = spec.by.values()
            yield (
                "The weights of the rows that hold are summed word by word, as `scores`. The word with the highest sum"
                f" is `best`, its sum `best_score`; of equals, the one that stands first in `{enum}`."
            )
            yield ""


def _columns(spec: TableSpec | WhitelistSpec | ScorecardSpec) -> Iterator[str]:
    match spec:
        case WhitelistSpec():
            yield from named("of the table", {"row": spec.row, "column": spec.column})
        case TableSpec():
            on = {"on": spec.on} if isinstance(spec, RoutingMapSpec) else {}
            yield from named("column", {**on, **spec.columns})
        case ScorecardSpec():
            pass


def _reading_of_rows(spec: TableSpec) -> Iterator[str]:
    policy = spec.hitPolicy if isinstance(spec, DecisionTableSpec) else "first"
    decides = {
        "first": "The first row that applies decides.",
        "unique": "At most one row may apply.",
        "any": "Several rows may apply where they agree.",
        "priority": "Of the rows that apply, the one whose outcome stands first decides: ",
    }[policy]
    order = f"{', '.join(spec.priority)}." if isinstance(spec, DecisionTableSpec) and spec.priority else ""
    otherwise = ""
    if spec.otherwise is not None:
        otherwise = f" Where none does: {', '.join(f'{name} {code(one)}' for name, one in spec.otherwise.items())}."
    yield f"{decides}{order}{otherwise} The reason is {code(spec.reason)}."
    yield ""


def _collected(spec: DecisionSpec) -> Iterator[str]:
    """The rules that find something, all of which are asked."""
    if not isinstance(spec, CollectSpec):
        return
    rows = [(rule.id, code(rule.when), code(rule.finding), rule.reason) for rule in spec.rules]
    yield "Every check is asked, and what those that hold find is `findings`."
    yield ""
    yield from table(("check", "finds when", "finding", "reason"), rows)
    if spec.onRuleError is not None:
        yield f"A check whose condition fails finds {code(spec.onRuleError)}."
        yield ""


def _rules(spec: Any, blocks: Collection[str]) -> Iterator[str]:
    """The rules that conclude, first to last; the ways of a rule each in a row of its own."""
    conclude = getattr(spec, "conclude", None)
    if conclude is not None:
        yield from named("concluded from", conclude.variables)
    ruled = conclude or spec
    rows: list[tuple[str, ...]] = []
    for rule in getattr(ruled, "rules", []):
        shown = _outcome(rule.outcome, blocks)
        if not rule.any:
            rows.append((rule.id, code(rule.when), shown, rule.reason or ""))
        for at, way in enumerate(rule.any or []):
            when = _both(rule.when, way.when)
            rows.append((rule.id if at == 0 else "", code(when), shown if at == 0 else "", way.reason))
    otherwise = getattr(ruled, "otherwise", None)
    if isinstance(otherwise, Conclusion):
        rows.append(("otherwise", "", _outcome(otherwise.outcome, blocks), otherwise.reason))
    yield from table(("rule", "when", "outcome", "reason"), rows)


def _both(rule: object, way: object) -> object:
    """The condition of one way: the rule's and its own, without one that always holds."""
    said = [one for one in (rule, way) if str(one).lower() != "true"]
    return " && ".join(f"({one})" if len(said) > 1 and "||" in str(one) else str(one) for one in said) or True


def _outputs(spec: DecisionSpec) -> Iterator[str]:
    rows = [(name, _output(one), code(one.when) if one.when is not None else "") for name, one in spec.outputs.items()]
    yield from table(("gives", "is", "given when"), rows)


def _output(output: OutputSpec) -> str:
    if output.least is not None:
        return f"the least that is there of {plain(code(one) for one in output.least)}"
    return code(output.value)


def _must_hold(head: str, requirements: Any) -> Iterator[str]:
    return table((head, ""), [(one.id, code(one.that)) for one in requirements])
