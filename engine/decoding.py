"""From JSON to typed inputs: one pass of msgspec where all is well, a complete list of faults where it is not.

Rules kept here: the fast path accepts only what the complete inspection (`engine.inspection`) finds no fault in, and
gives equal values; where the fast path is in doubt the inspection decides; nothing but `InputsRefused` is ever raised
for what a caller sent; every timestamp is in UTC; a member said twice is always refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.admission import compile_admission
from engine.faults import Fault, InputsRefused
from engine.inspection import Enough, Inspection, repeats_a_name
from engine.structs import Doubt, StructTable, read_form
from rules.types import Field


@dataclass(frozen=True)
class Interface:
    """What a decision takes: its inputs, and the facts of the glossary that may be present and are skipped."""

    inputs: tuple[Field, ...]
    ignored: tuple[str, ...] = ()


class Decoder:
    """Reads inputs of one interface into a structure whose attributes `input_attribute` and `structs` name.

    `structs` must hold every record of the interface. Safe to share between threads. Raises ValueError for an
    interface that cannot be: a name said twice, a record not in the table, a default outside its type.
    """

    def __init__(self, interface: Interface, structs: StructTable) -> None:
        self.interface = interface
        self.structs = structs
        self._shape = structs.new_shape("Inputs", interface.inputs, interface.ignored)
        self._read = msgspec.json.Decoder(self._shape.cls, dec_hook=read_form).decode
        self._admit = compile_admission(structs, self._shape)

    def input_attribute(self, name: str) -> str:
        """The attribute of the inputs that holds an input. Raises KeyError for an unknown name."""
        return self._shape.attributes[name]

    def decode(self, data: bytes | str, most: int | None = None) -> Any:
        """The inputs of a JSON document. Raises InputsRefused with every fault, or with the first `most` of them."""
        inputs = self._fast(data)
        if inputs is not None:
            return inputs
        inspection = Inspection(self.structs, most)
        try:
            inputs = self._inspected(inspection, data)
        except Enough:
            raise InputsRefused(inspection.faults, cut=True) from None
        if inspection.faults:
            raise InputsRefused(inspection.faults)
        return inputs

    def validate(self, data: bytes | str) -> list[Fault]:
        """Every fault of a JSON document, in its order; empty when `decode` accepts it."""
        return self._inspect(data)[0].faults

    def from_plain(self, given: Mapping[str, object]) -> Any:
        """The inputs from plain values, as JSON or YAML give them, by the same rules. Raises InputsRefused.

        Timestamps with a time zone and durations may also come as such.
        """
        inspection = Inspection(self.structs)
        inputs = inspection.members(self._shape, given, "")
        if inspection.faults:
            raise InputsRefused(inspection.faults)
        return inputs

    def first_faults(self, given: Mapping[str, object], most: int) -> list[Fault]:
        """The first faults of plain values: those of what is given, in its order, before what is absent."""
        inspection = Inspection(self.structs, most)
        with suppress(Enough):
            inspection.members(self._shape, given, "")
        return inspection.faults

    def to_plain(self, inputs: object) -> dict[str, object]:
        """The inputs as JSON says them: timestamps and durations as text, absent members left out."""
        return self.structs.plain_members(self._shape, inputs)

    def _fast(self, data: bytes | str) -> Any | None:
        """The inputs, or None where a closer look is needed."""
        try:
            said = data.encode() if isinstance(data, str) else data
            if not said.isascii():
                said.decode()  # msgspec does not look at the text it skips
            inputs = self._read(said)
            if self._admit(inputs) == said.count(b",") or not repeats_a_name(said):
                return inputs
        except (msgspec.MsgspecError, Doubt, UnicodeError, OverflowError, RecursionError):
            pass
        return None

    def _inspect(self, data: bytes | str) -> tuple[Inspection, Any]:
        inspection = Inspection(self.structs)
        return inspection, self._inspected(inspection, data)

    def _inspected(self, inspection: Inspection, data: bytes | str) -> Any:
        text = inspection.text(data)
        document = None if text is None else inspection.document(text)
        if document is None and inspection.faults:
            return None
        return inspection.members(self._shape, document, "")
