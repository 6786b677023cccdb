"""A compiled bundle as pieces of bytes: compiled in one process, linked in others, a few milliseconds at a time.

Rules kept here: pieces are for processes of one program on one machine, over a pipe that no one else writes to, and
never for a store (they are pickled: whoever writes them runs code). Verdicts are written before they are packed, so
that nothing is compiled on the way to a decision. A bundle whose types are those of the bundle before takes over its
structures: classes are not freed by reference counts, and a desk publishes often. What a policy says in expressions is
for explaining, not for deciding: it is most of what a policy is, and stays bytes until someone asks.
"""

from __future__ import annotations

import io
import marshal
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from types import CodeType
from typing import Any, Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from engine.decoding import Decoder
from engine.overrides import Overrides
from engine.policy import Machine, Policy, policy_of
from engine.scalar.program import Merging, Program, Written, link_plan
from engine.structs import StructTable
from rules.bundle import Bundle
from rules.documents.types_document import TypeTable
from rules.plan import Plan
from rules.types import RecordType
from rules.zones import zone_of


@dataclass(frozen=True, slots=True)
class Header:
    """What the policies of a bundle share."""

    name: str
    version: str
    digest: str
    types: TypeTable
    overrides: Overrides
    effective_digest: str | None
    policies: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """One policy, compiled."""

    plan: Mapping[str, Any]
    written: Mapping[str, Any]
    verdict: Merging | None
    said: bytes
    """What its plan says in expressions, packed by itself."""


SAID: Final = frozenset(
    (
        *("parameter_requirements", "calls", "definitions", "cases", "otherwise"),
        *("outputs", "ensures", "log", "rows", "written"),
    )
)
"""The fields of a plan that hold expressions: no decision reads them."""
SITES: Final = frozenset(("sites",))
"""Of what is generated, the expressions that errors name."""


def pack(machine: Machine) -> Iterator[bytes]:
    """The pieces of a machine: the header, then a policy each, after those that it asks."""
    bundle = machine.bundle
    shared = (bundle.name, bundle.version, bundle.digest, bundle.types, machine.overrides, machine.effective_digest)
    yield pickle.dumps(Header(*shared, len(machine.policies)), pickle.HIGHEST_PROTOCOL)
    records = {id(record): record.name for record in bundle.types.records}
    structs = StructTable(bundle.types.records)
    for policy in machine.policies.values():
        structs = policy.decoder.structs
        program = policy.program
        assert program.verdict is not None  # written now
        plan, plan_said = _parted(policy.plan, SAID)
        written, sites = _parted(program.written, SITES)
        said = _packed(plan_said | sites, structs, records)
        yield _packed(Compiled(plan, written, next(iter(program.merging), None), said), structs, records)


class Linking:
    """Links a machine from its pieces, one `add` at a time; `before` is the machine that it is to follow."""

    def __init__(self, header: bytes, before: Machine | None = None) -> None:
        told: Header = pickle.loads(header)  # noqa: S301 -- from our own compiling process
        self._told = told
        self._bundle = Bundle(told.name, told.version, told.digest, b"", told.types, {}, {}, (), (), ())
        self._structs = _structs(told.types, before)
        self._programs: dict[str, Program] = {}
        self._policies: dict[str, Policy] = {}
        self._decoders: dict[tuple[str, ...], list[Decoder]] = {}
        """Those that may be taken over, by the names of what they read: policies with the same inputs share one."""
        for policy in () if before is None else before.policies.values():
            self._keep(policy.decoder)

    def add(self, piece: bytes) -> None:
        """Link one policy."""
        found: Compiled = _Unpickler(piece, self._structs, self._told.types).load()
        said = _Said(found.said, self._structs, self._told.types)
        plan, written = _late(_LatePlan, found.plan, said), _late(_LateWritten, found.written, said)
        program = link_plan(plan, written, self._structs, self._programs, self._told.overrides.of(plan))
        if found.verdict is not None:
            program.merging.append(found.verdict)
        assert program.verdict is not None  # linked now
        self._programs[plan.name] = program
        named = tuple(f.name for f in plan.inputs)
        decoder = next((one for one in self._decoders.get(named, ()) if one.interface.inputs == plan.inputs), None)
        policy = policy_of(self._bundle, program, self._structs, self._told.effective_digest, decoder)
        self._policies[plan.name] = policy
        if policy.decoder is not decoder:
            self._keep(policy.decoder)

    def _keep(self, decoder: Decoder) -> None:
        if decoder.structs is self._structs:
            self._decoders.setdefault(tuple(f.name for f in decoder.interface.inputs), []).append(decoder)

    def machine(self) -> Machine:
        """The machine, once every piece has been added."""
        if len(self._policies) != self._told.policies:
            raise ValueError(f"{len(self._policies)} of {self._told.policies} policies have been linked")
        return Machine(self._bundle, self._policies, self._told.overrides, self._told.effective_digest)


def retire(machine: Machine) -> None:
    """Take a machine apart that decides no more, so that what it held is freed at once, not by a collection."""
    for policy in machine.policies.values():
        for program in (policy.program, *policy.program.asked()):
            program.names.clear()
            program.made.clear()
            program.merging.clear()


class _Said:
    """What a policy says in expressions, read when the first of it is asked for."""

    def __init__(self, packed: bytes, structs: StructTable, types: TypeTable) -> None:
        self._packed, self._structs, self._types = packed, structs, types

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The fields of the plan and of what was generated from it, together: they share their expressions."""
        found: Mapping[str, Any] = _Unpickler(self._packed, self._structs, self._types).load()
        return found


class _LatePlan(Plan):
    """A plan that reads what it says when that is first asked for: a field that is not there yet comes by `_said`."""

    __slots__ = ("_said",)
    _said: _Said

    def __getattr__(self, name: str) -> Any:
        if name not in SAID:
            raise AttributeError(name)
        return _come(self, name)


class _LateWritten(Written):
    """What was generated, likewise."""

    __slots__ = ("_said",)
    _said: _Said

    def __getattr__(self, name: str) -> Any:
        if name not in SITES:
            raise AttributeError(name)
        return _come(self, name)


_L = TypeVar("_L", _LatePlan, _LateWritten)


def _late(kind: type[_L], there: Mapping[str, Any], said: _Said) -> _L:
    """A plan, or what was generated from one, of which only some fields are there."""
    made = object.__new__(kind)
    for name, value in (*there.items(), ("_said", said)):
        object.__setattr__(made, name, value)
    return made


def _come(late: _LatePlan | _LateWritten, name: str) -> Any:
    value = late._said.fields[name]
    object.__setattr__(late, name, value)
    return value


def _parted(whole: Plan | Written, later: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of something: those that deciding reads, and those that it does not."""
    named = {one.name: getattr(whole, one.name) for one in fields(whole)}
    return {n: v for n, v in named.items() if n not in later}, {n: v for n, v in named.items() if n in later}


def _structs(types: TypeTable, before: Machine | None) -> StructTable:
    """The structures of a machine before, where its types are the same."""
    known = next(iter(before.policies.values()), None) if before is not None else None
    if before is not None and known is not None and before.bundle.types.records == types.records:
        return known.decoder.structs
    return StructTable(types.records)


def _packed(whole: Compiled | Mapping[str, Any], structs: StructTable, records: dict[int, str]) -> bytes:
    out = io.BytesIO()
    _Pickler(out, structs, records).dump(whole)
    return out.getvalue()


def _code(marshalled: bytes) -> CodeType:
    found = marshal.loads(marshalled)  # noqa: S302 -- from our own compiling process
    assert isinstance(found, CodeType)
    return found


class _Pickler(pickle.Pickler):
    """Structures and the records of the glossary by their names; code as `marshal` has it."""

    def __init__(self, out: io.BytesIO, structs: StructTable, records: dict[int, str]) -> None:
        super().__init__(out, pickle.HIGHEST_PROTOCOL)
        self._structs = structs
        self._records = records

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        """What stands for an object that the other process has."""
        if isinstance(obj, RecordType) and id(obj) in self._records:
            return "record", obj.name
        if isinstance(obj, type) and (name := self._structs.record_of(obj)) is not None:
            return "structure", name
        return None

    def reducer_override(self, obj: Any) -> Any:
        """How an object is packed that `pickle` knows nothing of, or that it would be slow to read again."""
        if _setters(type(obj)):
            state = tuple(getattr(obj, one.name) for one in fields(obj))
            return object.__new__, (type(obj),), state, None, None, _filled
        if isinstance(obj, CodeType):
            return _code, (marshal.dumps(obj),)
        if isinstance(obj, ZoneInfo):
            return zone_of, (obj.key,)
        return NotImplemented


def _filled(obj: object, state: tuple[Any, ...]) -> None:
    """Give a frozen dataclass its fields: `dataclasses` asks for their names with each, which is most of linking."""
    for put, value in zip(_setters(type(obj)), state, strict=True):
        put(obj, value)


_Setters: TypeAlias = tuple[Callable[[object, Any], None], ...]
_known_setters: dict[type, _Setters] = {}


def _setters(cls: type) -> _Setters:
    """What puts the fields of a frozen dataclass with slots into their places; nothing for any other."""
    found = _known_setters.get(cls)
    if found is None:
        suits = "__slots__" in vars(cls) and is_dataclass(cls) and cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
        found = tuple(getattr(cls, one.name).__set__ for one in fields(cls)) if suits else ()
        _known_setters[cls] = found
    return found


class _Unpickler(pickle.Unpickler):
    def __init__(self, piece: bytes, structs: StructTable, types: TypeTable) -> None:
        super().__init__(io.BytesIO(piece))
        self._structs = structs
        self._types = types

    def persistent_load(self, pid: Any) -> Any:
        """The object that a name stands for here."""
        kind, name = pid
        record = self._types.named[name]
        assert isinstance(record, RecordType)
        return record if kind == "record" else self._structs.shape(record).cls
