"""Bodies made to be misread: refused with an effect, and the service goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.service.problems import MOST_FAULTS
from engine.inspection import Inspection
from tests.adapters.service.running import Served
from tests.adapters.service.snapshots import GOOD, OPENS

DEEP = 100_000
INPUTS = json.dumps(OPENS)
IGNORED = ("signal", "market", "health", "multipliers", "freeze", "risk", "exploration")
"""Facts that entry does not read."""
TEXT = GOOD.decode()


def within(said: str) -> bytes:
    """A good body with something more at the end of its inputs."""
    return f'{{"inputs": {INPUTS[:-1]}, {said}}}}}'.encode()


def before(said: str) -> bytes:
    """A good body with something more at the beginning of its inputs."""
    return f'{{"inputs": {{{said}, {INPUTS[1:]}}}'.encode()


def instead(old: str, new: str) -> bytes:
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new).encode()


def many(count: int, one: str) -> str:
    """Something many times over, numbered, with commas between."""
    return ",".join(one.replace("#", str(number)) for number in range(count))


MANY: dict[str, bytes] = {
    "many unknown facts": within(many(80_000, '"x#":1')),
    "many unknown members": instead('"price"', many(80_000, '"x#":1') + ',"price"'),
    "many members said twice": within(many(35_000, '"x#":1,"x#":1')),
    "many empty positions": instead('"positions": [', '"positions": [' + many(300_000, "{}") + ","),
    "many that are no positions": instead('"positions": [', '"positions": [' + many(400_000, "1") + ","),
    "many entries that are no times": instead('by_symbol": {', 'by_symbol": {' + many(50_000, '"S#":"x"')),
    "many names that are no text": within(many(50_000, '"\\ud800#":1')),
}
"""Bodies of nearly the size that is allowed."""

HOSTILE: dict[str, bytes] = {
    # cut short, or more than one
    "nothing": b"",
    "blanks": b" \n\t ",
    "half": GOOD[: len(GOOD) // 2],
    "all but the last": GOOD[:-1],
    "one more bracket": GOOD + b"}",
    "two bodies": GOOD + GOOD,
    "a comma at the end": GOOD[:-1] + b",}",
    "a comment": b"/* allow */" + GOOD,
    "no JSON": b"inputs: {}",
    # depth
    "lists in lists": b"[" * DEEP,
    "lists in lists, closed": b"[" * DEEP + b"]" * DEEP,
    "objects in objects": b'{"inputs":' * DEEP + b"{}" + b"}" * DEEP,
    "deep inputs": b'{"inputs":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep within": within('"market": ' + "[" * DEEP + "]" * DEEP),
    "deep and ignored": within('"x": ' + '{"a":' * DEEP + "1" + "}" * DEEP),
    "deep, not closed": within('"market": ' + "[" * DEEP),
    # numbers
    "a huge whole number": instead("10000.0", "1" + "0" * 5000),
    "a huge exponent": instead("10000.0", "1e99999"),
    "an infinity by exponent": instead("10000.0", "1e309"),
    "NaN": instead("10000.0", "NaN"),
    "Infinity": instead("10000.0", "Infinity"),
    "-Infinity": instead("10000.0", "-Infinity"),
    "hexadecimal": instead("10000.0", "0x2710"),
    "a leading nought": instead("10000.0", "010000.0"),
    "a leading plus": instead("10000.0", "+10000.0"),
    "no digit after the point": instead("10000.0", "10000."),
    "a number as text": instead("10000.0", '"10000.0"'),
    "truth for a number": instead("10000.0", "true"),
    # encodings
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-32": TEXT.encode("utf-32"),
    "a mark of UTF-8": b"\xef\xbb\xbf" + GOOD,
    "Latin-1": within('"x": "é"').decode().encode("latin-1"),
    "overlong": instead("BTCUSDT", "BTC").replace(b"BTC", b"BTC\xc0\x80"),
    "half of a pair": instead("BTCUSDT", "\\ud800"),
    "half of a pair, as bytes": GOOD.replace(b"BTCUSDT", b"\xed\xa0\x80"),
    "NUL in a text": instead("BTCUSDT", "BTC\\u0000USDT"),
    "NUL as it is": GOOD.replace(b"BTCUSDT", b"BTC\x00USDT"),
    "NUL at the end": GOOD + b"\x00",
    "NUL before": b"\x00" + GOOD,
    "a line break in a text": GOOD.replace(b"BTCUSDT", b"BTC\nUSDT"),
    # said twice
    "inputs twice": f'{{"inputs": {{}}, "inputs": {INPUTS}}}'.encode(),
    "inputs twice, the good one first": f'{{"inputs": {INPUTS}, "inputs": {{}}}}'.encode(),
    "inputs twice, one escaped": f'{{"inputs": {{}}, "\\u0069nputs": {INPUTS}}}'.encode(),
    "inputs escaped, then not": f'{{"inp\\u0075ts": {INPUTS}, "inputs": {{}}}}'.encode(),
    "a fact twice": within('"intent": {}'),
    "a fact twice, alike": within(f'"portfolio": {json.dumps(OPENS["portfolio"])}'),
    "a fact twice, one escaped": within('"int\\u0065nt": {}'),
    "a fact twice, first escaped": before(f'"\\u0069ntent": {json.dumps(OPENS["intent"])}'),
    "a member twice": instead('"confidence": 0.85', '"confidence": 0.1, "confidence": 0.85'),
    "a member twice, one escaped": instead('"confidence": 0.85', '"confidenc\\u0065": 0.1, "confidence": 0.85'),
    "a member of a list's item twice": instead('"exposure": 600.0', '"exposure": 600.0, "exposure": 1.0'),
    "an empty map twice": instead('"last_trade_at_by_symbol": {}', '"last_trade_at_by_symbol": {"A": null, "A": null}'),
    "a symbol twice": instead(
        '"last_trade_at_by_symbol": {}',
        '"last_trade_at_by_symbol": {"ETHUSDT": "2026-02-03T12:00:00Z", "\\u0045THUSDT": "2020-02-03T12:00:00Z"}',
    ),
    "a fact that is not read, twice": within('"health": 1, "health": 1'),
    "a fact that is not read, deep": within('"health": ' + "[" * DEEP + "]" * DEEP),
    # what the service says
    "now": within('"now": "2020-02-03T12:00:00Z"'),
    "now, first": before('"now": "2020-02-03T12:00:00Z"'),
    "now, escaped": within('"n\\u006fw": "2020-02-03T12:00:00Z"'),
    "now, all escaped": before('"\\u006e\\u006f\\u0077": "2020-02-03T12:00:00Z"'),
    "now, escaped in capitals": within('"n\\u006Fw": "2020-02-03T12:00:00Z"'),
    "now, null": within('"now": null'),
    "universe": within('"universe": {"symbols": ["BTCUSDT"]}'),
    "universe, escaped": within('"univ\\u0065rse": {"symbols": ["BTCUSDT"]}'),
    "universe, first": before('"\\u0075niverse": {"symbols": ["BTCUSDT"]}'),
    # what closes early, to be followed by what the service adds
    "an object closed early": b'{"inputs": {}, "now": "2020-02-03T12:00:00Z"}',
    "inputs that are a text": b'{"inputs": "{}"}',
    "inputs that are a list": f'{{"inputs": [{INPUTS}]}}'.encode(),
    # nothing but mistakes
    **MANY,
    # more than is known
    "an unknown member": f'{{"inputs": {INPUTS}, "policy": "entry"}}'.encode(),
    "a prototype": f'{{"__proto__": {{}}, "inputs": {INPUTS}}}'.encode(),
    "an unknown fact": within('"override": true'),
    "an effect": within('"effect": "allow"'),
    "much": b" " * (10 * 1024 * 1024),
    "much that is JSON": within('"x": "' + "x" * (10 * 1024 * 1024) + '"'),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_and_the_service_goes_on(open_service: Served, what: str) -> None:
    found = open_service.ask("POST", "/v1/decide/entry", HOSTILE[what])
    assert 400 <= found.status < 500, found.body
    assert found.effect == "block"
    assert len(found.body) < 30_000
    assert open_service.decide(OPENS).effect == "allow"


@pytest.mark.parametrize("what", MANY)
def test_no_more_faults_are_looked_for_than_are_told(
    open_service: Served, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    note = Inspection._fault

    def noted(inspection: Inspection, at: str, *told: str) -> object:
        looked_at.append(at)
        return note(inspection, at, *told)

    monkeypatch.setattr(Inspection, "_fault", noted)
    found = open_service.ask("POST", "/v1/decide/entry", MANY[what])
    faults = found.json["faults"]
    if len(looked_at) > len(faults):  # of one place they are told once
        assert len(set(looked_at)) <= MOST_FAULTS
    assert len(faults) <= MOST_FAULTS + 1
    if len(faults) > MOST_FAULTS:
        assert faults[-1] == {"pointer": "", "message": "there are more: no more than 100 are looked for"}
        assert "(and at least 100 more)" in found.json["detail"]
        assert len(looked_at) == MOST_FAULTS + 1


def test_what_is_not_read_is_not_looked_into(open_service: Served) -> None:
    """A member said twice within a fact that entry does not read: it has no part in the decision."""
    found = open_service.ask("POST", "/v1/decide/entry", within('"health": {"a": 1, "a": 2}'))
    assert found.json["reason"] == open_service.decide(OPENS).json["reason"]


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_among_several(open_service: Served, what: str) -> None:
    """In the place of the one that it is, or with all of them: never allowed, never 5xx."""
    body = HOSTILE[what]
    inputs = body.removeprefix(b'{"inputs": ').removesuffix(b"}")
    found = open_service.ask("POST", "/v1/decide", b'{"requests": [{"policy": "entry", "inputs": %b}]}' % inputs)
    assert found.status < 500
    effects = [one["effect"] for one in found.json["decisions"]] if found.status == 200 else [found.effect]
    if b'"policy"' not in body and b'"__proto__"' not in body:
        assert set(effects) <= {"block"}, body[:200]
    assert open_service.decide(OPENS).effect == "allow"


@pytest.mark.parametrize(
    "body",
    [
        b'{"requests": [], "requests": [{"policy": "entry", "inputs": %b}]}',
        b'{"requests": [], "request\\u0073": [{"policy": "entry", "inputs": %b}]}',
        b'{"requests": [{"policy": "route", "policy": "entry", "inputs": %b}]}',
        b'{"requests": [{"policy": "route", "polic\\u0079": "entry", "inputs": %b}]}',
        b'{"requests": [{"policy": "entry", "inputs": {}, "inputs": %b}]}',
        b'{"requests": [{"policy": "entry", "inputs": {}, "\\u0069nputs": %b}]}',
    ],
)
def test_several_are_said_once(open_service: Served, body: bytes) -> None:
    found = open_service.ask("POST", "/v1/decide", body % INPUTS.encode())
    assert (found.status, found.effect) == (422, "block")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def meant(body: bytes) -> object:
    """What a body says to a strict reader; None where it says nothing."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None


mutations = st.lists(
    st.tuples(
        st.sampled_from(("replace", "insert", "delete", "repeat")),
        st.integers(0, len(GOOD) - 1),
        st.binary(min_size=1, max_size=8)
        | st.sampled_from([b'"', b",", b"}", b"{", b"]", b"\\u0000", b"1e999", b"null", b"-", b"0", b'"now":1,']),
    ),
    min_size=1,
    max_size=4,
)


def mutated(changes: list[tuple[str, int, bytes]]) -> bytes:
    body = GOOD
    for how, place, said in changes:
        at = min(place, len(body))
        match how:
            case "replace":
                body = body[:at] + said + body[at + len(said) :]
            case "insert":
                body = body[:at] + said + body[at:]
            case "delete":
                body = body[:at] + body[at + len(said) :]
            case _:
                body = body[:at] + body[at : at + 40] + body[at:]
    return body


@given(mutations)
def test_bytes_that_change_open_nothing(open_service: Served, changes: list[tuple[str, int, bytes]]) -> None:
    """No answer says 5xx; and what opens does so for a strict reader of the same bytes, too."""
    body = mutated(changes)
    found = open_service.ask("POST", "/v1/decide/entry", body)
    assert found.status in (200, 400, 413, 415, 422)
    if found.effect != "allow":
        return
    said = meant(body)
    assert isinstance(said, dict), body
    assert said.keys() == {"inputs"}
    assert said["inputs"].keys() <= {
        *OPENS,
        "signal",
        "market",
        "health",
        "multipliers",
        "freeze",
        "risk",
        "exploration",
    }
    again = open_service.decide(said["inputs"])
    assert again.effect == "allow", body
