"""How a plan decides, as terms: which case applies or fails, outputs, requirements, and the policies that it asks.

Cases are asked in order; each is told where it is the one, so that exactly one of all cases and of failing is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.exits import RULE as EXIT
from engine.symbolic.constants import constant, given_slot
from engine.symbolic.expressions import Expressions, Scope
from engine.symbolic.found import Found
from engine.symbolic.space import Space
from engine.symbolic.terms import Truth, conj, disj, negated
from engine.symbolic.unknowns import Unknowns
from engine.symbolic.values import Place, Record, Row, Slot, Table, Value, chosen
from engine.symbolic.words import Words
from rules.plan import Binding, Call, Case, Output, ParameterValue, Plan
from rules.types import Field, MapType, Type

FAILED = "error"
"""The rule that callers see of a decision that failed."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: where each case is the one that applies, where deciding fails, and the outputs."""

    plan: Plan
    applies: tuple[Truth, ...]
    """Of `plan.all_cases`; none of them where deciding fails."""
    fails: Truth
    outputs: Mapping[str, Slot]
    tried: tuple[Truth, ...]
    """Of `plan.all_cases`: where the case would apply before outputs and requirements are looked at."""
    let_out: Truth = False
    """Where deciding fails and an order is let out all the same, with the outputs of the fixed rule."""

    def by_itself(self) -> Decided:
        """The decision where no other policy asks for it: what only reduces is let out although deciding fails."""
        plan = self.plan
        lost = disj(*(conj(t, self.fails) for c, t in zip(plan.all_cases, self.tried, strict=True) if c.id == EXIT))
        if plan.exits is None or lost is False:
            return self
        applies = tuple(
            disj(applies, lost) if case.id == EXIT else applies
            for case, applies in zip(plan.all_cases, self.applies, strict=True)
        )
        return replace(self, applies=applies, fails=conj(self.fails, negated(lost)), let_out=lost)

    def is_outcome(self, outcome: str) -> Truth:
        """Where the outcome is this one."""
        mine = [a for case, a in zip(self.plan.all_cases, self.applies, strict=True) if case.outcome == outcome]
        return disj(*mine, self.fails if outcome == self.plan.on_error else False)

    def has_effect(self, effect: str) -> Truth:
        """Where the effect is this one; what fails blocks."""
        effects = self.plan.outcomes
        mine = [a for c, a in zip(self.plan.all_cases, self.applies, strict=True) if effects[c.outcome] == effect]
        return disj(*mine, self.fails if effect == "block" else False)

    def is_rule(self, rule: str) -> Truth:
        """Where the rule is this one."""
        return disj(*(a for case, a in zip(self.plan.all_cases, self.applies, strict=True) if case.id == rule))


@dataclass(slots=True)
class Deciding:
    """Policies of a bundle, decided symbolically over shared unknowns."""

    plans: Mapping[str, Plan]
    space: Space
    words: Words
    unknowns: Unknowns
    moved: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    """Parameters that do not stand at their defaults, by the document that declares them and their name."""

    def beside(self, plans: Mapping[str, Plan]) -> Deciding:
        """Other policies over the same unknowns, their parameters at their defaults."""
        return Deciding(plans, self.space, self.words, self.unknowns)

    def decide(self, policy: str, inputs: Mapping[str, Slot]) -> Decided:
        """A decision on inputs, one for each of the policy's."""
        return _Decision(self, self.plans[policy], inputs).decided()

    def scope(self, plan: Plan, inputs: Mapping[str, Slot]) -> Scope:
        """What names stand for before anything is decided."""
        roots = {("input", name): Found(slot.value, False, slot.there) for name, slot in inputs.items()}
        for parameter in plan.parameters:
            value = self.moved.get((parameter.origin, parameter.name))
            if value is None:
                value = self.parameter(parameter.default, parameter.type)
            roots["parameter", parameter.name] = Found(value)
        return Scope(roots)

    def parameter(self, value: ParameterValue, t: Type) -> Value:
        """The value of a parameter."""
        if isinstance(t, MapType) and isinstance(value, Mapping):
            places = tuple(Place(constant(one, t.value, self.words)) for one in value.values())
            return Table(tuple(self.words.of(key) for key in value), Row(places))
        assert not isinstance(value, Mapping)
        return constant(value, t, self.words)

    def unsaid(self, target: Field) -> Slot:
        """An input that is given nothing: its default, or absent."""
        value = None if target.default is None else target.default.value
        return given_slot(list(value) if value == () else value, target, self.words, self.unknowns)


class _Decision:
    """One decision of one plan."""

    def __init__(self, deciding: Deciding, plan: Plan, inputs: Mapping[str, Slot]) -> None:
        self.deciding, self.plan = deciding, plan
        scope = deciding.scope(plan, inputs)
        scope.ask = self._ask
        self.reader = Expressions(deciding.space, deciding.words, deciding.unknowns, scope)
        self._calls = {call.name: call for call in plan.calls}
        self._asked: dict[str, Found] = {}

    def decided(self) -> Decided:
        """Ask every case, then what is told of the one that applies."""
        open_: Truth = True
        tried: list[Truth] = []
        failing: list[Truth] = []
        for case in self.plan.cases:
            applies, fails = self._case(case)
            tried.append(conj(open_, applies))
            failing.append(conj(open_, fails))
            open_ = conj(open_, negated(applies), negated(fails))
        tried.append(open_)
        self._tell(tried)
        failed = disj(*failing)
        outputs: dict[str, Slot] = {}
        for output in self.plan.outputs:
            slot, fails = self._output(output)
            failed = disj(failed, conj(negated(failed), fails))
            outputs.setdefault(output.name, slot)
        for requirement in self.plan.ensures:
            found = self.reader.found(requirement.that)
            failed = disj(failed, found.fails, negated(found.value))
        applied = tuple(conj(one, negated(failed)) for one in tried)
        fine = negated(failed)
        told = {name: Slot(slot.value, conj(slot.there, fine)) for name, slot in outputs.items()}
        return Decided(self.plan, applied, failed, told, tuple(tried))

    def _case(self, case: Case) -> tuple[Truth, Truth]:
        """Where a case applies, and where asking fails instead."""
        assert case.when is not None
        when = self.reader.found(case.when)
        holds = conj(when.value, negated(when.fails))
        if not case.alternatives:
            return holds, when.fails
        applies: list[Truth] = []
        failing = [when.fails]
        for way in case.alternatives:
            found = self.reader.found(way.when)
            applies.append(conj(holds, found.value, negated(found.fails)))
            failing.append(conj(holds, found.fails))
            holds = conj(holds, negated(found.value), negated(found.fails))
        return disj(*applies), disj(*failing)

    def _tell(self, tried: list[Truth]) -> None:
        """What `decision.outcome` and the like stand for."""
        rows = [(case.outcome, case.id, self.plan.outcomes[case.outcome]) for case in self.plan.all_cases]
        for at, name in enumerate(("outcome", "rule", "effect")):
            self.reader.scope.roots["decision", name] = Found(self._word([row[at] for row in rows], tried))

    def _word(self, texts: list[str], where: list[Truth]) -> Value:
        found: Value = self.deciding.words.of(texts[-1])
        for text, truth in zip(reversed(texts[:-1]), reversed(where[:-1]), strict=True):
            found = chosen(truth, self.deciding.words.of(text), found)
        return found

    def _output(self, output: Output) -> tuple[Slot, Truth]:
        when = Found(True) if output.when is None else self.reader.found(output.when)
        there = conj(when.value, negated(when.fails))
        value = self.reader.found(output.value)
        outside = negated(self.reader.within(value.value, output.type, output.value.type))
        return Slot(value.value, there), disj(when.fails, conj(there, disj(value.fails, outside)))

    # -- asking other policies

    def _ask(self, name: str) -> Found:
        if name not in self._asked:
            self._asked[name] = self._called(self._calls[name])
        return self._asked[name]

    def _called(self, call: Call) -> Found:
        when = Found(True) if call.when is None else self.reader.found(call.when)
        there = conj(when.value, negated(when.fails))
        callee = self.deciding.plans[call.policy]
        inputs: dict[str, Slot] = {}
        failing: list[Truth] = []
        for target, binding in zip(callee.inputs, call.bindings, strict=True):
            slot, fails = self._bound(target, binding)
            inputs[target.name] = slot
            failing.append(fails)
        decided = self.deciding.decide(call.policy, inputs)
        fails = disj(when.fails, conj(there, disj(*failing)))
        return Found(self._result(call, decided), fails, when.value)

    def _bound(self, target: Field, binding: Binding) -> tuple[Slot, Truth]:
        if binding.node is None:
            return self.deciding.unsaid(target), False
        when = Found(True) if binding.when is None else self.reader.found(binding.when)
        there = conj(when.value, negated(when.fails))
        value = self.reader.found(binding.node)
        outside = negated(self.reader.within(value.value, target.type, binding.node.type))
        fails = disj(when.fails, conj(there, disj(value.fails, outside)))
        return Slot(value.value, when.value), fails

    def _result(self, call: Call, decided: Decided) -> Record:
        """What a caller sees of a decision."""
        plan, words = decided.plan, self.deciding.words
        rows = [
            *((c.outcome, c.id, plan.outcomes[c.outcome]) for c in plan.all_cases),
            (plan.on_error, FAILED, "block"),
        ]
        where = [*decided.applies, decided.fails]

        def make(name: str) -> Slot:
            if name in ("outcome", "rule", "effect"):
                at = ("outcome", "rule", "effect").index(name)
                return Slot(self._word([row[at] for row in rows], where))
            if name == "reason":
                self.deciding.space.loose.setdefault(f"{call.name}.reason", "a message")
                return Slot(words.some("reason"))
            return decided.outputs[name]

        return Record(("outcome", "effect", "rule", "reason", *decided.outputs), make)
