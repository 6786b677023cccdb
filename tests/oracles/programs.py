"""Random small bundles over the types of `tests.engine.small`, as YAML text.

The same seed gives the same texts. Most are well typed; what the checker refuses is for the caller to skip.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.oracles.expressions import Writer
from tests.oracles.findings import FindingsWriter, notes, spec_concluding
from tests.oracles.names import SCALARS, Guarded, Names

Document = dict[str, Any]
INPUTS: Mapping[str, tuple[Any, str]] = {
    "thing": ("Thing", "Thing"),
    "bonus?": ("Amount", "double"),
    "floor": ("Amount | null", "double"),
    "both?": ("Amount | null", "double"),
    "loose?": ({"type": "double", "minimum": -1e12, "maximum": 1e12}, "double"),
    "limit": ({"type": "int", "minimum": -9, "maximum": 9, "default": 3}, "int"),
    "big": ("int", "int"),
    "flag": ("bool", "bool"),
    "way": ("Side", "Side"),
    "now": ("timestamp", "timestamp"),
    "until?": ("timestamp | null", "timestamp"),
    "span": ({"type": "duration", "minimum": "-1h", "maximum": "1h", "default": "90s"}, "duration"),
    "extra": ({"list": "Item", "maxItems": 4}, "list:Item"),
    "tags": ({"list": "Word", "maxItems": 4}, "list:string"),
    "counts": ({"list": "int", "maxItems": 4}, "list:int"),
    "grid": ({"list": {"list": "int", "maxItems": 3}, "maxItems": 3}, "list:list:int"),
    "book": ({"map": "Item", "maxEntries": 4}, "map"),
    "waits": ({"list": {"type": "duration", "minimum": "-1h", "maximum": "1h"}, "maxItems": 4}, "list:duration"),
}
"""Inputs a policy may have, as documents say them, and the type of expressions that read them."""
WIDER = {
    "bonus?": {"type": "double", "minimum": -1e12, "maximum": 1e12},
    "floor": "Huge | null",
    "limit": {"type": "int", "default": 3},
}
"""Types as good as those above to the checker, and wider."""
PARAMETERS: Mapping[str, tuple[Document, str]] = {
    "cap": ({"type": "double", "default": 1.5, "min": -10.0, "max": 10.0}, "double"),
    "most": ({"type": "int", "default": 2, "min": 0, "max": 9}, "int"),
    "pause": ({"type": "duration", "default": "90s", "min": "0s", "max": "1h"}, "duration"),
    "strict": ({"type": "bool", "default": True}, "bool"),
    "side": ({"type": "Side", "default": "LONG"}, "Side"),
}
LEVELS: Document = {
    **{"per": "Word", "type": "double", "unlisted": 0.5, "maxEntries": 8, "min": -10.0, "max": 10.0},
    **{"default": {"a": 1.5, "": -1.0, "c": 0.5}},
}
"""A parameter per key."""
OUTPUTS: tuple[tuple[Any, str], ...] = (
    ("Amount", "double"),
    ({"type": "double", "minimum": 0.0, "exclusiveMaximum": 2.0}, "double"),
    ("double", "double"),
    ({"type": "int", "minimum": -3, "maximum": 1000}, "int"),
    ("int", "int"),
    ({"type": "string", "maxLength": 2}, "string"),
    ("string", "string"),
    ("bool", "bool"),
    ("timestamp", "timestamp"),
    ({"type": "duration", "minimum": "-1h", "maximum": "1h"}, "duration"),
    ("Side", "Side"),
    ("Item", "Item"),
    ({"list": {"type": "int", "minimum": -3, "maximum": 1000}, "maxItems": 3}, "list:int"),
    ({"list": "double"}, "list:double"),
    ({"list": "Item", "maxItems": 2}, "list:Item"),
    ({"map": "Amount", "maxEntries": 2}, "map"),
)
EFFECTS = {"YES": "allow", "NO": "block", "MAYBE": "info", "ERROR": "block"}
OUTCOMES = {name: {"effect": effect} for name, effect in EFFECTS.items()}
FORMATS = {"double": (":.2f", ":,.1f", ":.1%", ":.3e"), "int": ("", ":,", ":d", ":,d")}


def bundle_texts(seed: int) -> list[str]:
    """The documents of a bundle: one to three policies, each of which may call those before it, perhaps a library."""
    rng = Random(f"programs:{seed}")  # noqa: S311 - made-up policies need a seed, not secrecy
    library = _library(rng) if rng.random() < 0.3 else None
    policies: list[Document] = []
    for index in range(rng.choice((1, 1, 2, 2, 3))):
        policies.append(PolicyWriter(rng, f"p-{index}", library, policies).document())
    return [yaml(document) for document in ([library.document] if library else []) + policies]


def yaml(value: Any, indent: int = 0) -> str:
    """A document as YAML: block style, every text quoted."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{json.dumps(key)}:{_under(item, indent)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{pad}-{_under(item, indent)}" for item in value)
    return f"{pad}{json.dumps(value)}\n"


def _under(value: Any, indent: int) -> str:
    nested = isinstance(value, dict | list) and value
    return "\n" + yaml(value, indent + 1) if nested else f" {json.dumps(value, ensure_ascii=False)}\n"


def _header(kind: str, name: str, spec: Document) -> Document:
    metadata = {"name": name, "version": "1.0.0", "title": "t", "owner": "o"}
    return {"apiVersion": "bascule/v1", "kind": kind, "metadata": metadata, "spec": spec}


def names_of_thing() -> Names:
    """What can be read of `thing`."""
    reads = [("thing.x", "double"), ("thing.n", "int"), ("thing.wide", "double"), ("thing.when", "timestamp")]
    reads += [("thing.wait", "duration"), *[("thing.items", "list:Item"), ("thing.more", "list:Item")] * 3]
    names = Names(reads)
    names.guarded = [Guarded((f"has(thing.{name})",), f"thing.{name}", "double") for name in ("maybe", "nothing")]
    names.guarded += [Guarded((f"'{key}' in thing.prices",), f"thing.prices['{key}']", "double") for key in "ab"]
    names.maps = [("thing.prices", "double")]
    names.guarded += [Guarded(("'ab' in thing.prices",), "thing.prices.ab", "double")]
    return names


@dataclass(frozen=True)
class _Library:
    """A library's document, and the types of its variables."""

    document: Document
    types: Mapping[str, str]


def _library(rng: Random) -> _Library:
    parameter = PARAMETERS["cap"][0] | {"description": "d"}
    writer = Writer(rng, names_of_thing())
    writer.names.reads.append(("params.cap", "double"))
    variables: Document = {}
    for index in range(rng.randint(1, 3)):
        t = rng.choice((*SCALARS, "list:Item", "list:double"))
        variables[f"lib{index}"] = writer.write(t, 3)
        writer.names.reads.append((f"lib{index}", t))
    spec = {"inputs": {"thing": "Thing"}, "parameters": {"cap": parameter}, "variables": variables}
    types = {name: t for name, t in writer.names.reads if name in variables}
    return _Library(_header("Library", "lib", spec), types)


class PolicyWriter:
    """Writes one policy."""

    def __init__(self, rng: Random, name: str, library: _Library | None, callees: list[Document]) -> None:
        self.rng, self.name, self.library, self.callees = rng, name, library, callees
        self.names = names_of_thing()
        self.writer = Writer(rng, self.names)
        self.spec: Document = {}
        self.tests: list[str] = []
        """The tests that hold after the rules so far."""

    def document(self) -> Document:
        """The document. Beside what it says, what callers need to know of it."""
        rng, spec = self.rng, self.spec
        self._inputs()
        self._uses()
        self._calls()
        self._parameters()
        kind = rng.choice(("RuleList", "RuleList", "Formula"))
        variables = self._variables()
        if kind == "Formula" and not variables:
            kind = "RuleList"
        spec["steps" if kind == "Formula" else "variables"] = variables
        spec["outcomes"] = OUTCOMES
        spec["onError"] = "ERROR"
        if rng.random() < 0.2:
            that = {"id": "needed", "that": self.writer.write("bool", 2), "outcome": "NO"}
            spec["requires"] = [that | {"reason": self._message()}]
        concluding = spec
        if kind == "RuleList" and rng.random() < 0.3:
            concluding = FindingsWriter(rng, self.writer, self._message, self._path).collect(spec)
        concluding["rules"] = [self._rule(index) for index in range(rng.randint(1, 4))]
        with self.writer.knowing(*self.tests):
            concluding["otherwise"] = {"outcome": rng.choice(("YES", "NO", "MAYBE")), "reason": self._message()}
        self._decision_names(concluding["rules"])
        spec["outputs"] = dict(self._output(index) for index in range(rng.randint(0, 4)))
        if rng.random() < 0.4:
            effect = rng.choice(('decision.effect == "block" || ', "decision.rule == 'otherwise' || ", ""))
            spec["ensures"] = [{"id": "sure", "that": effect + self.writer.write("bool", 2)}]
            if rng.random() < 0.3:
                chosen = [f"(decision.effect == 'block' ? {self.writer.write('bool', 1)} : true)" for _ in range(2)]
                spec["ensures"] += [{"id": f"chosen{index}", "that": that} for index, that in enumerate(chosen)]
        if rng.random() < 0.4:
            spec["log"] = [self._log_line() for _ in range(rng.randint(1, 2))]
        return _header(kind, self.name, spec)

    # -- names

    def _inputs(self) -> None:
        asked = {name for callee in self.callees for name in callee["spec"]["inputs"] if name in ("book", "grid")}
        chosen = [name for name in INPUTS if name in asked or name == "thing" or self.rng.random() < 0.2]
        said: Document = {}
        for key in chosen:
            spec, t = INPUTS[key]
            said[key] = WIDER[key] if key in WIDER and self.rng.random() < 0.4 else spec
            self._readable(key, spec, t)
        self.spec["inputs"] = said

    def _readable(self, key: str, spec: Any, t: str) -> None:
        name = key.rstrip("?")
        if key == "thing":
            return
        if t == "map":
            there, scored = f"'a' in {name}", f"('a' in {name} && has({name}['a'].score))"
            self.names.maps.append((name, "Item"))
            self.names.guarded += [Guarded((there,), f"{name}['a']", "Item")] * 2
            self.names.guarded += [Guarded((scored,), f"{name}['a'].score", "double")] * 2
        elif key.endswith("?") or (isinstance(spec, str) and spec.endswith("null")):
            self.names.guarded.append(Guarded((f"has(inputs.{name})",), name, t))
        else:
            self.names.reads.append((name, t))

    def _uses(self) -> None:
        if self.library is None or self.rng.random() < 0.3:
            return
        taken = [name for name in self.library.types if self.rng.random() < 0.7]
        if taken:
            self.spec["uses"] = {"lib": taken}
            self.names.reads += [(name, self.library.types[name]) for name in taken] * 2

    def _calls(self) -> None:
        calls: Document = {}
        for index in range(self.rng.choice((0, 1, 1, 2)) if self.callees else 0):
            callee = self.rng.choice(self.callees)
            name, spec = f"asked{index}", callee["spec"]
            calls[name] = {"policy": callee["metadata"]["name"], "with": self._bindings(spec["inputs"])}
            self._results(name, callee)
        if calls:
            self.spec["calls"] = calls

    def _bindings(self, wanted: Document) -> Document:
        given: Document = {}
        for key, (_, t) in INPUTS.items():
            name = key.rstrip("?")
            if key not in wanted or key in ("thing", "book", "grid"):
                continue
            needed = key not in self.spec["inputs"] and key not in (
                "bonus?",
                "both?",
                "loose?",
                "until?",
                "limit",
                "span",
            )
            if needed or self.rng.random() < 0.4:
                given[name] = self.writer.write(t, 2)
        return given

    def _results(self, name: str, callee: Document) -> None:
        """What a call can be asked for."""
        rules = [rule["id"] for rule in spec_concluding(callee)["rules"]]
        self.names.words += [(f"{name}.outcome", tuple(OUTCOMES)), (f"{name}.effect", ("allow", "block", "info"))]
        self.names.words.append((f"{name}.rule", (*rules, "error", "otherwise")))
        self.names.reads += [(f"{name}.rule", "string"), (f"{name}.reason", "string")]
        for key, output in callee["spec"]["outputs"].items():
            t = next((t for spec, t in OUTPUTS if spec == output["type"]), "")
            read = f"{name}.{key.rstrip('?')}"
            if not t:
                notes(self.names, read)
            elif key.endswith("?") or self.rng.random() < 0.4:
                self.names.guarded.append(Guarded((f"has({read})",), read, t))
            else:
                self.names.reads += [(read, t)] * 2

    def _parameters(self) -> None:
        chosen = [
            name for name in PARAMETERS if self.rng.random() < 0.25 and not (name == "cap" and "uses" in self.spec)
        ]
        if chosen:
            self.spec["parameters"] = {name: PARAMETERS[name][0] | {"description": "d"} for name in chosen}
            self.names.reads += [(f"params.{name}", PARAMETERS[name][1]) for name in chosen]
        if self.rng.random() < 0.25:
            self.spec.setdefault("parameters", {})["levels"] = LEVELS | {"description": "d"}
            keys = ("'a'", "'b'", "'a' + 'b'", "string(thing.n)")
            self.names.reads += [*((f"params.levels[{key}]", "double") for key in keys), ("params.levels.c", "double")]
            self.names.maps += [("params.levels", "double")] * 2

    def _variables(self) -> Document:
        variables: Document = {}
        for index in range(self.rng.randint(0, 6)):
            t = self.rng.choice(
                (*SCALARS, "bool", "double", "int", "list:Item", "list:double", "list:int", "list:string")
            )
            name = f"v{index}"
            tests = [test for test in self.writer.tests() if self.rng.random() < 0.1][:2] if t in SCALARS else []
            with self.writer.knowing(*tests):
                variables[name] = self.writer.write(t, 3)
            if tests and self.rng.random() < 0.9:
                self.names.guarded += [Guarded(tuple(tests), name, t)] * 2
            else:
                self.names.reads += [(name, t)] * 3
            if self.rng.random() < 0.1:
                variables[f"map{index}"] = self.writer.mapping(2)
                self.names.maps.append((f"map{index}", "double"))
                self.names.guarded.append(Guarded((f"'a' in map{index}",), f"map{index}['a']", "double"))
            known = self.writer.tests()
            if known and self.rng.random() < 0.15:
                variables[f"has{index}"] = test = self.rng.choice(known)
                reads = [g for g in self.names.guarded if test in g.tests]
                self.names.guarded += [Guarded((f"has{index}",), g.text, g.type) for g in reads if len(g.tests) == 1]
        return variables

    # -- parts

    def _message(self, shown: tuple[str, ...] = (*SCALARS, "double", "int")) -> str:
        parts = []
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            t = self.rng.choice(shown)
            text = self.writer.write(t, 2)
            if ":" not in text.replace(" : ", "") and "{" not in text:
                parts.append("{" + text + self.rng.choice(FORMATS.get(t, ("",))) + "}")
        return self.rng.choice(("", "so {{it}} is ", "100% ")) + (" and ".join(parts) or "said")

    def _rule(self, index: int) -> Document:
        rule: Document = {"id": f"r{index}", "outcome": self.rng.choice(("YES", "NO", "MAYBE"))}
        tests = self.writer.tests()
        with self.writer.knowing(*self.tests):
            if tests and self.rng.random() < 0.25:
                test = self.rng.choice(tests)
                negated = self.rng.random() < 0.5
                rule["when"] = f"!({test})" if negated else test
                if negated:
                    rule["reason"] = self._message()
                    self.tests.append(test)
                    return rule
                with self.writer.knowing(test):
                    return rule | self._ways()
            rule["when"] = self.writer.write("bool", 4)
            return rule | self._ways()

    def _ways(self) -> Document:
        if self.rng.random() < 0.6:
            return {"reason": self._message()}
        ways = [
            {"when": self.writer.write("bool", 3), "reason": self._message()} for _ in range(self.rng.randint(1, 3))
        ]
        return {"any": ways}

    def _decision_names(self, written: list[Document]) -> None:
        rules = tuple(rule["id"] for rule in written)
        self.names.words += [("decision.outcome", tuple(OUTCOMES)), ("decision.effect", ("allow", "block", "info"))] * 2
        self.names.words.append(("decision.rule", (*rules, "otherwise")))
        self.names.reads += [("decision.rule", "string")]

    def _output(self, index: int) -> tuple[str, Document]:
        if "finding" in self.spec and self.rng.random() < 0.4:
            return f"o{index}", {"type": {"list": "Note", "maxItems": 3}, "value": "findings"}
        spec, t = self.rng.choice(OUTPUTS)
        tests: list[str] = []
        output: Document = {"type": spec}
        if self.rng.random() < 0.5:
            text, words = self.rng.choice(self.names.words)
            tests = [test for test in self.writer.tests() if self.rng.random() < 0.1][:1]
            parts = [*([f"{text} == '{self.rng.choice(words)}'"] if self.rng.random() < 0.6 else []), *tests]
            output["when"] = self.rng.choice((" && ", " || ") if not tests else (" && ",)).join(
                [*parts, *([self.writer.write("bool", 1)] if not parts or self.rng.random() < 0.3 else [])]
            )
        path = self._path(t) if not tests and self.rng.random() < 0.5 else ""
        if path:
            return f"o{index}?", {"type": spec, "value": path}
        with self.writer.knowing(*tests):
            output["value"] = self._record() if t == "Item" else self._value(t)
        return f"o{index}{'?' if 'when' in output else ''}", output

    def _value(self, t: str) -> str:
        return "thing.prices" if t == "map" else self.writer.write(t, 3)

    def _path(self, t: str) -> str:
        """A path that may be absent, so that what it gives may be; empty where there is none."""
        paths = [g.text for g in self.names.guarded if g.type == t and g.text.startswith(("thing.", "bonus", "both"))]
        return self.rng.choice(paths) if paths else ""

    def _record(self) -> Any:
        """An Item: an expression, or its fields one by one."""
        if self.rng.random() < 0.3:
            return self.writer.write("Item", 3)
        fields = {"name": "string", "amount": "double", "count": "int"}
        fields |= {name: t for name, t in (("side", "Side"), ("at", "timestamp")) if self.rng.random() < 0.4}
        made: Document = {name: self.writer.write(t, 2) for name, t in fields.items()}
        if self.rng.random() < 0.5:
            made["score"] = self._path("double") if self.rng.random() < 0.6 else self.writer.write("double", 2)
        return made

    def _log_line(self) -> Document:
        line: Document = {"event": "LINE", "line": self._message() + " {decision.reason} {decision.outcome}"}
        return line | ({"when": self.writer.write("bool", 2)} if self.rng.random() < 0.5 else {})
