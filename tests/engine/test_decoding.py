"""What the decoder takes, what it refuses, and in which words."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from engine.decoding import Decoder, Interface
from engine.faults import Fault, InputsRefused
from engine.structs import StructTable
from rules.types import (
    BOOL,
    DOUBLE,
    INT,
    STRING,
    TIMESTAMP,
    Default,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    Type,
)
from tests.engine.snapshots import ENTRY, RECORDS, SIDE, SIGNAL, SYMBOL, snapshot

TABLE = StructTable(RECORDS)
DECODER = Decoder(Interface(ENTRY, ("market",)), TABLE)


def of(t: Type, **presence: Any) -> Decoder:
    """A decoder of one input `x` of a type."""
    return Decoder(Interface((Field("x", t, **presence),)), TABLE)


def value(decoder: Decoder, text: str) -> Any:
    """The value of `x`; the fast path must have given it."""
    inputs = decoder._fast(text)
    assert inputs is not None
    assert inputs == decoder._inspect(text)[1]
    return getattr(inputs, decoder.input_attribute("x"))


NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("t", "said", "expected"),
    [
        (BOOL, "true", True),
        (INT, "9223372036854775807", 2**63 - 1),
        (DOUBLE, "1", 1.0),
        (DOUBLE, "1e2", 100.0),
        (DOUBLE, "1e-999", 0.0),
        (DOUBLE, "-0.0", -0.0),
        (STRING, '"\\ud83d\\ude00"', "😀"),
        (StringType(2), '"😀😀"', "😀😀"),
        (SYMBOL, '"BTC\\/USDT"', "BTC/USDT"),
        (SIDE, '"LONG"', "LONG"),
        (EnumType("E", ("A",), open=True), '"anything"', "anything"),
        (TIMESTAMP, '"2026-02-03T12:00:00Z"', NOON),
        (TIMESTAMP, '"2026-02-03t12:00:00.000000z"', NOON),
        (TIMESTAMP, '"2026-02-03T14:00:00+02:00"', NOON),
        (TIMESTAMP, '"2026-02-03T06:30:00-05:30"', NOON),
        (TIMESTAMP, '"2026-02-03T12:00:00.1234567Z"', NOON.replace(microsecond=123457)),
        (DurationType(), "60", timedelta(seconds=60)),
        (DurationType(), "-0.0000015", timedelta(microseconds=-2)),
        (DurationType(), '"60s"', timedelta(seconds=60)),
        (DurationType(), '"1h30m"', timedelta(hours=1, minutes=30)),
        (DurationType(0, 10), '"10us"', timedelta(microseconds=10)),
        (ListType(INT, 2), "[1,2]", [1, 2]),
        (ListType(TIMESTAMP), '["2026-02-03T13:00:00+01:00"]', [NOON]),
        (MapType(TIMESTAMP, SYMBOL), '{"BTC/USDT":"2026-02-03T13:00:00+01:00"}', {"BTC/USDT": NOON}),
    ],
)
def test_a_value_is_taken(t: Type, said: str, expected: object) -> None:
    found = value(of(t), f'{{"x":{said}}}')
    assert found == expected
    assert repr(found) == repr(expected)  # 1 is not 1.0, and UTC is not +00:00 of another name


LIST = "a list of at most 1 items: int"


@pytest.mark.parametrize(
    ("t", "said", "fault"),
    [
        (BOOL, "1", Fault("/x", "found `1`", "true or false")),
        (BOOL, "null", Fault("/x", "found null", "true or false")),
        (INT, "1.0", Fault("/x", "found `1.0`", "a whole number")),
        (INT, "1e2", Fault("/x", "found `100.0`", "a whole number")),
        (INT, "true", Fault("/x", "found `true`", "a whole number")),
        (INT, "9223372036854775808", Fault("/x", "`9223372036854775808` is out of bounds", "a whole number")),
        (INT, "1" * 5000, Fault("/x", "a huge number is out of bounds", "a whole number")),
        (IntType(0, 100), "-1", Fault("/x", "`-1` is out of bounds", "a whole number from 0 to 100")),
        (DOUBLE, '"1"', Fault("/x", "found the text `1`", "a number")),
        (DOUBLE, "1e999", Fault("/x", "a number that no double holds", "a number")),
        (DOUBLE, "1" * 310, Fault("/x", "a number that no double holds", "a number")),
        (
            DoubleType(0.0, 1.0, exclusive_minimum=True),
            "0",
            Fault("/x", "`0` is out of bounds", "a number above 0.0 and at most 1.0"),
        ),
        (StringType(2), '"abc"', Fault("/x", "`abc` is longer than 2 characters", "text of at most 2 characters")),
        (STRING, '"\\ud800"', Fault("/x", "text with half of a surrogate pair", "text")),
        (STRING, '"\\udc00a"', Fault("/x", "text with half of a surrogate pair", "text")),
        (StringType(None, "^a$"), '"a\\n"', Fault("/x", "`a\\u000a` does not match `^a$`", "text matching `^a$`")),
        (StringType(None, "a"), '"bab"', Fault("/x", "`bab` does not match `a`", "text matching `a`")),
        (
            SIDE,
            '"LONGG"',
            Fault("/x", "`LONGG` is not one of LONG, SHORT; did you mean `LONG`?", "one of LONG, SHORT"),
        ),
        (SIDE, "1", Fault("/x", "found `1`", "one of LONG, SHORT")),
        (
            EnumType("E", ("A",), open=True),
            f'"{"b" * 65}"',
            Fault("/x", f"`{'b' * 63}…` is longer than 64 characters", "text of at most 64 characters"),
        ),
        (ListType(INT, 1), "[1,2]", Fault("/x", "a list of 2 items", LIST)),
        (ListType(INT, 1), "[1,null]", Fault("/x", "a list of 2 items", LIST)),  # what is beyond is not looked at
        (ListType(INT, 1), "{}", Fault("/x", "found an object", LIST)),
        (ListType(INT, 1), "[null]", Fault("/x/0", "found null", "a whole number")),
        (
            MapType(INT, max_entries=0),
            '{"a":1}',
            Fault("/x", "a map of 1 entries", "an object of at most 0 entries: int"),
        ),
        (
            MapType(INT, StringType(1)),
            '{"a/b":1}',
            Fault("/x/a~1b", "as a key, `a/b` is longer than 1 characters", "text of at most 1 characters"),
        ),
        (ListType(StringType(None, "a+")), '["a","b"]', Fault("/x/1", "`b` does not match `a+`", "text matching `a+`")),
        (
            MapType(INT, StringType(None, "a+")),
            '{"a":1,"b":1}',
            Fault("/x/b", "as a key, `b` does not match `a+`", "text matching `a+`"),
        ),
        (MapType(INT), '{"a":1,"a":1}', Fault("/x/a", "`a` is said 2 times", "each member once")),
    ],
)
def test_a_value_is_refused(t: Type, said: str, fault: Fault) -> None:
    refused(of(t), f'{{"x":{said}}}', fault)


@pytest.mark.parametrize(
    ("t", "said"),
    [
        (TIMESTAMP, '"2026-02-03T12:00:00"'),
        (TIMESTAMP, '"2026-02-30T12:00:00Z"'),
        (TIMESTAMP, '"0001-01-01T00:00:00+01:00"'),
        (TIMESTAMP, '"9999-12-31T23:59:59-01:00"'),
        (TIMESTAMP, "1770120000"),
        (DurationType(), '"PT60S"'),
        (DurationType(), '"60"'),
        (DurationType(), "1e300"),
        (DurationType(), "true"),
        (DurationType(0, 10), '"11us"'),
        (DurationType(0, 10), '"-1us"'),
    ],
)
def test_a_time_is_refused(t: Type, said: str) -> None:
    decoder = of(t)
    assert decoder._fast(f'{{"x":{said}}}') is None
    faults = decoder.validate(f'{{"x":{said}}}')
    assert [fault.pointer for fault in faults] == ["/x"]


def refused(decoder: Decoder, data: bytes | str, *faults: Fault) -> None:
    with pytest.raises(InputsRefused) as refusal:
        decoder.decode(data)
    assert refusal.value.faults == faults
    assert decoder.validate(data) == list(faults)


DEEP = sys.getrecursionlimit() * 100


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON at column 1: expecting value"),
        (b'{"x":1', "not JSON at column 7: expecting ',' delimiter"),
        (b'{"x":1}x', "not JSON at column 8: extra data"),
        (b'{"x":1,\n"x"}', "not JSON at line 2, column 4: expecting ':' delimiter"),
        (b'{"x":"a\nb"}', "not JSON at line 1, column 8: invalid control character"),
        (b'\xef\xbb\xbf{"x":1}', "not JSON at column 1: it starts with a byte order mark"),
        (b'{"x":"\xff"}', "not UTF-8 text from byte 6 on"),
        (b'{"x":"\xed\xa0\x80"}', "not UTF-8 text from byte 6 on"),
        ('{"x":"\ud800"}', "not UTF-8 text from character 6 on"),
        (b'{"x":NaN}', "`NaN` is not JSON"),
        (b'{"x":-Infinity}', "`-Infinity` is not JSON"),
        (b"[" * DEEP, "lists and objects nested too deeply"),
        (b'{"x":' * DEEP, "lists and objects nested too deeply"),
        (b"[]", "found a list"),
        (b"null", "found null"),
        ('{"\\ud800":1,"x":"a"}', "the name of a member has half of a surrogate pair"),
    ],
)
def test_a_document_is_refused(data: bytes | str, message: str) -> None:
    decoder = of(STRING)
    assert decoder._fast(data) is None
    with pytest.raises(InputsRefused) as refusal:
        decoder.decode(data)
    assert (refusal.value.faults[0].pointer, refusal.value.faults[0].message) == ("", message)


def test_what_is_skipped_must_still_be_utf_8_and_not_too_deep() -> None:
    decoder = Decoder(Interface((), ("market",)), TABLE)
    assert decoder._fast('{"market":"é"}'.encode()) is not None
    refused(decoder, b'{"market":"\xff"}', Fault("", "not UTF-8 text from byte 11 on", "UTF-8"))
    deep = b'{"market":' + b"[" * DEEP + b"]" * DEEP + b"}"
    refused(decoder, deep, Fault("", "lists and objects nested too deeply", "a JSON object"))


def test_every_fault_is_listed_in_the_order_of_the_document() -> None:
    said = snapshot()
    said["portfolio"]["positions"][3]["leverage"] = 126
    said["portfolio"]["positions"][4]["sid"] = said["portfolio"]["positions"][4].pop("side")
    del said["intent"]["risk_score"]
    del said["portfolio"]["last_trade_at"]
    said["marker"] = {}
    assert [(fault.pointer, fault.message, fault.expected) for fault in DECODER.validate(json.dumps(said))] == [
        ("/intent/risk_score", "`risk_score` is absent", "a number at least 0.0 and at most 1.0"),
        ("/portfolio/positions/3/leverage", "`126` is out of bounds", "a number at least 1.0 and at most 125.0"),
        ("/portfolio/positions/4/sid", "unknown name `sid`; did you mean `side`?", ""),
        ("/portfolio/positions/4/side", "`side` is absent", "one of LONG, SHORT"),
        (
            "/portfolio/last_trade_at",
            "`last_trade_at` is absent",
            "an RFC 3339 timestamp, as `2026-02-03T12:00:00Z` or null",
        ),
        ("/marker", "unknown name `marker`", "one of `now`, `intent`, `portfolio`"),
    ]


@pytest.mark.parametrize("name", ["positions", "pending", "last_trade_at_by_symbol", "last_trade_at"])
def test_an_absent_guard_is_refused(name: str) -> None:
    said = snapshot()
    del said["portfolio"][name]
    assert [fault.pointer for fault in DECODER.validate(json.dumps(said))] == [f"/portfolio/{name}"]
    with pytest.raises(InputsRefused, match=f"/portfolio/{name}"):
        DECODER.decode(json.dumps(said))


def test_a_second_empty_list_does_not_hide_the_positions() -> None:
    data = json.dumps(snapshot())
    doubled = data.replace('"pending": []', '"pending": [], "positions": []')
    refused(DECODER, doubled, Fault("/portfolio/positions", "`positions` is said 2 times", "each member once"))
    # Nor where commas in text and defaults left unsaid could make up for it.
    shorter = doubled.replace('"id": "i1", "action": "NEW_TRADE", ', "")
    refused(DECODER, shorter, Fault("/portfolio/positions", "`positions` is said 2 times", "each member once"))


def test_what_is_skipped_does_not_hide_a_member_said_twice() -> None:
    said = {"market": {"a": [1, 2], "b": "x,y"}, **snapshot()}
    assert DECODER._fast(json.dumps(said)) is not None
    doubled = json.dumps(said).replace('"adds": 1', '"adds": 1, "adds": 0', 1)
    refused(DECODER, doubled, Fault("/portfolio/positions/0/adds", "`adds` is said 2 times", "each member once"))
    again = json.dumps(said).replace('"market"', '"market": {}, "market"')
    refused(DECODER, again, Fault("/market", "`market` is said 2 times", "each member once"))


@pytest.mark.parametrize("skipped", ['{"a":1,"a":2}', '"\\ud800"', "1e999", '{"\\udc00":[]}'])
def test_what_is_skipped_is_not_judged(skipped: str) -> None:
    said = json.dumps(snapshot())[:-1] + f', "market": {skipped}}}'
    assert DECODER.validate(said) == []
    assert DECODER.decode(said) == DECODER.decode(json.dumps(snapshot()))


def test_of_many_names_the_first_are_listed() -> None:
    wide = RecordType("Wide", tuple(Field(f"n{i}", BOOL, optional=True) for i in range(15)))
    fault, *_ = Decoder(Interface((Field("x", wide),)), StructTable([wide])).validate('{"x":{"zz":1}}')
    assert fault.expected.startswith("one of `n0`, `n1`, ")
    assert fault.expected.endswith("`n11` and 3 more")


def test_a_fault_can_be_shown() -> None:
    fault = of(STRING).validate('{"x":{},"a\\u202e\\ud83d\\ude00\\udbff\\udfff":1}')
    assert [f.as_json() for f in fault] == [
        {"pointer": "/x", "message": "found an object", "expected": "text"},
        {"pointer": "/a\u202e😀\U0010ffff", "message": "unknown name `a\\u202e😀\\U0010ffff`", "expected": "`x`"},
    ]


def test_text_with_commas_stays_on_the_fast_path() -> None:
    said = snapshot()
    said["intent"]["id"] = "a,b,,c"
    assert DECODER._fast(json.dumps(said)) is not None


@pytest.mark.parametrize("name", ["__class__", "from", "a/b", "~", "é", "", "f0", "%s", "{}"])
def test_a_field_may_have_any_name(name: str) -> None:
    record = RecordType("R", (Field("zz", INT), Field(name, STRING)))
    table = StructTable([record])
    decoder = Decoder(Interface((Field(name, record),)), table)
    inputs = decoder.decode(json.dumps({name: {"zz": 1, name: "a"}}))
    assert getattr(getattr(inputs, decoder.input_attribute(name)), table.attribute("R", name)) == "a"
    assert (decoder.input_attribute(name), table.attribute("R", name)) == ("f0", "f1")


def test_absent_null_and_default() -> None:
    t = IntType(0, 9)
    assert value(of(t, optional=True), "{}") is msgspec.UNSET
    assert value(of(t, nullable=True), '{"x":null}') is None
    assert value(of(t, optional=True, nullable=True), "{}") is msgspec.UNSET
    assert value(of(t, optional=True, nullable=True), '{"x":null}') is None
    assert value(of(t, default=Default(7)), "{}") == 7
    assert value(of(t, default=Default(7)), '{"x":3}') == 3
    assert value(of(t, nullable=True, default=Default(None)), "{}") is None
    refused(of(t, nullable=True), "{}", Fault("/x", "`x` is absent", "a whole number from 0 to 9 or null"))
    refused(of(t, optional=True), '{"x":null}', Fault("/x", "found null", "a whole number from 0 to 9"))
    with pytest.raises(ValueError, match="the default of `x`: `10` is out of bounds"):
        of(t, default=Default(10))


def test_defaults_are_typed_and_not_shared() -> None:
    decoder = Decoder(Interface((Field("signal", SIGNAL),)), TABLE)
    text = '{"signal":{"symbol":"BTC/USDT","final_action":"WAIT","source":{"a":[1,2]}}}'
    one, two = (decoder.decode(text).f0 for _ in range(2))
    assert getattr(one, TABLE.attribute("Signal", "age")) == timedelta(seconds=60)
    assert getattr(one, TABLE.attribute("Signal", "is_pilot")) is False
    recent = TABLE.attribute("Signal", "recent")
    assert getattr(one, recent) == []
    assert getattr(one, recent) is not getattr(two, recent)
    assert one == decoder.decode(text.replace("[1,2]", "[]")).f0  # what is ignored makes no difference


def test_inputs_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        DECODER.decode(json.dumps(snapshot())).f0 = NOON


def test_plain_values_may_hold_moments_and_lengths() -> None:
    decoder = Decoder(Interface((Field("at", TIMESTAMP), Field("age", DurationType()))), TABLE)
    athens = timezone(timedelta(hours=2))
    inputs = decoder.from_plain({"at": NOON.astimezone(athens), "age": timedelta(seconds=1.5)})
    assert (inputs.f0.tzinfo, inputs.f0) == (UTC, NOON)
    assert decoder.to_plain(inputs) == {"at": "2026-02-03T12:00:00Z", "age": "1.5s"}
    odd: dict[Any, object] = {"at": NOON.replace(tzinfo=None), "age": float("nan"), 1: 2}
    with pytest.raises(InputsRefused) as refusal:
        decoder.from_plain(odd)
    assert [fault.pointer for fault in refusal.value.faults] == ["", "/at", "/age"]


def test_plain_values_leave_out_what_is_absent() -> None:
    said = {**snapshot(), "market": {}}
    said["portfolio"]["last_trade_at"] = None
    plain = DECODER.to_plain(DECODER.decode(json.dumps(said)))
    del said["market"]
    assert plain == said


def test_one_structure_for_each_record() -> None:
    other = Decoder(Interface((Field("intent", RECORDS[0]),)), TABLE)
    data = json.dumps({"intent": snapshot()["intent"]})
    assert type(other.decode(data).f0) is type(DECODER.decode(json.dumps(snapshot())).f1)
    with pytest.raises(ValueError, match="two different records are called `Signal`"):
        StructTable([*RECORDS, RecordType("Signal", ())])
    with pytest.raises(ValueError, match="record `Odd` is not the one in this table"):
        of(RecordType("Odd", ()))
    with pytest.raises(ValueError, match="a name stands twice"):
        Decoder(Interface((Field("x", INT),), ("x",)), TABLE)


def test_types_nested_deep_are_admitted() -> None:
    t: Type = RecordType("Leaf", (Field("at", TIMESTAMP), Field("s", SYMBOL)))
    leaf, said = t, '{"at":"2026-02-03T13:00:00+01:00","s":"AB"}'
    for _ in range(30):
        t, said = ListType(t), f"[{said}]"
    assert isinstance(leaf, RecordType)
    decoder = Decoder(Interface((Field("x", t),)), StructTable([leaf]))
    found = value(decoder, f'{{"x":{said}}}')
    for _ in range(30):
        found = found[0]
    assert found.f0.tzinfo is UTC
    assert decoder._fast(f'{{"x":{said.replace("AB", "ab")}}}') is None
    doubled = said.replace('"s":', '"s":"CD","s":')
    assert decoder._fast(f'{{"x":{doubled}}}') is None


def test_a_document_of_nothing_but_mistakes_is_refused_in_reasonable_time() -> None:
    said = {**snapshot(), **{f"portfolios{i}": i for i in range(20_000)}}
    faults = DECODER.validate(json.dumps(said))
    assert len(faults) == 20_000
    assert sum("did you mean" in fault.message for fault in faults) == 20
