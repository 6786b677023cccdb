"""What functions of texts, readings of texts and clocks in zones give, by the compiled code and by the naive evaluator.

The compiled code is given texts as inputs, so that it cannot have computed anything beforehand.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.evaluation import Setting, setting_of_inputs
from engine.scalar.runtime import EvaluationError
from rules.diagnostics import Diagnostics, render
from rules.source import Source
from rules.types import DOUBLE, INT, STRING, TIMESTAMP, Field, ListType, Type
from tests.oracles import evaluator
from tests.oracles.evaluator import World
from tests.oracles.failed import Failed
from tests.oracles.held import plain

TYPES: dict[str, Type] = {
    "s": STRING,
    "t": STRING,
    "n": INT,
    "m": INT,
    "x": DOUBLE,
    "at": TIMESTAMP,
    "l": ListType(STRING),
}
FIELDS = tuple(Field(name, t) for name, t in TYPES.items())
GIVEN = {"s": "", "t": "", "n": 0, "m": 0, "x": 0.0, "at": "2026-02-03T12:30:15.25Z", "l": []}


class Fails(str):
    """The code of an error."""


VALUES: list[tuple[str, dict[str, Any], Any]] = [
    # indices count characters, not bytes; the end itself is an index
    ("s.charAt(n)", {"s": "aé😀", "n": 2}, "😀"),
    ("s.charAt(n)", {"s": "aé😀", "n": 3}, ""),
    ("s.charAt(n)", {"s": "aé😀", "n": 4}, Fails("index")),
    ("s.charAt(n)", {"s": "a", "n": -1}, Fails("index")),
    ("s.substring(n)", {"s": "BTC-PERP", "n": 4}, "PERP"),
    ("s.substring(n)", {"s": "abc", "n": 3}, ""),
    ("s.substring(n)", {"s": "abc", "n": 4}, Fails("index")),
    ("s.substring(n)", {"s": "abc", "n": -1}, Fails("index")),
    ("s.substring(n, m)", {"s": "BTC-PERP", "n": 0, "m": 3}, "BTC"),
    ("s.substring(n, m)", {"s": "abc", "n": 2, "m": 1}, Fails("index")),
    ("s.substring(n, m)", {"s": "abc", "n": 1, "m": 4}, Fails("index")),
    ("s.substring(n, m)", {"s": "abc", "n": -1, "m": 1}, Fails("index")),
    ("s.indexOf(t)", {"s": "a-b-c", "t": "-"}, 1),
    ("s.indexOf(t)", {"s": "abc", "t": "z"}, -1),
    ("s.indexOf(t)", {"s": "", "t": ""}, 0),
    ("s.indexOf(t, n)", {"s": "a-b-c", "t": "-", "n": 2}, 3),
    ("s.indexOf(t, n)", {"s": "abc", "t": "", "n": 3}, 3),
    ("s.indexOf(t, n)", {"s": "abc", "t": "a", "n": 4}, Fails("index")),
    ("s.lastIndexOf(t)", {"s": "a-b-c", "t": "-"}, 3),
    ("s.lastIndexOf(t)", {"s": "abc", "t": ""}, 3),
    ("s.lastIndexOf(t, n)", {"s": "a-b-c", "t": "-", "n": 2}, 1),
    ("s.lastIndexOf(t, n)", {"s": "banana", "t": "nana", "n": 2}, 2),
    ("s.lastIndexOf(t, n)", {"s": "abc", "t": "a", "n": -1}, Fails("index")),
    ("s.lastIndexOf(t, n)", {"s": "abc", "t": "a", "n": 4}, Fails("index")),
    # letters beyond ASCII keep their case
    ("s.lowerAscii()", {"s": "BTC É ß İ"}, "btc É ß İ"),
    ("s.upperAscii()", {"s": "btc é ß"}, "BTC é ß"),
    ("s.trim()", {"s": "\u0085\u00a0 \u3000btc\t\u2028"}, "btc"),
    ("s.trim()", {"s": "\u200bbtc\x1c"}, "\u200bbtc\x1c"),
    ("s.replace(t, '-')", {"s": "a.b.c", "t": "."}, "a-b-c"),
    ("s.replace(t, '-')", {"s": "ab", "t": ""}, "-a-b-"),
    ("s.replace(t, '-', n)", {"s": "a.b.c", "t": ".", "n": 1}, "a-b.c"),
    ("s.replace(t, '-', n)", {"s": "a.b.c", "t": ".", "n": 0}, "a.b.c"),
    ("s.replace(t, '-', n)", {"s": "a.b.c", "t": ".", "n": -1}, "a-b-c"),
    ("s.split(t)", {"s": "a-b-", "t": "-"}, ["a", "b", ""]),
    ("s.split(t)", {"s": "", "t": "-"}, [""]),
    ("s.split(t)", {"s": "aé", "t": ""}, ["a", "é"]),
    ("s.split(t, n)", {"s": "a-b-c", "t": "-", "n": 2}, ["a", "b-c"]),
    ("s.split(t, n)", {"s": "a-b-c", "t": "-", "n": 0}, []),
    ("s.split(t, n)", {"s": "abc", "t": "", "n": 2}, ["a", "bc"]),
    ("s.split(t, n)", {"s": "abc", "t": "", "n": 9}, ["a", "b", "c"]),
    ("l.join()", {"l": ["a", "b"]}, "ab"),
    ("l.join(t)", {"l": ["a", "b"], "t": "--"}, "a--b"),
    ("l.join(t)", {"l": [], "t": "-"}, ""),
    # a pattern is looked for anywhere, unless it says otherwise
    ("s.matches('b+')", {"s": "abbc"}, True),
    ("s.matches('^b')", {"s": "abbc"}, False),
    ("matches(s, '^[A-Z0-9]{2,12}$')", {"s": "BTCUSDT"}, True),
    ("s.matches('')", {"s": ""}, True),
    ("s.matches('^.$')", {"s": "😀"}, True),
    ("s.matches(r'^\\d+\\.\\d+$')", {"s": "1.25"}, True),
    # readings
    ("int(s)", {"s": "-12"}, -12),
    ("int(s)", {"s": "+007"}, 7),
    ("int(s)", {"s": "9223372036854775807"}, 9223372036854775807),
    ("int(s)", {"s": "9223372036854775808"}, Fails("overflow")),
    ("int(s)", {"s": "9" * 5000}, Fails("unreadable")),
    ("int(s)", {"s": "1.0"}, Fails("unreadable")),
    ("int(s)", {"s": " 1"}, Fails("unreadable")),
    ("int(s)", {"s": "٣"}, Fails("unreadable")),
    ("int(s)", {"s": ""}, Fails("unreadable")),
    ("double(s)", {"s": "1.5e3"}, 1500.0),
    ("double(s)", {"s": "-.5"}, -0.5),
    ("double(s)", {"s": "-0"}, -0.0),
    ("double(s)", {"s": "1e-400"}, 0.0),
    ("double(s)", {"s": "1e400"}, Fails("not-finite")),
    ("double(s)", {"s": "NaN"}, Fails("unreadable")),
    ("double(s)", {"s": "Infinity"}, Fails("unreadable")),
    ("double(s)", {"s": "1_000"}, Fails("unreadable")),
    ("bool(s)", {"s": "TRUE"}, True),
    ("bool(s)", {"s": "f"}, False),
    ("bool(s)", {"s": "TrUe"}, Fails("unreadable")),
    ("timestamp(s)", {"s": "2026-01-01T02:00:00+02:00"}, "2026-01-01T00:00:00Z"),
    ("timestamp(s)", {"s": "yesterday"}, Fails("unreadable")),
    ("timestamp(s)", {"s": "10000-01-01T00:00:00Z"}, Fails("unreadable")),
    ("timestamp(n)", {"n": 1_000_000_000}, "2001-09-09T01:46:40Z"),
    ("timestamp(n)", {"n": 253_402_300_800}, Fails("overflow")),
    ("timestamp(n)", {"n": -(2**63)}, Fails("overflow")),
    ("duration(s)", {"s": "1h30m"}, "5400s"),
    ("duration(s)", {"s": "1d"}, Fails("unreadable")),
    # doubles as text: the shortest that reads back
    *(
        ("string(x)", {"x": float(text)}, text)
        for text in (
            *("0", "-0", "1", "-1.5", "0.1", "123.456", "100", "100000", "999999", "1e+06", "1.234567e+06", "1e+15"),
            *("0.0001", "1e-05", "-4.5e-05", "6.02214e+23", "5e-324", "1.7976931348623157e+308", "123456.789"),
        )
    ),
    # roots and signs
    ("math.sqrt(x)", {"x": 2.25}, 1.5),
    ("math.sqrt(x)", {"x": -0.0}, -0.0),
    ("math.sqrt(x)", {"x": -1e-300}, Fails("not-finite")),
    ("math.sign(n)", {"n": -7}, -1),
    ("math.sign(n)", {"n": 0}, 0),
    # clocks in zones; the year may lie outside those that timestamps have
    ("at.getHours('America/New_York')", {}, 7),
    ("at.getHours('+05:45') * 100 + at.getMinutes('+05:45')", {}, 1815),
    ("at.getHours('02:00')", {}, 14),
    ("at.getHours('UTC')", {}, 12),
    ("at.getMilliseconds('-09:30')", {}, 250),
    ("at.getDate('Pacific/Auckland')", {}, 4),
    ("at.getHours('Europe/Berlin')", {"at": "2026-03-29T00:59:59Z"}, 1),
    ("at.getHours('Europe/Berlin')", {"at": "2026-03-29T01:00:00Z"}, 3),
    ("at.getSeconds('America/New_York')", {"at": "1800-01-01T00:00:00Z"}, 58),
    ("at.getFullYear('-02:00')", {"at": "0001-01-01T00:00:00Z"}, 0),
    ("at.getDayOfYear('-02:00')", {"at": "0001-01-01T00:00:00Z"}, 365),
    ("at.getDayOfWeek('-02:00')", {"at": "0001-01-01T00:00:00Z"}, 0),
    ("at.getFullYear('Asia/Tokyo')", {"at": "9999-12-31T23:00:00Z"}, 10000),
    ("at.getMonth('Asia/Tokyo')", {"at": "9999-12-31T23:00:00Z"}, 0),
    # what is empty has the type of what it meets
    ("n in []", {}, False),
    ("l == []", {}, True),
    ("[] + l", {"l": ["a"]}, ["a"]),
    ("(n == 0 ? [] : l).size()", {"l": ["a"]}, 0),
    ("{'a': n}.a + {'b': 1}['b']", {"n": 2}, 3),
]


@pytest.fixture(scope="module")
def setting() -> Setting:
    return setting_of_inputs(FIELDS)


@pytest.mark.parametrize(("text", "given", "value"), VALUES)
def test_values(setting: Setting, text: str, given: dict[str, Any], value: Any) -> None:
    diagnostics = Diagnostics()
    node = setting.check(Source("expression", text), diagnostics)
    assert node is not None, "\n".join(render(d) for d in diagnostics)
    decoded = setting.decoder.decode(json.dumps(GIVEN | given).encode())
    world = World(setting.program.plan, {}, evaluator.inputs_of(setting.program.plan, setting.decoder, decoded))
    if isinstance(value, Fails):
        with pytest.raises(EvaluationError) as failed:
            setting.evaluate(node, decoded)
        assert failed.value.code == value
        with pytest.raises(Failed) as naive:
            evaluator.evaluate(node, world)
        assert naive.value.code == value
        return
    found = setting.plain(node, setting.evaluate(node, decoded))
    assert repr(found) == repr(value)  # tells 0.0 from -0.0 and 1 from 1.0
    assert repr(plain(node.type, evaluator.evaluate(node, world))) == repr(value)
