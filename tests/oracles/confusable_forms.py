"""Tables of expressions that are easily taken for each other, over a few inputs with bounds of all kinds.

A form is a text with holes: `{double}` is an expression of that type, `{0}` the first hole once more. `#` is an item of
the list or a key of the map before it, which the holes that end with `#` may read.
"""

from __future__ import annotations

INPUTS: dict[str, tuple[str, str]] = {
    "x": ("double", "Amount"),
    "y": ("double", "Amount"),
    "wide": ("double", "Huge"),
    "part": ("double", "{type: double, minimum: 0.0, maximum: 1.0}"),
    "naught": ("double", "{type: double, minimum: 0.0, maximum: 0.0}"),
    "tiny": ("double", "{type: double, minimum: -1.0e-200, maximum: 0.0}"),
    "n": ("int", "int"),
    "c": ("int", "Count"),
    "few": ("int", "{type: int, minimum: 0, maximum: 3}"),
    "v": ("string", "Word"),
    "w": ("string", "Word"),
    "code": ("string", '{type: string, maxLength: 3, pattern: "^[A-Z]*$"}'),
    "side": ("Side", "Side"),
    "venue": ("Venue", "Venue"),
    "flag": ("bool", "bool"),
    "t": ("timestamp", "timestamp"),
    "u": ("timestamp", "timestamp"),
    "d": ("duration", '{type: duration, minimum: "-1000h", maximum: "1000h"}'),
    "xs": ("list:double", "{list: Amount, maxItems: 16}"),
    "ys": ("list:double", "{list: Amount, maxItems: 2}"),
    "ns": ("list:int", "{list: Count, maxItems: 3}"),
    "ws": ("list:string", "{list: Word, maxItems: 16}"),
    "vs": ("list:string", "{list: Word, maxItems: 2}"),
    "items": ("list:Item", "{list: Item, maxItems: 16}"),
    "item": ("Item", "Item"),
    "m": ("map", "{map: Amount, maxEntries: 4}"),
    "maybe": ("", "Amount"),
    "late": ("", "timestamp"),
}
"""By name: the type of an expression that is this name, and the type that is declared."""
OPTIONAL = frozenset({"maybe", "late"})

CONSTANTS: dict[str, tuple[str, ...]] = {
    "double": ("0.0", "-0.0", "1.0", "-1.0", "0.5", "2.0", "1e-200", "9007199254740993.0", "params.cap"),
    "int": ("0", "1", "-1", "2", "3", "7", "9007199254740993", "9223372036854775807"),
    "string": ("''", "'a'", "'b'", "','", "'ab'", "'0'", "'-0'"),
    "bool": ("true", "false"),
    "timestamp": ("timestamp('1970-01-01T00:00:00Z')", "timestamp('2026-02-03T12:30:15.25Z')"),
    "duration": ("duration('0s')", "duration('1us')", "duration('90s')", "duration('-1h')"),
    "Side": (),
    "Venue": (),
    "list:double": ("[1.0, -0.0]", "[0.0]"),
    "list:int": ("[1, 2, 2]",),
    "list:string": ("['a', 'b']", "['a']"),
    "list:Item": (),
    "Item": (),
    "map": ("params.caps", "{'a': 1.0, 'b': -0.0}"),
}
_NUMBERS = "({n} + {n})|({n} - {n})|({n} * {n})|({n} / {n})|(-{n})|math.abs({n})|math.sign({n})"
_NUMBERS += "|math.least({n}, {n})|math.greatest({n}, {n})"
_ORDERS = "({n} < {n})|({n} <= {n})|({n} > {n})|({n} >= {n})|({n} == {n})|({n} != {n})"
_CLOCK = "getHours getMinutes getSeconds getMilliseconds getDayOfWeek getDayOfMonth getDate getDayOfYear getMonth"
_ZONES = ("'UTC'", "'America/New_York'", "'+05:45'")


def _of(texts: str, kind: str) -> list[str]:
    return texts.replace("{n}", f"{{{kind}}}").split("|")


def _loops(kind: str) -> list[str]:
    """What a macro may do with a list, or with the keys of a map."""
    words = ("exists", "all", "exists_one")
    return [f"{{{kind}}}.{word}(#, {{bool#}})" for word in words]


def _lists(kind: str) -> list[str]:
    mine = f"list:{kind}"
    forms = [f"({{{mine}}} + {{{mine}}})", f"{{{mine}}}.tail({{int}})", f"{{{mine}}}.filter(#, {{bool#}})"]
    if kind != "Item":
        forms += [f"[{{{kind}}}]", f"[{{{kind}}}, {{{kind}}}]", f"{{list:string}}.map(#, {{{kind}#}})"]
        forms += [
            f"{{{mine}}}.map(#, {{{kind}#}})",
            f"{{list:Item}}.map(#, {{{kind}#}})",
            f"{{map}}.map(#, {{{kind}#}})",
        ]
    return forms


def _items(kind: str) -> list[str]:
    """What is read of a list of a type: one of its items."""
    mine = f"{{list:{kind}}}"
    forms = [f"{mine}[{{int}}]", f"{mine}.leastBy(#, {{double#}})", f"{mine}.leastBy(#, {{string#}}, {{int#}})"]
    return forms + ([f"{mine}.min()", f"{mine}.max()"] if kind != "Item" else [])


FORMS: dict[str, list[str]] = {
    "double": [
        *_of(_NUMBERS, "double"),
        *(f"math.{word}({{double}})" for word in ("floor", "ceil", "trunc", "round", "sqrt")),
        *("double({int})", "double({string})", "{list:double}.sum()", "{Item}.amount", "params.caps[{string}]"),
        *("(has({Item}.score) ? {0}.score : {double})", "(has(inputs.maybe) ? inputs.maybe : {double})"),
        *(
            "(w in m ? m[w] : {double})",
            "(v in m ? m[v] : {double})",
            "('a' in m ? m.a : {double})",
            "('b' in m ? m.b : {double})",
        ),
        *("(has(a.got) ? a.got : {double})", "(has(b.got) ? b.got : {double})", "(has(b.some) ? b.some : {double})"),
        *("correlation({list:double}, {list:double})", *_items("double")),
    ],
    "int": [
        *_of(_NUMBERS, "int"),
        *("({int} % {int})", "int({double})", "int({timestamp})", "int({string})", "{list:int}.sum()", "{Item}.count"),
        *("size({string})", "size({list:string})", "size({list:double})", "size({list:Item})", "size({map})"),
        *("{string}.indexOf({string})", "{string}.lastIndexOf({string})", "{string}.indexOf({string}, {int})"),
        *(f"{{timestamp}}.{part}()" for part in _CLOCK.split()),
        *(f"{{timestamp}}.{part}({zone})" for part in ("getHours", "getDate") for zone in _ZONES),
        *(f"{{duration}}.{part}()" for part in _CLOCK.split()[:4]),
        *_items("int"),
    ],
    "string": [
        *("({string} + {string})", "string({double})", "string({int})", "string({bool})", "string({timestamp})"),
        *("string({duration})", "string({Side})", "string({Venue})", "{Item}.name"),
        *("{string}.lowerAscii()", "{string}.upperAscii()", "{string}.trim()", "{string}.replace({string}, {string})"),
        *("{string}.charAt({int})", "{string}.substring({int})", "{string}.substring({int}, {int})"),
        *("{list:string}.join({string})", "{list:string}.join()", *_items("string")),
        *("string(a.outcome)", "string(b.outcome)", "a.rule", "b.rule", "string(a.effect)", "string(b.effect)"),
    ],
    "bool": [
        *(form for kind in ("double", "int", "string", "timestamp", "duration", "bool") for form in _of(_ORDERS, kind)),
        *("({bool} && {bool})", "({bool} || {bool})", "(!{bool})", "({Side} == {Side})", "({Side} == 'LONG')"),
        *("({Side} == 'SHORT')", "({Venue} == 'BINANCE')", "({Venue} != 'KRAKEN')", "bool({string})"),
        *("has({Item}.score)", "has({Item}.at)", "has(inputs.maybe)", "has(inputs.late)", "has(m.a)", "has(m.b)"),
        *("({string} in {list:string})", "({double} in {list:double})", "({string} in {map})"),
        *("({list:string} == {list:string})", "({list:double} == {list:double})"),
        *(f"{{string}}.{word}({{string}})" for word in ("contains", "startsWith", "endsWith")),
        *("{string}.matches('^a')", "{string}.matches('a$')", "{string}.matches('a')", "(size({string}) <= 20)"),
        *("comparable({list:double}, {list:double}, 2)", "comparable({list:double}, {list:double}, 3)"),
        *(form for kind in ("list:double", "list:string", "list:int", "list:Item", "map") for form in _loops(kind)),
    ],
    "timestamp": [
        *("({timestamp} + {duration})", "({timestamp} - {duration})", "timestamp({int})", "timestamp({string})"),
        "(has({Item}.at) ? {0}.at : {timestamp})",
        "(has(inputs.late) ? inputs.late : {timestamp})",
    ],
    "duration": [
        *("({timestamp} - {timestamp})", "({duration} + {duration})", "({duration} - {duration})", "(-{duration})"),
        *("duration({string})", "[{duration}, {duration}].sum()", "[{duration}, {duration}].max()"),
    ],
    "Side": ["{Item}.side"],
    "Venue": [],
    "list:double": _lists("double"),
    "list:int": _lists("int"),
    "list:string": [
        *("{string}.split({string})", "{string}.split({string}, {int})", "{list:string}.distinct()"),
        *_lists("string"),
    ],
    "list:Item": _lists("Item"),
    "Item": _items("Item"),
    "map": [],
}
"""By the type of the expression, the forms that it may have."""

ALIKE: dict[str, list[tuple[str, ...]]] = {
    "double": [
        ("{double}", "({0} + 0.0)", "(0.0 + {0})", "({0} - 0.0)", "({0} + -0.0)", "({0} * 1.0)", "({0} / 1.0)"),
        ("{double}", "(-(-{0}))", "[{0}].sum()", "[{0}].max()", "math.least({0}, {0})", "double({0})"),
        ("(-{double})", "(0.0 - {0})", "({0} * -1.0)", "({0} / -1.0)", "(-0.0 - {0})"),
        ("math.abs({double})", "({0} < 0.0 ? -{0} : {0})", "({0} <= 0.0 ? -{0} : {0})", "math.greatest({0}, -{0})"),
        ("math.trunc({double})", "({0} < 0.0 ? math.ceil({0}) : math.floor({0}))", "double(int({0}))"),
        ("math.floor({double})", "math.round({0} - 0.5)", "(-math.ceil(-{0}))"),
        ("math.round({double})", "math.floor({0} + 0.5)", "({0} < 0.0 ? math.ceil({0} - 0.5) : math.floor({0} + 0.5))"),
        ("math.sign({double})", "({0} > 0.0 ? 1.0 : {0} < 0.0 ? -1.0 : 0.0)", "({0} > 0.0 ? 1.0 : -1.0)"),
        ("({double} - {double})", "({0} + -{1})", "(-({1} - {0}))"),
        ("(({double} + {double}) + {double})", "({0} + ({1} + {2}))", "[{0}, {1}, {2}].sum()"),
        ("({double} * 2.0)", "({0} + {0})", "({0} / 0.5)"),
        (
            "math.greatest({double}, {double})",
            "({0} >= {1} ? {0} : {1})",
            "({1} > {0} ? {1} : {0})",
            "[{1}, {0}].max()",
        ),
        ("{list:double}.sum()", "({0} + [0.0]).sum()", "({0} + [-0.0]).sum()", "{0}.map(#, -#).sum() * -1.0"),
        ("{list:double}.min()", "-({0}.map(#, -#).max())", "{0}.leastBy(#, #)"),
        ("(1e-200 * {double})", "({0} / 1e200)", "({0} * 1e-100 * 1e-100)"),
        ("(({double} + 0.0) * {double})", "(({1} + 0.0) * {0})", "({0} * {1} + 0.0)"),
        ("(({double} + 0.0) / {double})", "({0} / ({1} + 0.0))", "({0} / {1} + 0.0)"),
        ("math.sqrt(-0.0)", "math.sqrt(0.0)", "math.floor(-0.0)", "math.ceil(-0.5)", "math.abs(-0.0)", "0.0", "-0.0"),
        ("params.caps[{string}]", "({0} in params.caps ? params.caps[{0}] : 0.0)"),
        ("({double} * 1e-200 * 1e-200)", "({0} * 0.0)", "0.0", "-0.0"),
    ],
    "int": [
        ("{int}", "({0} + 0)", "(-(-{0}))", "({0} * 1)", "({0} / 1)", "int(double({0}))", "math.abs({0})"),
        ("({int} % 3)", "({0} - {0} / 3 * 3)", "(-(-{0} % 3))", "({0} % -3)"),
        ("({int} / 2)", "int(double({0}) / 2.0)", "(-({0} / -2))"),
        (
            "size(params.caps)",
            "size(params.caps.filter(#, # != ''))",
            "1",
            "size(params.caps.filter(#, params.caps[#] > -10.0))",
        ),
        ("({int} - {int})", "(-({1} - {0}))", "({0} + -{1})"),
        ("int({double})", "int(math.trunc({0}))", "int(math.floor({0}))", "int(math.round({0}))"),
        ("size({string})", "size({0}.trim())", "size({0}.split(''))", "size({0} + '')"),
        ("size({list:string})", "size({0}.distinct())", "size({0}.filter(#, true))", "size({0} + {0}) / 2"),
        ("{timestamp}.getHours()", "{0}.getHours('UTC')", "({0} - timestamp('1970-01-01T00:00:00Z')).getHours() % 24"),
        ("{duration}.getSeconds()", "({0}.getMinutes() * 60)", "int(timestamp(0) + {0})"),
    ],
    "string": [
        (
            "{string}",
            "({0} + '')",
            "{0}.trim()",
            "{0}.lowerAscii()",
            "{0}.substring(0)",
            "[{0}].join()",
            "{0}.replace('', '')",
        ),
        ("({string} + {string})", "[{0}, {1}].join()", "({1} + {0})", "[{0}, {1}].join(',')"),
        ("{string}.charAt(0)", "{0}.substring(0, 1)", "{0}.split('')[0]"),
        ("{list:string}.join()", "{0}.join('')", "{0}.join(',')", "{0}.distinct().join()", "{0}.tail(16).join()"),
        ("{string}.split(',').join(',')", "{0}", "{0}.split(',', 2).join(',')", "{0}.split(',').join()"),
        ("string({int})", "string(double({0}))", "string(int(double({0})))"),
        ("({string} + {string}).split(',').join()", "({0}.split(',') + {1}.split(',')).join()"),
    ],
    "bool": [
        ("({bool} && {bool})", "({0} ? {1} : false)", "({1} && {0})", "(!(!{0} || !{1}))", "({1} ? {0} : false)"),
        ("({bool} || {bool})", "({0} ? true : {1})", "({1} || {0})", "(!(!{0} && !{1}))"),
        ("{bool}", "(!(!{0}))", "({0} == true)", "({0} != false)", "({0} ? true : false)", "({0} && {0})"),
        ("({double} < {double})", "({1} > {0})", "(!({0} >= {1}))", "({0} <= {1})", "({0} - {1} < 0.0)"),
        ("({int} < {int})", "({0} <= {1})", "({0} + 1 <= {1})", "({0} - {1} < 0)", "(double({0}) < double({1}))"),
        ("({timestamp} - {timestamp} < {duration})", "({0} < {1} + {2})", "({0} - {2} < {1})"),
        ("{string}.startsWith('a')", "({0}.indexOf('a') == 0)", "{0}.matches('^a')", "({0}.charAt(0) == 'a')"),
        ("{string}.contains({string})", "({0}.indexOf({1}) >= 0)", "({0}.lastIndexOf({1}) > 0)"),
        ("('a' in params.caps)", "true", "params.caps.exists(#, # == 'a')", "(size(params.caps) > 0)"),
        ("({string} == '')", "(size({0}) == 0)", "({0} <= '')", "(size({0}) < 1)", "({0}.trim() == '')"),
        ("{list:string}.all(#, {bool#})", "(!{0}.exists(#, !{1}))", "(size({0}.filter(#, {1})) == size({0}))"),
        ("{list:double}.exists(#, {bool#})", "(size({0}.filter(#, {1})) > 0)", "{0}.exists_one(#, {1})"),
        ("({string} in {list:string})", "{1}.exists(#, # == {0})", "({0} in {1}.distinct())", "({0} in {1}.tail(2))"),
        ("({string} in {map})", "{1}.exists(#, # == {0})", "(!{1}.all(#, # != {0}))"),
        ("({int} == {int})", "(double({0}) == double({1}))", "(string({0}) == string({1}))", "({0} - {1} == 0)"),
        ("({double} == {double})", "(string({0}) == string({1}))", "({0} - {1} == 0.0)", "({0} >= {1} && {0} <= {1})"),
    ],
    "timestamp": [
        ("{timestamp}", "timestamp(string({0}))", "timestamp(int({0}))", "({0} + duration('0s'))", "timestamp({0})"),
        ("(({timestamp} + {duration}) + {duration})", "({0} + ({1} + {2}))", "({2} + {0} + {1})"),
    ],
    "duration": [("{duration}", "duration(string({0}))", "(-(-{0}))", "({0} + duration('0s'))", "[{0}].sum()")],
    "list:string": [
        ("{list:string}", "{0}.distinct()", "{0}.tail(16)", "{0}.tail(2)", "{0}.map(#, #)", "{0}.filter(#, true)"),
        ("({list:string} + {list:string})", "({1} + {0})", "({0} + {1}).distinct()", "({0}.distinct() + {1})"),
        ("{list:string}.map(#, # + {string})", "{0}.map(#, {1} + #)", "{0}.map(#, #)", "{0}.map(#, # + {1} + '')"),
        ("{list:string}.map(#, # == 'a' ? '1' : '2')", "{0}.map(#, # == 'a' ? '1' : # == 'b' ? '2' : '3')"),
        ("{string}.split(',').map(#, # + 'x')", "{0}.split(',').map(#, # + 'y')", "{0}.split(',')", "[{0} + 'x']"),
        ("([{string}] + {list:string})", "({1} + [{0}])", "([{0}] + {1}.distinct())", "([{0}] + {1}.map(#, # + ''))"),
        ("([{string}] + {string}.split(','))", "({1}.split(',') + [{0}])", "([{0}] + {1}.split(',') + [''])"),
        (
            "(['a', 'b'] + {string}.split(',')).map(#, # == 'a' ? '1' : '2')",
            "(['a', 'b'] + {0}.split(',')).map(#, # == 'a' ? '1' : # == 'b' ? '2' : '3')",
        ),
        ("{string}.split(',')", "{0}.split(';')", "{0}.split(',', -1)", "{0}.split(',', 2)", "[{0}]"),
    ],
    "list:double": [
        ("{list:double}", "{0}.tail(2)", "{0}.map(#, # + 0.0)", "{0}.filter(#, # == #)", "{0}.map(#, # == #, #)"),
        ("({list:double} + {list:double})", "({1} + {0})", "({0} + {1}).tail(16)"),
    ],
    "list:Item": [("{list:Item}", "{0}.tail(2)", "{0}.filter(#, has(#.score))", "{0}.filter(#, #.side == 'LONG')")],
}
"""By type, expressions of which some mean the same, and some nearly."""

OTHER_TYPES: dict[str, list[tuple[str, str]]] = {
    "timestamp": [
        ("duration", "({0} - timestamp('1970-01-01T00:00:00Z'))"),
        ("int", "int({0})"),
        ("string", "string({0})"),
    ],
    "duration": [("timestamp", "(timestamp('1970-01-01T00:00:00Z') + {0})"), ("string", "string({0})")],
    "int": [("timestamp", "timestamp({0})"), ("string", "string({0})")],
    "Side": [("string", "string({0})")],
}
"""By type, the nearest thing of another type."""
