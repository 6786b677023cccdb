"""What bounds on the arguments say about a call: the bounds of its result, and whether it can fail.

Interval arithmetic on closed intervals. Rounding is monotone, so the images of the end points contain the image of
the interval; a bound that leaves the range of its type means that the operation itself may raise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from types import MappingProxyType

from rules.cel.functions import Overload
from rules.types import (
    BOOL,
    DOUBLE,
    DOUBLE_MAX,
    DURATION,
    DURATION_MAX_US,
    INT,
    INT_MAX,
    INT_MIN,
    STRING,
    TIMESTAMP,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    ListType,
    MapType,
    StringType,
    Type,
    join,
)

UNBOUNDED_ITEMS = 2**31
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, in seconds since 1970."""
_PLAIN: dict[str, Type] = {
    "bool": BOOL,
    "int": INT,
    "double": DOUBLE,
    "string": STRING,
    "timestamp": TIMESTAMP,
    "duration": DURATION,
    "list(string)": ListType(STRING),
}


def result_of(overload: Overload, args: Sequence[Type]) -> tuple[Type, bool]:
    """The bounded result type of a call, and whether the call itself (not its arguments) may raise."""
    word = overload.id.partition("_")[0]
    if overload.id in ("add_list", "tail"):
        return _list_result(overload.id, args), False
    if overload.id == "distinct":
        return args[0], False
    if overload.id == "index_list":
        item = args[0]
        assert isinstance(item, ListType)
        return item.item, True
    if overload.id in _WRITTEN:
        return StringType(_WRITTEN[overload.id]), False
    if overload.id in _TEXTS:
        return _TEXTS[overload.id](args), overload.failure != "never"
    if word in ("add", "subtract", "multiply", "divide", "modulo", "negate", "abs"):
        return _arithmetic(word, overload, args)
    if word == "sum":
        return _sum(args[0])
    if word in ("min", "max"):
        assert isinstance(args[0], ListType)
        return args[0].item, True
    if word in ("least", "greatest"):
        return _extreme(word, args), False
    if word == "size":
        return _size(args[0]), False
    if overload.id in ("ceil", "floor", "round", "trunc", "sign"):
        return _rounded(overload.id, args[0]), False
    return _conversion(overload, args)


def _conversion(overload: Overload, args: Sequence[Type]) -> tuple[Type, bool]:
    match overload.id, args[0]:
        case "int_double", DoubleType(minimum=low, maximum=high):
            fits = low > -9.2e18 and high < 9.2e18
            return (IntType(int(low), int(high)) if fits else INT), not fits
        case "double_int", IntType(minimum=least, maximum=most):
            return DoubleType(float(least), float(most)), False
        case (("int_int" | "double_double" | "string_string" | "duration_duration"), same_type):
            return same_type, False
        case "correlation", _:
            return DoubleType(-1.0, 1.0), True
        case "sign_int", _:
            return IntType(-1, 1), False
        case "sqrt", DoubleType(minimum=low, maximum=high):
            return DoubleType(0.0 if low <= 0.0 else math.sqrt(low), math.sqrt(max(high, 0.0))), low < 0.0
        case "timestamp_int", IntType(minimum=least, maximum=most):
            return TIMESTAMP, not FIRST_SECOND <= least <= most <= LAST_SECOND
        case _:
            return _PLAIN[overload.result], overload.failure != "never"


def _list_result(ident: str, args: Sequence[Type]) -> Type:
    first = args[0]
    assert isinstance(first, ListType)
    if ident == "tail":
        count = args[1]
        assert isinstance(count, IntType)
        known = [n for n in (first.max_items, max(0, count.maximum)) if n is not None]
        most = min(known)
        return ListType(first.item, most if most < UNBOUNDED_ITEMS else None)
    second = args[1]
    assert isinstance(second, ListType)
    both = first.max_items is not None and second.max_items is not None
    items = (first.max_items or 0) + (second.max_items or 0) if both else None
    return ListType(join(first.item, second.item), items)


def _arithmetic(word: str, overload: Overload, args: Sequence[Type]) -> tuple[Type, bool]:
    match args:
        case [IntType(), *_]:
            return _int_arithmetic(word, [a for a in args if isinstance(a, IntType)])
        case [DoubleType(), *_]:
            return _double_arithmetic(word, [a for a in args if isinstance(a, DoubleType)])
        case [DurationType(), *rest] if all(isinstance(a, DurationType) for a in rest):
            return _duration_arithmetic(word, [a for a in args if isinstance(a, DurationType)])
        case _:
            return _PLAIN[overload.result], overload.failure != "never"


def _int_arithmetic(word: str, args: list[IntType]) -> tuple[Type, bool]:
    if word in ("negate", "abs"):
        low, high = args[0].minimum, args[0].maximum
        if word == "negate":
            corners = [-high, -low]
        else:
            corners = [0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high))]
        return _int_within(min(corners), max(corners))
    left, right = args
    if word in ("divide", "modulo"):
        if right.minimum <= 0 <= right.maximum:
            return INT, True
        largest = max(abs(left.minimum), abs(left.maximum))
        if word == "modulo":
            return _int_within(-largest if left.minimum < 0 else 0, largest)
        return _int_within(-largest if min(left.minimum, right.minimum) < 0 else 0, largest)
    corners = [_INT_OPERATIONS[word](a, b) for a, b in _corners(left, right)]
    return _int_within(min(corners), max(corners))


_INT_OPERATIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
}


def _corners(left: IntType, right: IntType) -> list[tuple[int, int]]:
    return list(product((left.minimum, left.maximum), (right.minimum, right.maximum)))


def _int_within(low: int, high: int) -> tuple[Type, bool]:
    raises = low < INT_MIN or high > INT_MAX
    return IntType(max(low, INT_MIN), min(high, INT_MAX)), raises


def _double_arithmetic(word: str, args: list[DoubleType]) -> tuple[Type, bool]:
    if word == "negate":
        return DoubleType(-args[0].maximum, -args[0].minimum), False
    if word == "abs":
        low, high = args[0].minimum, args[0].maximum
        least = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
        return DoubleType(least, max(abs(low), abs(high))), False
    left, right = args
    pairs = list(product((left.minimum, left.maximum), (right.minimum, right.maximum)))
    if word == "divide":
        if right.minimum <= 0.0 <= right.maximum:
            return DOUBLE, True
        return _double_within([a / b for a, b in pairs])
    if word == "add":
        return _double_within([a + b for a, b in pairs])
    if word == "subtract":
        return _double_within([a - b for a, b in pairs])
    return _double_within([a * b for a, b in pairs])


def _double_within(corners: list[float]) -> tuple[Type, bool]:
    low, high = min(corners), max(corners)
    raises = not (math.isfinite(low) and math.isfinite(high))
    return DoubleType(max(low, -DOUBLE_MAX), min(high, DOUBLE_MAX)), raises


def _duration_arithmetic(word: str, args: list[DurationType]) -> tuple[Type, bool]:
    if word == "negate":
        low, high = -args[0].maximum, -args[0].minimum
    elif word == "add":
        low, high = args[0].minimum + args[1].minimum, args[0].maximum + args[1].maximum
    else:
        low, high = args[0].minimum - args[1].maximum, args[0].maximum - args[1].minimum
    raises = low < -DURATION_MAX_US or high > DURATION_MAX_US
    return DurationType(max(low, -DURATION_MAX_US), min(high, DURATION_MAX_US)), raises


def _sum(items: Type) -> tuple[Type, bool]:
    assert isinstance(items, ListType)
    count = UNBOUNDED_ITEMS if items.max_items is None else items.max_items
    match items.item:
        case IntType(minimum=low, maximum=high):
            return _int_within(min(0, low * count), max(0, high * count))
        case DoubleType(minimum=low, maximum=high):
            slack = 1.0 + 1e-9 * max(1.0, count / 1e6)  # rounding of the partial sums
            return _double_within([0.0, low * count * slack, high * count * slack])
        case DurationType(minimum=low, maximum=high):
            return _duration_arithmetic(
                "add", [DurationType(min(0, low * count), max(0, high * count)), DurationType(0, 0)]
            )
        case _:
            raise AssertionError("sum of a type that cannot be summed")


def _extreme(word: str, args: Sequence[Type]) -> Type:
    choose = min if word == "least" else max
    if isinstance(args[0], IntType):
        ints = [a for a in args if isinstance(a, IntType)]
        return IntType(choose(a.minimum for a in ints), choose(a.maximum for a in ints))
    doubles = [a for a in args if isinstance(a, DoubleType)]
    return DoubleType(choose(a.minimum for a in doubles), choose(a.maximum for a in doubles))


def _size(of: Type) -> Type:
    match of:
        case ListType(max_items=most) | MapType(max_entries=most) | StringType(max_length=most):
            return IntType(0, UNBOUNDED_ITEMS if most is None else most)
        case _:
            raise AssertionError("size of a type that has none")


def _rounded(ident: str, of: Type) -> Type:
    assert isinstance(of, DoubleType)
    if ident == "sign":
        return DoubleType(-1.0, 1.0)
    return DoubleType(float(math.floor(of.minimum)), float(math.ceil(of.maximum)))


def _length(of: Type) -> int | None:
    assert isinstance(of, StringType)
    return of.max_length


def _no_longer(args: Sequence[Type]) -> Type:
    return StringType(_length(args[0]))


def _joined(args: Sequence[Type]) -> Type:
    """Two texts, one after the other."""
    lengths = [_length(arg) for arg in args]
    return StringType(None if None in lengths else sum(n or 0 for n in lengths))


def _place(args: Sequence[Type]) -> Type:
    most = _length(args[0])
    return IntType(-1, UNBOUNDED_ITEMS if most is None else most)


def _parts(args: Sequence[Type]) -> Type:
    """No more parts than characters and one; none longer than the text."""
    most = _length(args[0])
    return ListType(StringType(most), None if most is None else most + 1)


def _replaced(args: Sequence[Type]) -> Type:
    """At most the new text before, between and behind all characters."""
    most, new = _length(args[0]), _length(args[2])
    return StringType(None if most is None or new is None else most + (most + 1) * new)


def _joined_list(args: Sequence[Type]) -> Type:
    texts = args[0]
    assert isinstance(texts, ListType)
    each, between = _length(texts.item), _length(args[1]) if len(args) > 1 else 0
    known = texts.max_items is not None and each is not None and between is not None
    return StringType((texts.max_items or 0) * ((each or 0) + (between or 0)) if known else None)


def _word(args: Sequence[Type]) -> Type:
    enum = args[0]
    assert isinstance(enum, EnumType)
    return StringType(None if enum.open else max(map(len, enum.members)))


_WRITTEN = {"string_int": 20, "string_double": 24, "string_bool": 5, "string_timestamp": 27, "string_duration": 21}
"""The longest text of a value, `-315576000000.000001s` among them."""
_TEXTS: Mapping[str, Callable[[Sequence[Type]], Type]] = MappingProxyType(
    {
        "add_string": _joined,
        "charAt": lambda _: StringType(1),
        "string_enum": _word,
        **dict.fromkeys(("replace", "replace_times"), _replaced),
        **dict.fromkeys(("join", "join_with"), _joined_list),
        **dict.fromkeys(("lowerAscii", "upperAscii", "trim", "substring", "substring_to"), _no_longer),
        **dict.fromkeys(("indexOf", "indexOf_from", "lastIndexOf", "lastIndexOf_from"), _place),
        **dict.fromkeys(("split", "split_times"), _parts),
    }
)
"""The bounds of what functions over texts give."""
