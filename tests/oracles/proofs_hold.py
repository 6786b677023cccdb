"""Whether what is proved holds: pairs of expressions that are easily confused, in versions and claims, then decided.

    python -m tests.oracles.proofs_hold [--pairs 2000] [--seed 0] [--patience 2.5] [--rows]

Wherever two versions are said to decide alike, or a claim is said to hold or to claim nothing, the scalar reader
decides some hundred hostile inputs. One on which it finds otherwise shows a false proof. What is not proved is not
looked at.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from engine.decision import Decision
from engine.faults import InputsRefused
from engine.policy import Policy, compile_bundle
from engine.symbolic.differing import OUTPUTS, Compared, compared
from engine.symbolic.moved import PARAMETER, STAMP, Moved, movable
from engine.symbolic.proving import PLACES, Patience, answered
from engine.symbolic.terms import conj
from engine.symbolic.verifying import verified, with_invariants
from rules.bundle import Bundle, load
from rules.plan import ParameterValue, Plan
from rules.types import MapType
from tests.engine.small import HEADER, TYPES, rule_list
from tests.oracles.confusable import Expression, Pair, Writer, declared, read_by
from tests.oracles.confusable_forms import INPUTS
from tests.oracles.hostile import Hostile, longest

NEVER = "rules: [{id: never, when: 'size(\"\") > 0', outcome: NO, reason: r}]"
OTHERWISE = "otherwise: {outcome: 'YES', reason: fine}"
DRAWS = 300
"""Inputs that a proof is held against."""
SHOWN = {
    **{"string": "{}", "list:string": "{}.join('|')", "list:double": "{}.map(q, string(q)).join('|')"},
    **{"list:int": "{}.map(q, string(q)).join('|')", "list:Item": "{}.map(q, q.name).join('|')", "Item": "({}).name"},
}
"""How a value is made a text that shows all of it, by type; of others by `string`."""
OUTPUT_TYPES = {
    **{"list:double": "{list: double, maxItems: 4000}", "list:int": "{list: int, maxItems: 4000}"},
    **{"list:string": "{list: string, maxItems: 4000}", "list:Item": "{list: Item, maxItems: 4000}"},
}
"""The types of outputs, where they are not written as the types of expressions."""
HANDED = {
    **{"string": "{type: string, maxLength: 4000}", "list:string": "{list: Word, maxItems: 40}", "double": "Huge"},
    **{"duration": '{type: duration, minimum: "-9000h", maximum: "9000h"}', "list:int": "{list: int, maxItems: 40}"},
    "list:double": "{list: Huge, maxItems: 40}",
}
"""The types of an input that a value is handed on to, where they are not written as the types of expressions."""
HANDS_ON = """
calls: {h: {policy: handed, with: {g: %s}}}
rules: [{id: r, when: '!has(h.o)', outcome: NO, reason: r}]
outputs: {'o?': {type: string, value: h.o, when: has(h.o)}}
"""
PARAMETERS = """
parameters:
  cap: {type: double, default: 1.5, min: -10.0, max: 10.0, description: d}
  caps: {per: Word, type: double, unlisted: 0.0, maxEntries: 4, min: -9.0, max: 9.0, default: {a: 1.5}, description: d}
"""
CALLS = "calls: {a: {policy: asked, with: {g: inputs.x}}, b: {policy: asked, with: {g: inputs.y}}}"
ASKED = rule_list(
    "asked",
    """
inputs: {g: Amount}
rules:
  - {id: first, when: inputs.g > 1.0, outcome: NO, reason: r}
  - {id: second, when: 1.0 / inputs.g < -1.0, outcome: NO, reason: r}
otherwise: {outcome: 'YES', reason: fine}
outputs:
  got: {type: double, value: inputs.g}
  'some?': {type: double, value: -inputs.g, when: inputs.g < 1.0}
""",
)
MINE = TYPES.replace("  records:", "  openEnums:\n    Venue: [BINANCE, KRAKEN]\n  records:", 1)
Ended = Counter[str]


@dataclass(frozen=True, slots=True)
class FalseProof:
    """What was said to be so, the documents that it was said of, and inputs of which it is not so."""

    edit: str
    said: str
    documents: tuple[str, ...]
    inputs: Mapping[str, Any]
    decided: tuple[str, ...]

    def __str__(self) -> str:
        texts = "\n---\n".join(_body(one) for one in self.documents)
        return f"== {self.edit}: {self.said}\n{texts}\n{json.dumps(self.inputs)}\n  {' | '.join(self.decided)}"


def _body(document: str) -> str:
    """A document without what all have alike."""
    return document.partition("\nspec:\n")[2].strip("\n")


@dataclass(slots=True)
class Check:
    """Makes pairs, has them proved, and holds each proof against the scalar reader."""

    rng: Random
    folder: Path
    patience_s: float
    ended: Ended

    def once(self) -> FalseProof | None:
        """One pair; a false proof of it, if there is one."""
        return self.of(Writer(self.rng).pair())

    def of(self, pair: Pair) -> FalseProof | None:
        """A false proof of a pair, if there is one."""
        edit, one, other = pair
        if "params." in one.text + other.text and self.rng.random() < 0.6:
            return self._moved(edit, one, other)
        forms = (self._as_output, self._as_output, self._as_output, self._as_rule, self._handed_on, self._claimed)
        return self.rng.choice(forms)(edit, one, other)

    # -- two versions

    def _as_output(self, edit: str, one: Expression, other: Expression) -> FalseProof | None:
        """An output that is the value, or its text."""
        plain = self.rng.random() < 0.3
        names = read_by(one.text, other.text)
        outputs = (_output(each, plain=plain) for each in (one, other))
        bodies = [f"{_head(names, one, other)}{NEVER}\n{OTHERWISE}\noutputs: {{{output}}}" for output in outputs]
        return self._versions(edit, bodies)

    def _as_rule(self, edit: str, one: Expression, other: Expression) -> FalseProof | None:
        """A rule that goes by the value: one that errors on the way has the outcome that errors have."""
        names = read_by(one.text, other.text)
        like = json.dumps(self.rng.choice(("0", "-0", "1", "", "a", "a|b", "true", "LONG")))
        tests = (each.text if each.kind == "bool" else f"{shown(each)} == {like}" for each in (one, other))
        rule = "rules: [{{id: r, when: {}, outcome: NO, reason: r}}]"
        head = _head(names, one, other)
        return self._versions(edit, [f"{head}{rule.format(json.dumps(test))}\n{OTHERWISE}" for test in tests])

    def _handed_on(self, edit: str, one: Expression, other: Expression) -> FalseProof | None:
        """A policy that is asked with the value."""
        if one.kind != other.kind or one.kind in ("map", "Item", "list:Item"):
            return None
        head = _head(read_by(one.text, other.text), one, other)
        if "calls:" in head:
            return None
        text = json.dumps(SHOWN.get(one.kind, "string({})").format("inputs.g"))
        handed = f"inputs: {{g: {HANDED.get(one.kind, one.kind)}}}\n{NEVER}\n{OTHERWISE}\n"
        handed += f"outputs: {{o: {{type: string, value: {text}}}}}"
        bodies = [f"{head}{HANDS_ON % json.dumps(each.text)}{OTHERWISE}" for each in (one, other)]
        return self._versions(edit, bodies, rule_list("handed", handed))

    def _versions(self, edit: str, bodies: list[str], *more: str) -> FalseProof | None:
        documents = [rule_list("gate", body) for body in bodies]
        found = [self._bundle(one, *more) for one in documents]
        if None in found:
            self.ended["refused"] += 1
            return None
        machines = [compile_bundle(one) for one in found if one is not None]
        said = compared(machines[0], machines[1], "gate", self._patience())
        self._note(said)
        policies = [machine.policies["gate"] for machine in machines]
        if not any(one.result == "none" for one in said.differences):
            return None
        for inputs in self._draws(policies[0].plan):
            old, new = (decided(policy, inputs) for policy in policies)
            if old is not None and new is not None and _denied(said, old, new, inputs):
                return FalseProof(edit, "alike", (*documents, *more), inputs, (told(old), told(new)))
        return None

    def _note(self, said: Compared) -> None:
        results = {one.result for one in said.differences}
        some = "some" if "some" in results else "unknown"
        self.ended["equal" if said.equal else "equal up to" if results == {"none"} else some] += 1

    # -- claims

    def _claimed(self, edit: str, one: Expression, other: Expression) -> FalseProof | None:
        """That the values are the same, given something or nothing."""
        names = read_by(one.text, other.text)
        same = f"({shown(one)}) == ({shown(other)})"
        if one.kind == other.kind and one.kind not in ("Item", "list:Item", "map") and self.rng.random() < 0.4:
            same = f"({one.text}) == ({other.text})"
        given = []
        if self.rng.random() < 0.4:
            long = [f"size({name}) > 13" for name in names if "maxItems: 16" in INPUTS[name][1]]
            given = [self.rng.choice([*long, Writer(self.rng).write("bool", 2).text])]
            names = read_by(one.text, other.text, *given)
        if "params." in same + str(given) or not names:
            return None
        asks = _asks(same + str(given))
        names = [*dict.fromkeys(["x", "y", *names])] if asks else names
        calls = CALLS.replace("calls:", "decisions:") if asks else ""
        body = f"forAll: {{{declared(names)}}}\n{calls}\ngiven: {json.dumps(given)}\n"
        body += f"holds: [{{id: c, that: {json.dumps(same)}}}]"
        head = f"{HEADER}kind: Invariant\nmetadata: {{name: claim, version: 1.0.0, title: t, owner: o}}\nspec:\n  "
        document = head + body.replace("\n", "\n  ") + "\n"
        return self._held(edit, document, [ASKED] if calls else [])

    def _held(self, edit: str, document: str, more: list[str]) -> FalseProof | None:
        bundle = self._bundle(document, *more)
        if bundle is None:
            self.ended["refused"] += 1
            return None
        said = verified(bundle, bundle.invariants[0], self._patience())
        self.ended[said.result if said.up_to is None else f"{said.result} up to"] += 1
        denied = {"proved": ("REFUTED",), "vacuous": ("REFUTED", "HOLDS")}.get(said.result, ())
        policy = compile_bundle(with_invariants(bundle), asked=["claim"]).policies["claim"]
        for inputs in self._draws(policy.plan) if denied else ():
            found = decided(policy, inputs)
            if found is not None and found.outcome in denied and _counts(said.up_to, inputs):
                return FalseProof(edit, said.result, (document,), inputs, (told(found),))
        return None

    # -- parameters that stand anywhere

    def _moved(self, edit: str, one: Expression, other: Expression) -> FalseProof | None:
        """That no parameters make the values differ."""
        if one.kind != other.kind or "params." not in one.text + other.text:
            return self._as_output(edit, one, other)
        differ = json.dumps(f"({shown(one)}) != ({shown(other)})")
        rules = f"rules: [{{id: r, when: {differ}, outcome: NO, reason: r}}]\n{OTHERWISE}"
        document = rule_list("gate", _head(read_by(one.text, other.text), one, other) + rules)
        bundle = self._bundle(document)
        if bundle is None:
            self.ended["refused"] += 1
            return None
        machine = compile_bundle(bundle)
        moved = Moved(machine, "gate", movable(machine.policies["gate"].plan, machine.bundle.plans), tied=False)
        problems = ((places, *_refuting(moved, places)) for places in PLACES)
        found = answered(problems, lambda inputs: _is_no(moved, inputs), self._patience())
        self.ended[f"moved: {found.result}"] += 1
        for inputs in self._draws(moved.plan) if found.result == "impossible" else ():
            values = self._parameters(moved.plan)
            mine = decided(moved.policy.with_parameters(values), inputs)
            if mine is not None and mine.outcome == "NO" and _counts(found.up_to, inputs):
                named = {f"{PARAMETER}{name}": value for name, value in values.items()}
                return FalseProof(edit, "impossible", (document,), {**inputs, **named}, (told(mine),))
        return None

    def _parameters(self, plan: Plan) -> dict[str, ParameterValue]:
        """Parameters anywhere: of one per key, other keys too, and not those that are published."""
        hostile, found = Hostile((), self.rng), dict[str, ParameterValue]()
        for one in plan.parameters:
            if isinstance(one.type, MapType):
                found[one.name] = hostile.value(one.type)
            else:
                found[one.name] = one.read(hostile.value(one.type))
        return found

    # -- what all have in common

    def _bundle(self, *documents: str) -> Bundle | None:
        """The checked bundle of some documents, and of those that they ask."""
        asked = [ASKED] if any("policy: asked" in one for one in documents) and ASKED not in documents else []
        files = {f"p{at}.yaml": text for at, text in enumerate((*documents, *asked))}
        files["types.yaml"] = MINE
        listed = ", ".join(f'"{name}"' for name in files)
        head = f"{HEADER}kind: Bundle\nmetadata: {{name: small, version: 1.0.0, title: t, owner: o}}\n"
        files["bundle.yaml"] = f"{head}spec: {{includes: [{listed}]}}\n"
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return load(self.folder).bundle

    def _draws(self, plan: Plan) -> Iterator[dict[str, Any]]:
        return Hostile(plan.inputs, self.rng).draws(DRAWS)

    def _patience(self) -> Patience:
        end = time.monotonic() + self.patience_s
        return Patience(lambda: end - time.monotonic())


def shown(one: Expression) -> str:
    """A text that shows all of a value."""
    return SHOWN.get(one.kind, "string({})").format(one.text)


def _output(one: Expression, *, plain: bool) -> str:
    """An output: the value itself, or its text."""
    kind, value = (OUTPUT_TYPES.get(one.kind, one.kind), one.text) if plain else ("string", shown(one))
    return f"o: {{type: {kind}, value: {json.dumps(value)}}}"


def _asks(text: str) -> bool:
    return re.search(r"\b[ab]\.(outcome|rule|effect|got|some)\b", text) is not None


def _head(names: list[str], *read: Expression) -> str:
    """What stands above the rules: inputs, and parameters and calls where they are read."""
    texts = " ".join(one.text for one in read)
    head = f"inputs: {{{declared(names or ['x'])}}}\n"
    if _asks(texts):
        head = f"inputs: {{{declared([*dict.fromkeys(['x', 'y', *names])])}}}\n{CALLS}\n"
    return head + (PARAMETERS.strip() + "\n" if "params." in texts else "")


def decided(policy: Policy, inputs: Mapping[str, Any]) -> Decision | None:
    """What the scalar reader decides of those of the inputs that a policy reads."""
    mine = {f.name: inputs[f.name] for f in policy.plan.inputs if f.name in inputs}
    try:
        return policy.decide(policy.read(json.dumps(mine)), STAMP)
    except InputsRefused:
        return None


def told(one: Decision) -> str:
    """A decision in a line."""
    return f"{one.outcome} ({one.effect}) {json.dumps(one.outputs)}"


def _counts(up_to: int | None, inputs: Mapping[str, Any]) -> bool:
    """Whether a proof is about inputs."""
    return up_to is None or max(map(longest, inputs.values()), default=0) <= up_to


def _denied(said: Compared, old: Decision, new: Decision, inputs: Mapping[str, Any]) -> bool:
    """Whether two decisions are what was said not to come about."""
    if (old.outcome, old.effect, old.outputs) == (new.outcome, new.effect, new.outputs):
        return False
    pair = old.outcome, new.outcome if (old.outcome, old.effect) != (new.outcome, new.effect) else OUTPUTS
    about = next((one for one in said.differences if (one.old, one.new) == pair), None)
    return about is None or (about.result == "none" and _counts(about.up_to, inputs))


def _refuting(moved: Moved, places: int) -> tuple[Any, Any]:
    problem, decision, required = moved.problem(places)
    return problem, conj(required, decision.is_outcome("NO"))


def _is_no(moved: Moved, inputs: Mapping[str, Any]) -> bool:
    found = moved.decided(inputs)
    return found is not None and found.outcome == "NO"


def false_proofs(pairs: int, seed: int, patience_s: float, ended: Ended) -> Iterator[tuple[int, FalseProof | None]]:
    """Each pair by its seed, with the false proof of it."""
    with tempfile.TemporaryDirectory() as folder:
        for at in range(seed, seed + pairs):
            rng = Random(f"proofs hold:{at}")  # noqa: S311 - a seed is enough
            yield at, Check(rng, Path(folder), patience_s, ended).once()


def of_rows(seed: int, patience_s: float, ended: Ended, most: int | None = None) -> Iterator[FalseProof]:
    """The false proofs of every two wordings in the rows of the tables, or of so many of them."""
    with tempfile.TemporaryDirectory() as folder:
        rng = Random(f"rows:{seed}")  # noqa: S311 - a seed is enough
        check = Check(rng, Path(folder), patience_s, ended)
        pairs = list(Writer(rng).rows())
        chosen = pairs if most is None else rng.sample(pairs, most)
        yield from filter(None, map(check.of, chosen))


def main() -> int:
    """Ask, with progress on standard error; 1 when a proof is false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2_000, help="how many pairs")
    parser.add_argument("--rows", action="store_true", help="every two wordings of the tables first, some 1300 pairs")
    parser.add_argument("--seed", type=int, default=0, help="where the seeds start")
    parser.add_argument("--patience", type=float, default=2.5, help="seconds for a proof")
    options = parser.parse_args()
    ended: Ended = Counter()
    began, wrong = time.monotonic(), 0
    for told_ in of_rows(options.seed, options.patience, ended) if options.rows else ():
        wrong += 1
        print(told_, flush=True)
    for at, found in false_proofs(options.pairs, options.seed, options.patience, ended):
        if found is not None:
            wrong += 1
            print(f"seed {at} {found}", flush=True)
        if (at - options.seed) % 100 == 99:
            rate = (at - options.seed + 1) / (time.monotonic() - began)
            print(f"{at - options.seed + 1} pairs, {rate:.1f} a second: {dict(ended)}", file=sys.stderr, flush=True)
    print(f"{dict(ended)}\n{wrong} false proofs")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
