"""The documents, kind by kind, as a person writes them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from rules.documents.invariant import InvariantSpec
from rules.documents.latch import LatchSpec
from rules.documents.pipeline import PipelineSpec
from rules.documents.scorecard import ScorecardSpec
from rules.documents.sections import (
    OUTCOME,
    WORD,
    ConcludeSpec,
    DecisionSpec,
    Expression,
    FieldName,
    FindingSpec,
    Identifier,
    Metadata,
    ParameterSpec,
    RecordValue,
    Requirement,
    RuledSpec,
    RuleSpec,
    Strict,
    TypeRef,
    TypeSpec,
    VariableRef,
)
from rules.documents.suites import SuiteSpec
from rules.documents.tables import DecisionTableSpec, RoutingMapSpec, WhitelistSpec

TypeName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=64)]
Word = Annotated[str, Field(pattern=WORD, max_length=64)]
Source: TypeAlias = Literal["clock", "store", "journal", "caller"]


class Document(Strict):
    """What every document begins with."""

    apiVersion: Literal["bascule/v1"]
    metadata: Metadata
    spec: Strict


class BundleSpec(Strict):
    """Which files a folder's bundle is made of, or which bundle it is laid over."""

    includes: Annotated[list[str], Field(min_length=1, max_length=200)]
    overlay: str | None = Field(default=None, description="A folder whose bundle these documents are laid over.")


class BundleDocument(Document):
    """`bundle.yaml`: what is decided together, under one version."""

    kind: Literal["Bundle"]
    spec: BundleSpec


class FactSpec(TypeSpec):
    """An input name of the glossary: its type and who may supply it."""

    from_: Source | Annotated[list[Source], Field(min_length=1)] = Field(alias="from")


class RecordSpecs(Strict):
    """A closed record: its fields, and names that may arrive and are ignored."""


class TypesSpec(Strict):
    """The words of a bundle: scalars, enums, records, and the one glossary of facts."""

    scalars: dict[TypeName, TypeSpec] = Field(default_factory=dict)
    enums: dict[TypeName, Annotated[list[Word], Field(min_length=1)]] = Field(default_factory=dict)
    openEnums: dict[TypeName, Annotated[list[Word], Field(min_length=1)]] = Field(default_factory=dict)
    records: dict[TypeName, dict[FieldName, TypeRef]] = Field(default_factory=dict)
    ignored: dict[TypeName, list[str]] = Field(
        default_factory=dict, description="Record by record, the field names that may arrive and mean nothing here."
    )
    facts: dict[Identifier, FactSpec] = Field(default_factory=dict)


class TypesDocument(Document):
    """What the policies of a bundle talk about."""

    kind: Literal["Types"]
    spec: TypesSpec


class LibrarySpec(Strict):
    """Parameters and expressions that several policies share, so that they cannot disagree."""

    inputs: dict[FieldName, TypeRef] = Field(default_factory=dict)
    parameters: dict[Identifier, ParameterSpec] = Field(default_factory=dict)
    parametersRequire: list[Requirement] = Field(default_factory=list)
    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)


class LibraryDocument(Document):
    """A library, taken with `uses:`."""

    kind: Literal["Library"]
    spec: LibrarySpec


class RuleListSpec(RuledSpec):
    """Ordered rules; under hit policy `first`, the first that applies decides."""

    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    hitPolicy: Literal["first"] = "first"
    rules: Annotated[list[RuleSpec], Field(min_length=1)]


class CollectSpec(DecisionSpec):
    """Rules that are all asked; what those that hold find is concluded upon."""

    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    hitPolicy: Literal["collect"]
    finding: TypeName
    rules: Annotated[list[FindingSpec], Field(min_length=1)]
    onRuleError: RecordValue | None = Field(
        default=None, description="What a rule finds whose condition fails; without it the decision fails."
    )
    conclude: ConcludeSpec


def _collects(value: object) -> str:
    said = value.get("hitPolicy") if isinstance(value, dict) else getattr(value, "hitPolicy", None)
    return "collect" if said == "collect" else "first"


class RuleListDocument(Document):
    """Rules in order: the first that applies decides, or all that hold are collected."""

    kind: Literal["RuleList"]
    spec: Annotated[
        Annotated[RuleListSpec, Tag("first")] | Annotated[CollectSpec, Tag("collect")], Discriminator(_collects)
    ]


class FormulaSpec(RuledSpec):
    """Named steps, rules that may refuse, typed outputs."""

    steps: Annotated[dict[Identifier, VariableRef], Field(min_length=1)]
    rules: list[RuleSpec] = Field(default_factory=list)


class FormulaDocument(Document):
    """A calculation that may refuse."""

    kind: Literal["Formula"]
    spec: FormulaSpec


class DecisionTableDocument(Document):
    """Conditions and results in the rows of a table."""

    kind: Literal["DecisionTable"]
    spec: DecisionTableSpec


class RoutingMapDocument(Document):
    """Which way an action goes, row by row."""

    kind: Literal["RoutingMap"]
    spec: RoutingMapSpec


class WhitelistDocument(Document):
    """What is permitted; anything else is refused."""

    kind: Literal["Whitelist"]
    spec: WhitelistSpec


class PipelineDocument(Document):
    """Several policies asked in turn, any of which may deny."""

    kind: Literal["Pipeline"]
    spec: PipelineSpec


class LatchDocument(Document):
    """On or off, with the state that keeps it from switching back and forth."""

    kind: Literal["Latch"]
    spec: LatchSpec


class ScorecardDocument(Document):
    """Which word of an enum most speaks for."""

    kind: Literal["Scorecard"]
    spec: ScorecardSpec


class InvariantDocument(Document):
    """What must hold of all inputs."""

    kind: Literal["Invariant"]
    spec: InvariantSpec


class SuiteDocument(Document):
    """Policy tests."""

    kind: Literal["Suite"]
    spec: SuiteSpec


DOCUMENTS: MappingProxyType[str, type[Document]] = MappingProxyType(
    {
        "Bundle": BundleDocument,
        "Types": TypesDocument,
        "Library": LibraryDocument,
        "RuleList": RuleListDocument,
        "Formula": FormulaDocument,
        "DecisionTable": DecisionTableDocument,
        "RoutingMap": RoutingMapDocument,
        "Whitelist": WhitelistDocument,
        "Pipeline": PipelineDocument,
        "Latch": LatchDocument,
        "Scorecard": ScorecardDocument,
        "Suite": SuiteDocument,
        "Invariant": InvariantDocument,
    }
)

__all__ = ["DOCUMENTS", "OUTCOME", "Document", "Expression"]
