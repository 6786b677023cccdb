"""One decision document while it is lowered: its names, in the order in which they come to mean something.

Inputs, parameters, libraries, calls, variables: an expression may read what stands above it. Cases, outputs and log
lines are built from here in `rules.kinds.assembly`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from rules.cel import presence
from rules.cel.expressions import Template, expression, template, text_of
from rules.cel.mismatch import names_function
from rules.cel.presence import Facts
from rules.cel.scope import NAMESPACES, Name, Scope
from rules.cel.syntax import RESERVED
from rules.cel.tree import Definition, Node, Placeholder, define
from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.kinds import LibrarySpec
from rules.documents.sections import AskingSpec, DecisionSpec, TypeSpec, VariableSpec
from rules.documents.shape import Shaped, Step
from rules.documents.type_specs import build, build_default, nullable
from rules.documents.types_document import Fact, TypeTable
from rules.kinds.parameters import read_parameters
from rules.plan import EFFECTS, Call, Case, Effect, Output, Parameter, Plan, Requirement, Row
from rules.source import Span
from rules.types import BOOL, EnumType, Field, StringType, Type, same, show
from rules.yaml_nodes import Scalar, at

Path = tuple[Step, ...]
RULE = StringType(64)
"""The id of a rule."""


@dataclass(frozen=True, slots=True)
class Library:
    """A library as policies take it: parameters, variables, and the inputs those read."""

    name: str
    inputs: tuple[Field, ...]
    parameters: tuple[Parameter, ...]
    requirements: tuple[Requirement, ...]
    definitions: Mapping[str, Definition]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a document is lowered among: the types, the libraries and the plans it may call."""

    types: TypeTable
    libraries: Mapping[str, Library]
    plans: Mapping[str, Plan]
    broken: frozenset[str]
    """Names of documents that have errors of their own: what is read of them is not judged."""
    policies: frozenset[str] = frozenset()
    """Names of every deciding document, whether it can be called or not."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a kind makes of its document: the cases, and what holds where none applies."""

    cases: tuple[Case, ...]
    otherwise: Case
    outputs: tuple[Output, ...] = ()
    """Results that belong to the cases themselves, before the outputs that the document computes."""


@dataclass(slots=True)
class Lowering:
    """One decision document on its way to a plan."""

    document: Shaped
    around: Surroundings
    diagnostics: Diagnostics
    scope: Scope = field(default_factory=Scope)
    inputs: tuple[Field, ...] = ()
    parameters: list[Parameter] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    """Those of the calls that are steps of a pipeline."""
    before_steps: Scope = field(default_factory=Scope)
    """What may be read where no step has been asked yet."""
    outcomes: dict[str, Effect] = field(default_factory=dict)
    """Every outcome and its effect: those declared, and those its kind adds."""
    outcomes_unsure: bool = False
    """Whether there may be more outcomes: those of a step that has faults of its own."""
    failed: bool = False
    told: set[str] = field(default_factory=set)
    """Inputs that libraries need and that were reported as missing."""
    written: list[Node] = field(default_factory=list)
    """The expressions that stand in the document, as they were read."""
    rows: list[Row] = field(default_factory=list)
    """Lines and cells of the document that are no cases."""

    @property
    def spec(self) -> DecisionSpec:
        """What the document says, when it is a deciding one."""
        spec = self.document.model.spec
        assert isinstance(spec, DecisionSpec)
        return spec

    @property
    def asking(self) -> AskingSpec:
        """What the document says, when it may ask policies."""
        spec = self.document.model.spec
        assert isinstance(spec, AskingSpec)
        return spec

    def section(self, name: str) -> Path:
        """Where the document writes what policies write under a name, `inputs` or `calls`."""
        spec = self.document.model.spec
        return ("spec", spec.written(name) if isinstance(spec, AskingSpec) else name)

    @property
    def shared(self) -> DecisionSpec | LibrarySpec:
        """What deciding documents and libraries have in common."""
        spec = self.document.model.spec
        assert isinstance(spec, DecisionSpec | LibrarySpec)
        return spec

    def error(self, code: str, path: Path, message: str, *, expected: str = "", remedy: str = "") -> None:
        """Report a fault at a path of the document."""
        self.failed = True
        self.diagnostics.error(code, self.document.span(*path), message, expected=expected, remedy=remedy)

    def error_at_key(self, code: str, path: Path, message: str, *, expected: str = "", remedy: str = "") -> None:
        """Report a fault of a name that is a key: at the key, not at what stands under it."""
        self.failed = True
        self.diagnostics.error(code, self.document.key_span(*path), message, expected=expected, remedy=remedy)

    def faulty(self, *names: str) -> None:
        """Note names whose fault has been reported, so that reading them is no fault of its own."""
        self.failed = True
        self.scope = self.scope.with_faulty(*names)

    def scalar(self, *path: Step) -> Scalar:
        """The scalar node at a path; the shape check has made sure that there is one."""
        node = at(self.document.root, path)
        assert isinstance(node, Scalar)
        return node

    def expression(
        self,
        path: Path,
        *,
        scope: Scope | None = None,
        expected: Type | None = BOOL,
        known: Facts = presence.NONE,
        deferred: bool = False,
    ) -> Node | None:
        """The expression at a path; a fault is reported and marks the document."""
        node = expression(
            text_of(self.scalar(*path)),
            scope or self.scope,
            self.diagnostics,
            expected=expected,
            known=known,
            deferred=deferred,
        )
        self.failed |= node is None
        self.written += [] if node is None else [node]
        return node

    def message(self, path: Path, *, scope: Scope | None = None, known: Facts = presence.NONE) -> Template | None:
        """The message at a path."""
        found = template(self.scalar(*path), scope or self.scope, self.diagnostics, known=known)
        self.failed |= found is None
        self.written += [part.node for part in (found.parts if found else ()) if isinstance(part, Placeholder)]
        return found

    def read_inputs(self, written: Mapping[str, object]) -> None:
        """Inputs by name; a name of the glossary means what the glossary says."""
        section = self.section("inputs")
        facts = {n: show(fact.type) for n, fact in self.around.types.facts.items()}
        self.scope = replace(self.scope, facts=facts, inputs_under=str(section[-1]))
        fields: list[Field] = []
        for key, spec in written.items():
            path: Path = (*section, key)
            name = key.rstrip("?")
            self.check_name("input-name", path, name, (f.name for f in fields))
            found = build(self.document, path, spec, self.around.types.named, self.diagnostics, nulls=True)
            if found is None:
                self.faulty(name, f"inputs.{name}")
                continue
            fact = self.around.types.facts.get(name)
            if fact is not None:
                self._check_fact(path, spec, found, fact)
                found = fact.type
            default = build_default(self.document, path, spec, found, self.diagnostics)
            fields.append(Field(name, found, key.endswith("?"), nullable(spec), default))
        self.inputs = tuple(fields)
        names = {f.name: Name("input", f.name, f.type, f.guarded) for f in fields}
        self.scope = self.scope.with_names(names).with_members("inputs", names)

    def _check_fact(self, path: Path, spec: object, found: Type, fact: Fact) -> None:
        """An input of the glossary is what the glossary says: an absent guard must not read as "no"."""
        given = "a fact of the glossary must be given"
        if not same(fact.type, found):
            difference = f"is {show(found)} here and {show(fact.type)} in the glossary"
        elif str(path[-1]).endswith("?"):
            self.error_at_key("input-fact", path, f"`{fact.name}` may be absent here; {given}", remedy=f"`{fact.name}`")
            self.faulty(fact.name)
            return
        elif nullable(spec):
            difference = f"may be null here; {given}"
        elif isinstance(spec, TypeSpec) and "default" in spec.model_fields_set:
            difference = f"has a default here; {given}"
        elif found != fact.type:
            difference = "has other bounds here than in the glossary"
        else:
            return
        self.error("input-fact", path, f"`{fact.name}` {difference}", remedy=f"`{show(fact.type)}`")
        self.faulty(fact.name)

    def read_parameters(self) -> None:
        """The parameters of the document itself."""
        own = read_parameters(self.document, self.around.types, self.diagnostics)
        for name in self.shared.parameters.keys() - {p.name for p in own}:
            self.faulty(f"params.{name}")
        self.add_parameters(own)

    def add_parameters(self, added: Iterable[Parameter]) -> None:
        """Parameters, own or taken from a library, under `params.`."""
        for parameter in added:
            clash = next((p for p in self.parameters if p.name == parameter.name), None)
            foreign = parameter.origin == self.document.name
            if clash is not None and clash.span != parameter.span:
                self.error_at_key(
                    "parameter-duplicate",
                    ("spec", "parameters", parameter.name),
                    f"`{parameter.name}` is a parameter of `{clash.origin if foreign else parameter.origin}` already",
                    remedy="another name",
                )
            elif clash is None:
                self.parameters.append(parameter)
        self.scope = self.scope.with_members("params", {p.name: p.meaning for p in self.parameters})

    def read_requirements(self) -> None:
        """What the parameters must satisfy together."""
        for index, requirement in enumerate(self.shared.parametersRequire):
            path: Path = ("spec", "parametersRequire", index, "that")
            members = {key: name for key, name in self.scope.members.items() if key[0] == "params"}
            only = Scope(members=members, faulty=self.scope.faulty)
            node = self.expression(path, scope=only)
            if node is not None:
                self.requirements.append(Requirement(requirement.id, node, self.document.span(*path)))

    def check_name(self, code: str, path: Path, name: str, taken: Iterable[str]) -> bool:
        """Whether a name may be given here: no reserved word, no function, no namespace, and not taken."""
        if name in RESERVED:
            message = f"`{name}` is a reserved word of CEL"
        elif names_function(name):
            message = f"`{name}` is a function of the language"
        elif name in NAMESPACES or name in taken:
            message = f"`{name}` already means something here"
        else:
            return True
        self.error_at_key(code, path, message, remedy="another name")
        return False

    def add_definition(self, path: Path, definition: Definition) -> None:
        """A named expression, own or taken from a library; one whose name is taken is reported."""
        if not self.check_name("variable-name", path, definition.name, self.scope.names):
            return
        self.definitions.append(definition)
        self.scope = self.scope.with_names({definition.name: definition})

    def read_definitions(self, group: Path, written: Mapping[str, object]) -> None:
        """Variables or steps, in the order of the document; presence is checked where they are read."""
        outside, names = self.scope.later, list(written)
        for position, (name, spec) in enumerate(written.items()):
            self.scope = replace(self.scope, later=outside | set(names[position:]))
            path: Path = (*group, name)
            expected: Type | None = None
            if isinstance(spec, VariableSpec):
                expected = build(
                    self.document,
                    (*path, "type"),
                    spec.type,
                    self.around.types.named,
                    self.diagnostics,
                    bounded=False,
                )
                path = (*path, "value")
            node = self.expression(path, expected=expected, deferred=True)
            if node is None or (isinstance(spec, VariableSpec) and expected is None):
                self.faulty(name)
            else:
                self.add_definition((*group, name), define(name, node))
        self.scope = replace(self.scope, later=outside)

    def outcome(self, path: Path, name: str, *, must_block: bool = False) -> None:
        """An outcome must be declared; where an error or a failed precondition leads, it must block."""
        effect = self.outcomes.get(name)
        if effect is None and self.outcomes_unsure:
            return
        if effect is None:
            self.unknown_outcome(self.document.span(*path), name, "block" if must_block else "…")
        elif must_block and effect != "block":
            blocking = [f"`{n}`" for n, e in self.outcomes.items() if e == "block"]
            self.error(
                "outcome-must-block",
                path,
                f"`{name}` has effect {effect}; what leads here can only block",
                expected="an outcome with `effect: block`",
                remedy=" or ".join(blocking),
            )

    def unknown_outcome(self, span: Span, name: str, effect: str = "…") -> None:
        """Report an outcome that is not declared."""
        self.failed = True
        near = did_you_mean(name, self.outcomes)
        remedy = f"`{near}`" if near else f"`{name}: {{effect: {effect}}}` under `outcomes`"
        self.diagnostics.error("outcome-unknown", span, f"`{name}` is not among the outcomes", remedy=remedy)

    def decision_scope(self) -> Scope:
        """The scope of what is read once the decision is made: its outcome, effect and rule too."""
        members = {
            "outcome": Name("decision", "outcome", outcome_type(self.document.name, self.outcomes)),
            "effect": Name("decision", "effect", EFFECTS),
            "rule": Name("decision", "rule", RULE),
        }
        if self.outcomes_unsure:
            del members["outcome"]
            return self.scope.with_members("decision", members).with_faulty("decision.outcome")
        return self.scope.with_members("decision", members)


def outcome_type(policy: str, outcomes: Iterable[str]) -> EnumType:
    """The outcomes of a policy as an enum."""
    return EnumType(f"outcome of {policy}", tuple(outcomes))
