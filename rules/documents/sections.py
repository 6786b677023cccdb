"""The parts that documents of every kind share: header, types, parameters, outcomes, outputs, log lines."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from typing_extensions import TypeAliasType

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
SEMVER = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$"
WORD = r"^[A-Za-z_][A-Za-z0-9_]*$"
STEP = r"^[a-z][a-z0-9_]*$"
STEP_PATH = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
PARAMETER_NAME = r"^([a-z][a-z0-9]*(-[a-z0-9]+)*\.)?[A-Za-z_][A-Za-z0-9_]*$"
OUTCOME = r"^[A-Z][A-Z0-9_]*$"
VARIABLE = r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$"

Name = Annotated[str, Field(pattern=NAME, max_length=64)]
Outcome = Annotated[str, Field(pattern=OUTCOME, max_length=64)]
Expression: TypeAlias = Annotated[
    str | bool | int | float, Field(description="A CEL expression; quote it where YAML would read it otherwise.")
]
Message = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_000,
        description="Text with {expression} and {double:.2f} placeholders; {{ is a brace.",
    ),
]
Identifier = Annotated[str, Field(pattern=WORD, max_length=64)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\??$", max_length=65)]
DurationText = Annotated[str, Field(pattern=r"^-?(\d+(\.\d+)?(h|m|s|ms|us))+$")]


class Strict(BaseModel):
    """A closed mapping: unknown keys are errors and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Metadata(Strict):
    """Who a document is. `version` is semantic; `title` is what a person reads first."""

    name: Name
    version: Annotated[str, Field(pattern=SEMVER, max_length=64)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    owner: Annotated[str, Field(min_length=1, max_length=64)]


class TypeSpec(Strict):
    """A type with its bounds: `type` names one, or `list` / `map` hold one."""

    type: str | None = None
    list: TypeRef | None = None
    map: TypeRef | None = None
    minimum: int | float | DurationText | None = None
    maximum: int | float | DurationText | None = None
    exclusiveMinimum: int | float | None = None
    exclusiveMaximum: int | float | None = None
    pattern: str | None = None
    maxLength: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    maxItems: Annotated[int, Field(ge=0, le=100_000)] | None = None
    maxEntries: Annotated[int, Field(ge=0, le=100_000)] | None = None
    default: Any = None
    description: str | None = None


def _text_or_mapping(value: object) -> str:
    return "text" if isinstance(value, str) else "mapping"


TypeRef: TypeAlias = Annotated[
    Annotated[str, Tag("text")] | Annotated[TypeSpec, Tag("mapping")], Discriminator(_text_or_mapping)
]
TypeSpec.model_rebuild()


class EnvironmentSpec(Strict):
    """An environment variable that may tighten a parameter, and the unit its number is in."""

    name: Annotated[str, Field(pattern=VARIABLE)]
    unit: Literal["us", "ms", "s", "m", "h"] | None = None


EnvironmentRef: TypeAlias = Annotated[
    Annotated[str, Field(pattern=VARIABLE), Tag("text")] | Annotated[EnvironmentSpec, Tag("mapping")],
    Discriminator(_text_or_mapping),
]


def _single_or_mapping(value: object) -> str:
    return "mapping" if isinstance(value, dict) else "single"


Settable: TypeAlias = Annotated[
    Annotated[bool | int | float | str, Tag("single")] | Annotated[dict[str, bool | int | float | str], Tag("mapping")],
    Discriminator(_single_or_mapping),
]
"""What a parameter may be set to: a value, or values key by key."""


class ParameterSpec(Strict):
    """A number the risk team sets, or one for each key. Numbers and durations have bounds, or their type has."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"per": ["unlisted", "maxEntries"], "unlisted": ["per"], "maxEntries": ["per"]}
        }
    )

    type: str
    default: Settable
    per: str | None = Field(
        default=None, description="A type of text: there is a value for each key, those of `default` and `unlisted`."
    )
    unlisted: bool | int | float | str | None = Field(
        default=None, description="The value for every key that `default` does not list; needed with `per`."
    )
    maxEntries: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="How many keys may be listed; needed with `per`."
    )
    min: int | float | DurationText | None = None
    max: int | float | DurationText | None = None
    unit: str | None = None
    description: Annotated[str, Field(min_length=1, max_length=300)]
    env: EnvironmentRef | None = None
    tighten: Literal["up", "down"] | None = Field(
        default=None, description="Which way an environment override may move it; needed with `env`."
    )


class Requirement(Strict):
    """Something that must hold, by name."""

    id: Name
    that: Expression


class Precondition(Requirement):
    """What must be true of the inputs together, before any rule; failing it blocks with its own words."""

    outcome: Outcome
    reason: Message


class OutcomeSpec(Strict):
    """What an outcome does. `info` never permits anything."""

    effect: Literal["allow", "block", "info"]
    description: str | None = None


class CallSpec(Strict):
    """Another policy's decision over the same inputs; `with` gives inputs that do not bind by name."""

    policy: Name
    with_: dict[Identifier, Expression] = Field(default_factory=dict, alias="with")


class VariableSpec(Strict):
    """A named expression whose type is said, so that its words are checked against an enum."""

    type: str
    value: Expression


def _expression_or_mapping(value: object) -> str:
    return "mapping" if isinstance(value, dict) else "text"


VariableRef: TypeAlias = Annotated[
    Annotated[Expression, Tag("text")] | Annotated[VariableSpec, Tag("mapping")], Discriminator(_expression_or_mapping)
]


RecordValue = TypeAliasType("RecordValue", "dict[FieldName, ValueRef]")
"""A record, made of its fields."""
ValueRef: TypeAlias = Annotated[
    Annotated[Expression, Tag("text")] | Annotated[RecordValue, Tag("mapping")], Discriminator(_expression_or_mapping)
]


class OutputSpec(Strict):
    """A typed result. An output named `x?` is there when `when` holds, or the path that it is; any other always is."""

    type: TypeRef
    value: ValueRef | None = None
    least: list[Expression] | None = Field(
        default=None, min_length=1, description="In place of `value`: the least of those that are there."
    )
    when: Expression | None = None


OutputSpec.model_rebuild()


class Conclusion(Strict):
    """An outcome and its reason."""

    outcome: Outcome
    reason: Message


class LogSpec(Strict):
    """A log line of an event: `EVENT`, the separator, the line."""

    event: Annotated[str, Field(pattern=OUTCOME, max_length=64)]
    line: Message
    when: Expression | None = None
    separator: Annotated[str, Field(min_length=1, max_length=8)] = " "


class InheritSpec(Strict):
    """Steps whose own log lines are written: of the step that denied, or of all of them where none did."""

    inherit: Annotated[list[Identifier], Field(min_length=1)]


def _line_or_inherited(value: object) -> str:
    return "inherited" if isinstance(value, dict) and "inherit" in value else "line"


LogRef: TypeAlias = Annotated[
    Annotated[LogSpec, Tag("line")] | Annotated[InheritSpec, Tag("inherited")], Discriminator(_line_or_inherited)
]


class AlternativeSpec(Strict):
    """One way a rule applies, with its own reason."""

    when: Expression
    reason: Message


class RuleSpec(Strict):
    """A rule: applies when `when` holds, and one of `any` where given; the first of them gives the reason."""

    id: Name
    when: Expression
    outcome: Outcome
    reason: Message | None = None
    any: Annotated[list[AlternativeSpec], Field(min_length=1)] | None = None
    declared: Literal["unreachable-at-defaults"] | None = Field(
        default=None, description="Said of a rule that cannot apply with the parameters at their defaults."
    )


class ConcludeSpec(Strict):
    """What is made of what was collected: variables over it, then ordinary rules."""

    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    rules: list[RuleSpec] = Field(default_factory=list)
    otherwise: Conclusion


class FindingSpec(Strict):
    """A rule that collects: where `when` holds, there is this finding, with the rule's id and reason."""

    id: Name
    when: Expression
    reason: Message
    finding: RecordValue


class AskingSpec(Strict):
    """What a document says that may ask policies: what it is given, what it takes of libraries, whom it asks."""

    inputs: Annotated[dict[FieldName, TypeRef], Field(min_length=1)]
    uses: dict[Name, list[Identifier]] = Field(default_factory=dict)
    calls: dict[Identifier, CallSpec] = Field(default_factory=dict)

    @classmethod
    def written(cls, section: str) -> str:
        """The key under which documents of the kind write a section."""
        return cls.model_fields[section].alias or section


class DecisionSpec(AskingSpec):
    """What every deciding document says besides its own logic."""

    parameters: dict[Identifier, ParameterSpec] = Field(default_factory=dict)
    parametersRequire: list[Requirement] = Field(default_factory=list)
    outcomes: Annotated[dict[Outcome, OutcomeSpec], Field(min_length=1)]
    requires: list[Precondition] = Field(default_factory=list)
    outputs: dict[FieldName, OutputSpec] = Field(default_factory=dict)
    ensures: list[Requirement] = Field(default_factory=list)
    log: list[LogRef] = Field(default_factory=list)
    onError: Outcome


class RuledSpec(DecisionSpec):
    """What a document whose cases are written as rules says besides."""

    otherwise: Conclusion
