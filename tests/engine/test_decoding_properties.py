"""The fast decoder agrees with the complete inspection, and nothing but a refusal comes of what is wrong."""

from __future__ import annotations

import json
import threading
from datetime import UTC
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.decoding import Decoder, Interface
from engine.faults import Fault, InputsRefused
from engine.structs import Pattern, StructTable, records_in
from rules.types import ListType, MapType, RecordType
from tests.engine.documents import Object, interfaces, mutated, objects, places, plain, plain_text, written
from tests.engine.snapshots import ENTRY, RECORDS, snapshot

SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])


def decoder_of(interface: Interface) -> Decoder:
    return Decoder(interface, StructTable(r for f in interface.inputs for r in records_in(f.type)))


ENTRY_DECODER = Decoder(Interface(ENTRY, ("market",)), StructTable(RECORDS))


def resolves(pointer: str, text: str) -> bool:
    """Whether a pointer leads to a value, or to a member that an object lacks."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    if not steps:
        return True
    here = [json.loads(text, object_pairs_hook=Object, parse_int=str)]
    for step in steps[:-1]:
        here = [v for h in here for v in children(h, step)]
    last = [h for h in here if isinstance(h, Object) or children(h, steps[-1])]
    return bool(last)


def children(holder: Any, step: str) -> list[Any]:
    if isinstance(holder, Object):
        return [v for k, v in holder.pairs if k == step]
    return [holder[int(step)]] if isinstance(holder, list) and step.isdecimal() and int(step) < len(holder) else []


def printable(fault: Fault) -> bool:
    lines = (fault.pointer, fault.message, fault.expected)
    return all(line.encode() or not line for line in lines) and "\n" not in fault.message


def zones(value: Any) -> set[Any]:
    """The time zones in a structure."""
    if isinstance(value, list):
        return {z for v in value for z in zones(v)}
    if isinstance(value, dict):
        return {z for v in value.values() for z in zones(v)}
    if isinstance(value, msgspec.Struct):
        return {z for name in value.__struct_fields__ for z in zones(getattr(value, name))}
    return {value.tzinfo} if hasattr(value, "tzinfo") else set()


@st.composite
def cases(draw: st.DrawFn) -> tuple[Interface, Object, str]:
    interface = draw(interfaces())
    document = draw(objects(interface.inputs, interface.ignored))
    for _ in range(draw(st.integers(0, 2))):
        document = draw(mutated(document))
    gap = draw(st.sampled_from(["", " ", "\n\t"]))
    return interface, document, written(document, gap, ascii_only=draw(st.booleans()))


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@SLOW
@given(cases())
def test_the_fast_path_accepts_what_the_inspection_accepts(case: tuple[Interface, Object, str]) -> None:
    interface, _, text = case
    decoder, data = decoder_of(interface), encoded(text)
    faults, fast = decoder.validate(data), decoder._fast(data)
    if faults:
        assert fast is None
        with pytest.raises(InputsRefused) as refusal:
            decoder.decode(data)
        assert list(refusal.value.faults) == faults
        return
    inspected = decoder._inspect(data)[1]
    assert decoder.decode(data) == inspected
    assert decoder.decode(data.decode()) == inspected
    assert zones(inspected) <= {UTC}
    if fast is None:
        # What is skipped may hold repeated names or half pairs: the fast path leaves those to the inspection.
        assert skips(interface)
    else:
        assert fast == inspected
        assert repr_of(decoder, fast) == repr_of(decoder, inspected)
        assert zones(fast) <= {UTC}


def repr_of(decoder: Decoder, inputs: Any) -> str:
    """Values with their types: 1 and 1.0 and True differ here."""
    return repr(decoder.to_plain(inputs))


def skips(interface: Interface) -> bool:
    records = [r for f in interface.inputs for r in all_records(f.type)]
    return bool(interface.ignored) or any(r.ignored for r in records)


def all_records(t: Any) -> list[RecordType]:
    match t:
        case ListType():
            return all_records(t.item)
        case MapType():
            return all_records(t.value)
        case RecordType():
            return [t, *(r for f in t.fields for r in all_records(f.type))]
        case _:
            return []


@SLOW
@given(cases())
def test_every_fault_has_its_place(case: tuple[Interface, Object, str]) -> None:
    interface, _, text = case
    for fault in decoder_of(interface).validate(encoded(text)):
        assert printable(fault)
        assert fault.pointer == "" or resolves(fault.pointer, text)


@SLOW
@given(cases())
def test_plain_values_go_there_and_back(case: tuple[Interface, Object, str]) -> None:
    interface, _, text = case
    decoder = decoder_of(interface)
    assume(not decoder.validate(encoded(text)))
    inputs = decoder.decode(encoded(text))
    assert decoder.from_plain(plain_text(text)) == inputs
    said = decoder.to_plain(inputs)
    assert decoder.from_plain(said) == inputs
    assert decoder.decode(json.dumps(said)) == inputs


@SLOW
@given(st.data())
def test_dropping_a_required_field_is_refused_there(data: st.DataObject) -> None:
    interface = data.draw(interfaces())
    document = data.draw(objects(interface.inputs, ()))
    decoder = decoder_of(interface)
    assume(not decoder.validate(written(document)))
    for field in interface.inputs:
        if field.optional or field.default is not None:
            continue
        without = Object([(k, v) for k, v in document.pairs if k != field.name])
        pointer = "/" + field.name.replace("~", "~0").replace("/", "~1")
        assert [fault.pointer for fault in decoder.validate(written(without))] == [pointer]
        with pytest.raises(InputsRefused):
            decoder.from_plain(plain(without))


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    refused_or_decoded(data)


@SLOW
@given(st.data())
def test_no_damaged_snapshot_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    whole = json.dumps({**snapshot(), "market": {"a": [1, "é"]}}, ensure_ascii=False).encode()
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 8))
    patch = data.draw(
        st.binary(max_size=8) | st.sampled_from([b",", b'"', b"\\", b"[" * 3000, b"1e999", b"\xff", b"}"])
    )
    refused_or_decoded(whole[:start] + patch + whole[start + length :])
    refused_or_decoded(whole[:start])


def refused_or_decoded(data: bytes) -> None:
    faults = ENTRY_DECODER.validate(data)
    fast = ENTRY_DECODER._fast(data)
    assert fast is None or not faults
    if faults:
        assert all(printable(fault) for fault in faults)
        with pytest.raises(InputsRefused):
            ENTRY_DECODER.decode(data)
    else:
        assert ENTRY_DECODER.decode(data) == ENTRY_DECODER._inspect(data)[1]


@SLOW
@given(st.data())
def test_a_member_said_twice_is_refused_wherever_it_stands(data: st.DataObject) -> None:
    interface = data.draw(interfaces())
    document = data.draw(objects(interface.inputs, ()))
    decoder = decoder_of(interface)
    assume(not decoder.validate(written(document)))
    inside = [(holder, i) for holder, i in places(document) if isinstance(holder, Object)]
    assume(inside)
    holder, i = data.draw(st.sampled_from(inside))
    holder.pairs.insert(data.draw(st.integers(0, len(holder.pairs))), holder.pairs[i])
    assert decoder._fast(encoded(written(document))) is None


@SLOW
@given(st.data())
def test_the_commas_of_a_document_are_counted_exactly(data: st.DataObject) -> None:
    interface = data.draw(interfaces())
    document = data.draw(objects(interface.inputs, interface.ignored))
    decoder, text = decoder_of(interface), encoded(written(document))
    assume(not decoder.validate(text))
    assert decoder._admit(decoder._read(text)) == commas(document)


def commas(value: Any) -> int:
    """The commas between the members and items of a document, and all of those in what is skipped."""
    held = [v for _, v in value.pairs] if isinstance(value, Object) else value if isinstance(value, list) else []
    return max(0, len(held) - 1) + sum(map(commas, held))


def test_a_pattern_remembers_a_bounded_number_of_texts() -> None:
    asked: list[str] = []

    def matcher(text: str) -> bool:
        asked.append(text)
        return True

    pattern = Pattern(matcher)
    for i in range(10_000):
        pattern.admit(str(i))
        pattern.admit(str(i))
    pattern.admit("a" * 1000)
    assert len(asked) == 10_001
    assert len(pattern.known) <= 4096


def test_decoders_are_shared_between_threads() -> None:
    data = [json.dumps({**snapshot(), "intent": {**snapshot()["intent"], "symbol": f"S{i}"}}) for i in range(3000)]
    wrong: list[str] = []

    def run() -> None:
        wrong.extend(d for d in data if ENTRY_DECODER.decode(d).f1.f3 != json.loads(d)["intent"]["symbol"])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
