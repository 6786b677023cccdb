"""What the names of an expression mean: inputs, parameters, calls, variables, and the decision in messages.

A scope is immutable; a document builds one for each place an expression may stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from rules.cel.tree import ConstantValue, Definition, Node, Root, RootKind, Variable
from rules.source import Span
from rules.types import Type

NAMESPACES: Mapping[str, RootKind] = MappingProxyType(
    {"inputs": "input", "params": "parameter", "decision": "decision", "outputs": "output", "steps": "call"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """A root an expression may read."""

    kind: RootKind
    name: str
    type: Type
    guarded: bool = False
    fails: bool = False
    unlisted: ConstantValue = None

    def read(self, span: Span) -> Node:
        """The node of a read at `span`."""
        return Root(self.kind, self.name, self.type, span, self.guarded, self.fails, self.unlisted)


Meaning: TypeAlias = Name | Definition


@dataclass(frozen=True, slots=True)
class Scope:
    """Names by themselves (`intent`, `held`) and members of the namespaces (`params.x`, `inputs.x`)."""

    names: Mapping[str, Meaning] = field(default_factory=lambda: MappingProxyType({}))
    members: Mapping[tuple[str, str], Meaning] = field(default_factory=lambda: MappingProxyType({}))
    faulty: frozenset[str] = frozenset()
    """Names (`held`, `params.cap`, `params.*` for any) whose own faults have been reported."""

    later: frozenset[str] = frozenset()
    """Names of definitions that stand further down, and of the one being read."""
    offered: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Names of libraries (`held`, `params.cap`), each with its library: what `uses:` could take."""
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Facts of the glossary, each with its type as written: what `inputs` could take."""
    inputs_under: str = "inputs"
    """The key under which the document writes its inputs."""

    def with_names(self, added: Mapping[str, Meaning]) -> Scope:
        """The scope with more bare names."""
        return replace(self, names=MappingProxyType({**self.names, **added}))

    def with_members(self, namespace: str, added: Mapping[str, Meaning]) -> Scope:
        """The scope with more members of a namespace."""
        more = {(namespace, name): meaning for name, meaning in added.items()}
        return replace(self, members=MappingProxyType({**self.members, **more}))

    def with_faulty(self, *names: str) -> Scope:
        """The scope with names that would mean something, had their definition no fault."""
        return replace(self, faulty=self.faulty | set(names))

    def is_faulty(self, name: str, namespace: str = "") -> bool:
        """Whether a name that means nothing here does so because of a fault already reported."""
        return not self.faulty.isdisjoint({f"{namespace}.{name}", f"{namespace}.*"} if namespace else {name})

    def read(self, name: str, span: Span) -> Node | None:
        """The node a bare name stands for, or None."""
        return _read(self.names.get(name), span)

    def member(self, namespace: str, name: str, span: Span) -> Node | None:
        """The node of `namespace.name`, or None."""
        return _read(self.members.get((namespace, name)), span)

    def member_names(self, namespace: str) -> Iterator[str]:
        """The members a namespace has."""
        return (name for space, name in self.members if space == namespace)

    def has_namespace(self, namespace: str) -> bool:
        """Whether any member of the namespace is known here."""
        written = any(space == namespace for space, _ in self.members)
        return written or any(name.startswith(f"{namespace}.") for name in self.faulty)


def _read(meaning: Meaning | None, span: Span) -> Node | None:
    """The node of a read of what a name means."""
    if isinstance(meaning, Definition):
        return Variable(meaning, span)
    return None if meaning is None else meaning.read(span)
