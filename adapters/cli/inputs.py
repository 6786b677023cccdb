"""Where inputs come from: a file or standard input, one set or one a line, and the clock when they say no `now`.

Rules kept here: what is read is bounded, whatever the file says its size is; lines are read one at a time; inputs are
handed on as they were written, so that the decoder judges every byte.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from adapters.cli.failures import Unusable
from adapters.cli.terminal import printable

if TYPE_CHECKING:
    from rules.types import Field

STDIN = "-"
MOST_BYTES = 64 * 2**20
_LINES = (".jsonl", ".ndjson")
_ASK = "give `--inputs FILE`, or pipe a JSON object in: `… | bascule {command} POLICY`"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file of inputs: its number from 1, its bytes, and where in the file it ends.

    `too_long` says that nothing of it was kept.
    """

    number: int
    data: bytes
    end: int
    too_long: bool = False

    @property
    def blank(self) -> bool:
        """Whether it says nothing."""
        return not self.too_long and not self.data.strip()


def holds_lines(name: str) -> bool:
    """Whether a file holds one set of inputs a line."""
    return name.lower().endswith(_LINES)


def read_all(name: str, command: str) -> bytes:
    """The bytes of a file or of standard input. Raises `Unusable` when there is nothing to use."""
    with _opened(name, command) as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unusable(f"{_shown(name)} holds more than {MOST_BYTES // 2**20} MiB; give many sets as `.jsonl`")
    if not data.strip():
        raise Unusable(f"{_shown(name)} is empty; a JSON object of inputs is expected")
    return data


def read_lines(name: str, command: str) -> Iterator[Line]:
    """The lines of a file, one at a time; a blank last line is none. Raises `Unusable` as `read_all` does."""
    with _opened(name, command) as stream:
        held: Line | None = None
        number = 0
        for line in _lines(stream):
            number = line.number
            if held is not None:
                yield held
            held = line if line.blank else None
            if held is None:
                yield line
        if number == 0 or (number == 1 and held is not None):
            raise Unusable(f"{_shown(name)} is empty; one JSON object a line is expected")


def size_of(name: str) -> int | None:
    """The size of a file, where it has one."""
    try:
        return Path(name).stat().st_size or None
    except (OSError, ValueError):
        return None


def _lines(stream: BinaryIO) -> Iterator[Line]:
    number = end = 0
    while data := stream.readline(MOST_BYTES + 1):
        number += 1
        end += len(data)
        too_long = len(data) > MOST_BYTES
        rest = data
        while too_long and rest and not rest.endswith(b"\n"):
            rest = stream.readline(MOST_BYTES)
            end += len(rest)
        yield Line(number, b"" if too_long else data.removesuffix(b"\n"), end, too_long)


@contextmanager
def _opened(name: str, command: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise Unusable(f"no inputs: {_ASK.format(command=command)}")
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise Unusable(f"there is no file {_shown(name)}") from None
    except IsADirectoryError:
        raise Unusable(f"{_shown(name)} is a folder; `--inputs` takes a file") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unusable(f"cannot read {_shown(name)}: {(error.strerror or str(error)).lower()}") from None
    except ValueError:
        raise Unusable(f"{_shown(name)} is not the name of a file") from None


def _shown(name: str) -> str:
    return "standard input" if name == STDIN else f"`{printable(name)}`"


def takes_clock(fields: tuple[Field, ...]) -> bool:
    """Whether a decision takes the time as its input `now`."""
    from rules.types import TimestampType

    return any(field.name == "now" and isinstance(field.type, TimestampType) for field in fields)


def with_clock(data: bytes, moment: datetime) -> bytes:
    """The inputs with `now` said, where they are an object that does not say it; any others as they are.

    The text is not written anew: the member is put behind the opening brace.
    """
    from rules.times import format_timestamp

    said = member_names(data)
    if said is None or "now" in said:
        return data
    at = data.index(b"{") + 1
    comma = b"," if said else b""
    return data[:at] + b'"now":"' + format_timestamp(moment).encode() + b'"' + comma + data[at:]


def says_now(data: bytes) -> bool:
    """Whether inputs say `now`; of any that are no object, the decoder has more to say."""
    said = member_names(data)
    return said is None or "now" in said


def member_names(data: bytes) -> frozenset[str] | None:
    """The names that a JSON object says; None for anything else, which the decoder will refuse in its own words."""
    import msgspec

    try:
        data.decode()
        return frozenset(msgspec.json.decode(data, type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
