"""From the nodes of the tree to code over columns, once for each policy.

Equal parts have one number, by their structural key, and are computed once in a frame. Values are computed in every
lane of a frame where that is cheap, errors and all, and what no lane asks for is dropped; dear parts are computed for
the lanes that ask. Both give the same, because a lane's value depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.columnar.building import constant
from engine.columnar.calls import Site
from engine.columnar.columns import Column, Maps, Numbers, Records, Texts, concatenated, filled
from engine.columnar.frames import Code, Failures, Frame, Value, everywhere, first_error
from engine.columnar.lists import lookup, map_written_out, written_out
from engine.columnar.loops import Macro
from engine.columnar.making import Made, MemberCode, Message, failed
from engine.columnar.ragged import Array
from engine.columnar.translations import TRANSLATIONS
from engine.scalar.emitter import DECIDED
from engine.scalar.shapes import Key, free_locals, key_of
from engine.structs import StructTable
from rules.cel.lookups import parameter_of
from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Definition,
    Entries,
    Entry,
    Failed,
    Has,
    Items,
    Local,
    Logic,
    Loop,
    Member,
    Node,
    Placeholder,
    RecordOf,
    Root,
    Select,
    Text,
    Variable,
)
from rules.types import DoubleType, ListType, MapType, RecordType

Levels = Mapping[int, int]
"""How many lists have been gone into where a loop variable is bound."""
Run = Callable[[Frame], Value]


@dataclass(slots=True)
class Compiler:
    """Makes the code of one policy's expressions."""

    structs: StructTable
    failures: Failures = field(default_factory=Failures)
    _numbers: dict[Key, int] = field(default_factory=dict)
    _definitions: dict[int, Code] = field(default_factory=dict)
    _kept: list[Definition] = field(default_factory=list)

    def number(self, key: Key) -> int:
        """The number of a structural key."""
        return self._numbers.setdefault(key, len(self._numbers))

    def code(self, node: Node, levels: Levels | None = None) -> Code:
        """The code of an expression; `levels` are those of the loop variables in force."""
        levels = levels or {}
        if isinstance(node, Variable):
            return self._definition(node.definition)
        level = max((levels[key] for key in free_locals(node)), default=0)
        run, dear = self._run(node, levels)
        made = Code(node, self.number(key_of(node)), level, dear=dear, run=run)
        if isinstance(node, Constant):
            made.constant = Value(constant(_literal(node), node.type))
        return made

    def _definition(self, definition: Definition) -> Code:
        if id(definition) not in self._definitions:
            self._definitions[id(definition)] = self.code(definition.node)
            self._kept.append(definition)
        return self._definitions[id(definition)]

    def _run(self, node: Node, levels: Levels) -> tuple[Run, bool]:
        """How a node is evaluated, and whether it is dear."""
        match node:
            case Constant() | Local() | Variable():
                return _known_before, False
            case Root():
                return self._root(node)
            case Select():
                return self._select(node, levels)
            case Entry():
                return self._entry(node, levels)
            case Has():
                return self._has(node.path, levels)
            case Logic():
                return self._logic(node, levels)
            case Conditional():
                return self._conditional(node, levels)
            case Call():
                return self._call(node, levels)
            case Loop():
                return self._loop(node, levels)
            case Items(items=items, type=t):
                codes = tuple(self.code(item, levels) for item in items)
                assert isinstance(t, ListType)
                return lambda frame: written_out(codes, t, frame), True
            case Entries(entries=entries, type=t):
                names = tuple(str(key.value) for key, _ in entries)
                codes = tuple(self.code(value, levels) for _, value in entries)
                assert isinstance(t, MapType)
                return lambda frame: map_written_out(names, codes, t, frame), True
            case Failed(body=body):
                code = self.code(body, levels)
                return lambda frame: failed(code, frame), code.dear
            case Text(parts=parts):
                given = (part.node for part in parts if isinstance(part, Placeholder))
                return Message(node, tuple(self.code(part, levels) for part in given), self.structs), True
            case RecordOf(members=members):
                return Made(node, {member.field.name: self._member(member, levels) for member in members}), True

    def _member(self, member: Member, levels: Levels) -> MemberCode:
        value, when = (None if part is None else self.code(part, levels) for part in (member.value, member.when))
        outside = 0
        if member.value is not None and member.outside:
            outside = self.failures.number("out-of-range", member.value)
        return MemberCode(member, value, when, outside)

    def _root(self, node: Root) -> tuple[Run, bool]:
        if node.kind == "parameter":
            return lambda frame: Value(everywhere(frame.setting.parameters[node.name], frame.size)), False
        if node.kind == "call":
            return lambda frame: frame.setting.ask[node.name](frame), True
        return _known_before, False

    def _select(self, node: Select, levels: Levels) -> tuple[Run, bool]:
        operand, name = self.code(node.operand, levels), node.field.name
        record = node.operand.type
        assert isinstance(record, RecordType)
        needed = node.fails_absent and record.name.startswith("call:") and name not in DECIDED
        failed = np.int32(self.failures.number("call-failed", node)) if needed else np.int32(0)

        def run(frame: Frame) -> Value:
            value = operand.at(frame)
            column = _records(value).field(name)
            errors = value.errors
            if needed and column.present is not None:
                errors = first_error(errors, np.where(column.present, 0, failed))
            return Value(column, errors)

        return run, operand.dear

    def _lookup(self, mapping: Node, key: Node, levels: Levels) -> Code:
        """The code of looking a key up: records of `there` and `value`, and no errors: whose comes first differs."""
        maps, keys = self.code(mapping, levels), self.code(key, levels)
        assert isinstance(mapping.type, MapType)
        t, parameter = mapping.type.value, parameter_of(mapping)

        def run(frame: Frame) -> Value:
            asked = keys.at(frame).column
            assert isinstance(asked, Texts)
            if parameter is not None:  # the same map for all: looked up where it lies
                held = frame.setting.parameters[parameter.name]
                assert isinstance(held, Maps)
                return Value(lookup(t, held, np.zeros(frame.size, np.int64), asked, frame.size))
            home = frame.at(maps.level)
            found = maps.at(home).column
            assert isinstance(found, Maps)
            return Value(lookup(t, found, None if home is frame else frame.lanes_of(home), asked, frame.size))

        number = self.number(("lookup", key_of(mapping), key_of(key)))
        return Code(key, number, max(maps.level, keys.level), dear=True, run=run)

    def _entry(self, node: Entry, levels: Levels) -> tuple[Run, bool]:
        code = self._lookup(node.operand, node.key, levels)
        mapping, key = self.code(node.operand, levels), self.code(node.key, levels)

        def run(frame: Frame) -> Value:
            errors = first_error(mapping.errors_at(frame) if node.operand.fails else None, key.errors_at(frame))
            return Value(_records(code.at(frame)).field("value"), errors)

        return run, True

    def _has(self, path: Node, levels: Levels) -> tuple[Run, bool]:
        if isinstance(path, Entry):
            entry = self._lookup(path.operand, path.key, levels)
            mapping, key = self.code(path.operand, levels), self.code(path.key, levels)

            def has_entry(frame: Frame) -> Value:
                failed = mapping.errors_at(frame) if path.operand.fails else None
                errors = first_error(key.errors_at(frame), failed)
                return Value(_records(entry.at(frame)).field("there"), errors)

            return has_entry, True
        operand = self.code(path.operand if isinstance(path, Select) else path, levels)

        def run(frame: Frame) -> Value:
            found = operand.at(frame)
            column = _records(found).field(path.field.name) if isinstance(path, Select) else found.column
            present = np.ones((), np.bool_) if column.present is None else column.present
            return Value(Numbers(present), found.errors)

        return run, operand.dear

    def _logic(self, node: Logic, levels: Levels) -> tuple[Run, bool]:
        left, right = self.code(node.left, levels), self.code(node.right, levels)
        decisive = node.operator == "||"
        combine = np.logical_or if decisive else np.logical_and

        def run(frame: Frame) -> Value:
            first = left.at(frame)
            open_ = first.values != decisive
            if first.errors is not None:
                open_ = open_ | (first.errors != 0)
            if not open_.any():
                return first
            other = right.where(frame, open_)
            if first.errors is None and other.errors is None:
                return Value(Numbers(combine(first.values, other.values)))
            return _absorbed(first, other, decisive)

        return run, left.dear or right.dear

    def _conditional(self, node: Conditional, levels: Levels) -> tuple[Run, bool]:
        test, then, other = (self.code(part, levels) for part in (node.test, node.then, node.other))

        def run(frame: Frame) -> Value:
            asked = test.at(frame)
            holds = asked.values
            if holds.all():
                chosen = then.at(frame)
            elif not holds.any():
                chosen = other.at(frame)
            else:
                chosen = _chosen(holds, then.where(frame, holds), other.where(frame, ~holds), frame.size)
            return Value(chosen.column, first_error(asked.errors, chosen.errors))

        return run, test.dear or then.dear or other.dear

    def _call(self, node: Call, levels: Levels) -> tuple[Run, bool]:
        form = TRANSLATIONS[node.overload.id]
        args = tuple(self.code(arg, levels) for arg in node.args)
        beside: tuple[Code, ...] = ()
        if node.overload.id == "in_map":
            beside = (self._lookup(node.args[1], node.args[0], levels),)
        elif node.overload.id == "in_list" and isinstance(node.args[1], Items):
            beside = tuple(self.code(item, levels) for item in node.args[1].items)
        site = Site(node, args, self.failures, self.structs, beside)
        return lambda frame: form(site, frame), form.dear or any(arg.dear for arg in args)

    def _loop(self, node: Loop, levels: Levels) -> tuple[Run, bool]:
        own = max((levels[key] for key in free_locals(node)), default=0)
        inner = {**levels, node.local.key: own + 1}
        local = key_of(node.local)
        macro = Macro(
            node,
            self.code(node.source, levels),
            tuple(self.code(body, inner) for body in node.bodies),
            self.number(local),
            self.number(("lookup", key_of(node.source), local)),
            self.failures,
        )
        return macro.run, True


def _known_before(frame: Frame) -> Value:
    raise AssertionError("a name is given its values before it is read")


def _literal(node: Constant) -> bool | int | float | str | None:
    return float(node.value) if isinstance(node.type, DoubleType) and isinstance(node.value, int) else node.value


def _records(value: Value) -> Records:
    assert isinstance(value.column, Records)
    return value.column


def _absorbed(first: Value, other: Value, decisive: bool) -> Value:
    """`&&` or `||` where a side may have failed: a side that decides wins, else the first error stands."""
    errors = first_error(first.errors, other.errors)
    decided = _decides(first, decisive) | _decides(other, decisive)
    return Value(Numbers(decided == decisive), np.where(decided, 0, errors if errors is not None else 0))


def _decides(side: Value, decisive: bool) -> Array:
    decides = side.values == decisive
    return np.asarray(decides if side.errors is None else decides & (side.errors == 0))


def _chosen(holds: Array, then: Value, other: Value, size: int) -> Value:
    """Of each lane the value of one branch."""
    errors: Array | None = None
    if then.errors is not None or other.errors is not None:
        errors = np.where(holds, 0 if then.errors is None else then.errors, 0 if other.errors is None else other.errors)
    if isinstance(then.column, Numbers) and isinstance(other.column, Numbers):
        return Value(Numbers(np.where(holds, then.column.values, other.column.values)), errors)
    one: Column = filled(then.column, size)
    both = concatenated(one, (size, size), filled(other.column, size))
    lanes = np.arange(size)
    return Value(both.take(np.where(holds, lanes, lanes + size)), errors)
