"""Random expressions over texts: parts and places, readings, patterns, and what a clock shows in a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracles.names import CALENDAR

if TYPE_CHECKING:
    from tests.oracles.expressions import Writer

PATTERNS = ("'a'", "'^a'", "'b$'", "'^[a-c]*$'", "''", r"r'^\w+$'", "'(a|b){2}'", "'^.$'", r"'\\d'")
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "Europe/Berlin", "+02:00", "-09:30", "05:45")
READABLE = {
    "int": ("'12'", "'-3'", "'+007'", "'9223372036854775808'", "'1.0'", "''"),
    "double": ("'1.5e3'", "'-.5'", "'12'", "'1e400'", "'1_0'", "'e5'"),
    "bool": ("'true'", "'F'", "'f'", "'TRUE'", "'yes'", "'0'"),
}
"""Texts that can be read as a type, and some that cannot."""


def condition(writer: Writer, depth: int) -> str:
    """A question about a text."""
    text = writer.write("string", depth)
    word = writer.one_of(("contains", "startsWith", "endsWith"))
    return writer.pick(
        lambda: f"{text}.{word}({writer.write('string', depth)})",
        lambda: f"{text}.matches({writer.one_of(PATTERNS)})",
        lambda: f"matches({text}, {writer.one_of(PATTERNS)})",
        lambda: reading(writer, "bool", depth),
    )


def reading(writer: Writer, wanted: str, depth: int) -> str:
    """A value read from a text, or the value itself."""
    return writer.pick(
        lambda: f"{wanted}({writer.one_of(READABLE[wanted])})",
        lambda: f"{wanted}(string({writer.write(wanted, depth)}))",
        lambda: f"{wanted}({writer.write(wanted, depth)})",
    )


def place(writer: Writer, depth: int) -> str:
    """Where a text holds another."""
    text, part = writer.write("string", depth), writer.write("string", min(depth, 1))
    word = writer.one_of(("indexOf", "lastIndexOf"))
    return writer.pick(
        lambda: f"{text}.{word}({part})",
        lambda: f"{text}.{word}({part}, {index(writer, text, depth)})",
        lambda: f"size({text})",
    )


def index(writer: Writer, text: str, depth: int) -> str:
    """An index of a text, more often one that it has."""
    return writer.pick(
        lambda: "0", lambda: "1", lambda: f"size({text})", lambda: "2", lambda: writer.write("int", min(depth, 1))
    )


def changed(writer: Writer, depth: int) -> str:
    """A text made from another."""
    text = writer.write("string", depth)
    part, other = writer.write("string", min(depth, 1)), writer.write("string", 0)
    times = writer.one_of(("-1", "0", "1", "2"))
    return writer.pick(
        lambda: f"{text}.{writer.one_of(('lowerAscii', 'upperAscii', 'trim'))}()",
        lambda: f"{text}.charAt({index(writer, text, depth)})",
        lambda: f"{text}.substring({index(writer, text, depth)})",
        lambda: f"{text}.substring({writer.one_of(('0', '1'))}, {index(writer, text, depth)})",
        lambda: f"{text}.replace({part}, {other})",
        lambda: f"{text}.replace({part}, {other}, {times})",
        lambda: f"{writer.write('list:string', min(depth, 2))}.join()",
        lambda: f"{writer.write('list:string', min(depth, 2))}.join({other})",
    )


def cut(writer: Writer, depth: int) -> str:
    """The parts of a text."""
    text, separator = writer.write("string", depth), writer.write("string", 0)
    return writer.pick(
        lambda: f"{text}.split({separator})",
        lambda: f"{text}.split({separator}, {writer.one_of(('-1', '0', '1', '2'))})",
    )


def clock(writer: Writer, depth: int) -> str:
    """A part of a time, here or in a zone, or of a length of time."""
    if writer.chance(0.25):
        return f"{writer.write('duration', depth)}.{writer.one_of(CALENDAR[-4:])}()"
    zone = f"'{writer.one_of(ZONES)}'" if writer.chance(0.5) else ""
    return f"{writer.write('timestamp', depth)}.{writer.one_of(CALENDAR)}({zone})"
