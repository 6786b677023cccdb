"""What generated code makes: lists, maps, records, messages, values within a type; and whether a part fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.scalar.admitted import admits
from engine.scalar.constants import Constants
from rules.cel.tree import Entries, Failed, Items, Member, Node, Placeholder, RecordOf, Text
from rules.types import BoolType, DoubleType, DurationType, TimestampType, Type, proves

if TYPE_CHECKING:
    from engine.scalar.emitter import Emitter

CONVERSIONS: Mapping[type[Type], str] = {BoolType: "TBOOL", TimestampType: "TTIME", DurationType: "TDUR"}
"""What writes the values that Python would write otherwise."""


def write_made(emitter: Emitter, node: Items | Entries | Failed | Text | RecordOf, items: Mapping[int, str]) -> str:
    """The code of a list, a map, a record, a message, or of whether a part fails."""
    match node:
        case Items(items=parts):
            return "[" + ", ".join(emitter.write(part, items) for part in parts) + "]"
        case Entries(entries=entries):
            pairs = (f"{emitter.constant(key)}: {emitter.write(value, items)}" for key, value in entries)
            return "{" + ", ".join(pairs) + "}"
        case Failed(body=body):
            return f"FAILED(lambda: {emitter.write(body, items)})" if body.fails else "False"
        case Text(parts=parts):
            code = message(parts, emitter.constants, lambda part: emitter.write(part, items))
            return code if all(isinstance(part, str) for part in parts) else f"SAID(lambda: {code})"
        case RecordOf(members=members, type=record):
            given = (
                f"{emitter.attributes.attribute(record.name, member.field.name)}={_member(emitter, member, items)}"
                for member in members
            )
            return f"{emitter.constants.add(emitter.attributes.maker(record))}({', '.join(given)})"


def _member(emitter: Emitter, member: Member, items: Mapping[int, str]) -> str:
    absent = "UNSET" if member.field.optional else "None"
    if member.value is None:
        return absent
    value = within(emitter.write(member.value, items), member.value, member.field.type, emitter.constants)
    return value if member.when is None else f"({value} if {emitter.write(member.when, items)} else {absent})"


def within(code: str, node: Node, declared: Type, constants: Constants) -> str:
    """The code of a value, checked against its declared type where its own bounds do not prove it."""
    if proves(node.type, declared):
        return code
    if isinstance(declared, DoubleType) and code.isidentifier() and not declared.exclusive:
        low, high = constants.name(declared.minimum, declared), constants.name(declared.maximum, declared)
        return f"({code} if {low} <= {code} <= {high} else FAIL('out-of-range', {constants.site(node)}))"
    return f"WITHIN({code}, {constants.add(admits(declared))}, {constants.site(node)})"


def message(parts: Sequence[str | Placeholder], constants: Constants, write: Callable[[Node], str]) -> str:
    """The code of a message: one bound `format` of a constant, or a constant."""
    args = []
    for part in parts:
        if isinstance(part, Placeholder):
            conversion, code = CONVERSIONS.get(type(part.node.type)), write(part.node)
            args.append(code if conversion is None else f"{conversion}({code})")
    if not args:
        return constants.add("".join(part for part in parts if isinstance(part, str)))
    return f"{constants.add(pattern(parts).format)}({', '.join(args)})"


def pattern(parts: Iterable[str | Placeholder]) -> str:
    """A message as Python's `format` takes it."""
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part.replace("{", "{{").replace("}", "}}"))
        else:
            out.append("{:" + part.format + "}" if part.format else "{}")
    return "".join(out)
