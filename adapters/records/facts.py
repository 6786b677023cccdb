"""The inputs of a decision on record as facts of a glossary: typed, or refused with the place.

A service writes down what it supplied itself, 0 for a fact that the policy did not read; such a fact was not there.
The time is that of the decision, which a service takes from the same clock at the same moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.records.lines import UNREADABLE, Kept, Unusable
from engine.decoding import Decoder, Interface
from engine.faults import InputsRefused
from engine.structs import StructTable
from engine.supplied import supplied, supplier
from rules.documents.types_document import TypeTable
from rules.types import Field

NOT_READ = b"0"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class Row:
    """A line and the value of each fact, in the glossary's order; `msgspec.UNSET` for one that is not there."""

    kept: Kept
    values: tuple[Any, ...]


class Facts:
    """Reads inputs by a glossary."""

    def __init__(self, types: TypeTable) -> None:
        self.structs = StructTable(types.records)
        self.fields = tuple(Field(name, fact.type, optional=True) for name, fact in types.facts.items())
        self._decoder = Decoder(Interface(self.fields), self.structs)
        self._attributes = [self._decoder.input_attribute(f.name) for f in self.fields]
        self._supplied = {name for name, fact in types.facts.items() if supplier(fact) is not None}
        self._times = [name for name, fact in types.facts.items() if supplied(fact, fact.type) == "time"]

    def row(self, kept: Kept) -> Row | Unusable:
        """The facts of a line, or why they are none."""
        try:
            members = _members(kept.inputs)
        except UNREADABLE as error:
            return Unusable(kept.line, "inputs", str(error), kept)
        unknown = next((name for name in members if name not in self._names), None)
        if unknown is not None:
            return Unusable(kept.line, "unknown-fact", unknown, kept)
        for name in self._supplied.intersection(members):
            if bytes(members[name]) == NOT_READ:
                del members[name]
        for name in self._times:
            members.setdefault(name, msgspec.Raw(msgspec.json.encode(kept.said.decided_at)))
        try:
            found = self._decoder.decode(msgspec.json.encode(members))
        except InputsRefused as refused:
            fault = refused.faults[0]
            return Unusable(kept.line, "inputs", f"{fault.pointer}: {fault.message}", kept)
        return Row(kept, tuple(getattr(found, attribute) for attribute in self._attributes))

    @property
    def _names(self) -> set[str]:
        return {f.name for f in self.fields}
