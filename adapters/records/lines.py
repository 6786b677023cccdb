"""The lines of decision logs, as `adapters.service.decision_log` writes them, one by one, each with what became of it.

A file is read once from its beginning and not held: only its series are, and no more of them than the writer thinks
are known. Files may be compressed (`.gz`). A file that is still written to ends in a line that is not whole yet.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from adapters.service.decision_log import MOST_SERIES, SCHEMA

CAUSES: Mapping[str, str] = {
    "not-json": "the line is no JSON object",
    "truncated": "the file ends in the midst of the line",
    "schema": "the line is of another schema than this version reads",
    "shape": "the line lacks what every decision has, or has it otherwise",
    "series": "the line names a series that its file does not hold",
    "repeated": "the decision is on record already",
    "taken-back": "the line takes back an allow that is on record",
    "no-decision-inputs": "what was sent was no JSON object",
    "unknown-fact": "the inputs have a fact that the glossary does not",
    "inputs": "the inputs do not fit the glossary",
}
"""Why a line cannot be decided on again, whatever the policy."""

MARK: Final = b'"$series"'
Opened: TypeAlias = gzip.GzipFile | BufferedReader
_OF_SERIES: Final = b'{"series":'


class Said(msgspec.Struct, frozen=True):
    """What a decision says of itself, as far as it is compared."""

    decision_id: str
    policy: str
    version: str
    bundle: str
    outcome: str
    effect: str
    decided_at: Annotated[datetime, msgspec.Meta(tz=True)]
    rule: str | None = None


class _Line(msgspec.Struct, frozen=True):
    schema: str = ""
    series: str = ""
    values: msgspec.Raw = msgspec.Raw()
    request_id: str = ""
    caller: str = ""
    asked: str = ""
    revision: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    decision: msgspec.Raw = msgspec.Raw()
    inputs: msgspec.Raw = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision on record."""

    line: int
    request_id: str
    caller: str
    asked: str
    """The policy that was asked, whichever decided."""
    revision: int
    said: Said
    inputs: bytes
    """A JSON object, with every series in its place."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that cannot be decided on again: one of `CAUSES`, and what was found."""

    line: int
    cause: str
    found: str
    kept: Kept | None = None
    """What is known of the decision all the same."""


_line = msgspec.json.Decoder(_Line).decode
_said = msgspec.json.Decoder(Said).decode
_plain = msgspec.json.decode
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading JSON raises that is none, or that nests without end."""


def read_lines(
    path: Path, begin: int = 0, end: int | None = None, known: Mapping[str, Any] = {}
) -> Iterator[Kept | Unusable]:
    """Every decision of a file, in order. Raises OSError for a file that cannot be read at all.

    `begin` and `end`, in bytes of what the file holds, bound where lines begin; `known` are series of lines before
    them. Lines are numbered from the first that is read.
    """
    series = dict(known)
    number, at = 0, begin
    with opened(path) as file:
        try:
            file.seek(begin)
            for number, text in enumerate(file, 1):
                if end is not None and at >= end:
                    break
                at += len(text)
                found = _read(text, number, series)
                if found is not None:
                    yield found
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield Unusable(number + 1, "truncated", f"the compressed file ends here: {error}")


def opened(path: Path) -> Opened:
    """The lines of a file, whether it is compressed or not."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def series_of(text: bytes) -> tuple[str, msgspec.Raw]:
    """The name and the values of the series that a line holds; no name where it holds none."""
    if not text.startswith(_OF_SERIES):
        return "", msgspec.Raw()
    try:
        line = _line(text)
    except UNREADABLE:
        return "", msgspec.Raw()
    return line.series, line.values


def _read(text: bytes, number: int, series: dict[str, Any]) -> Kept | Unusable | None:
    """What a line is; None for one that holds a series, and for an empty one."""
    if not text.strip():
        return None
    try:
        line = _line(text)
    except UNREADABLE as error:
        cause = "shape" if isinstance(error, msgspec.ValidationError) else "not-json"
        return Unusable(number, cause if text.endswith(b"\n") else "truncated", str(error))
    if line.series:
        try:
            series[line.series] = _plain(line.values)
        except UNREADABLE as error:
            return Unusable(number, "shape", f"the values of the series: {error}")
        return None
    if line.schema != SCHEMA:
        return Unusable(number, "schema", line.schema or "none is said")
    return _decision(line, number, series)


def _decision(line: _Line, number: int, series: dict[str, Any]) -> Kept | Unusable:
    try:
        said = _said(line.decision)
        said.decided_at.astimezone(UTC)
    except (*UNREADABLE, OverflowError) as error:
        return Unusable(number, "shape", f"the decision: {error}")
    inputs = bytes(line.inputs)
    kept = Kept(number, line.request_id, line.caller, line.asked or said.policy, line.revision, said, inputs)
    if not inputs.startswith(b"{") or inputs.startswith(b'{"unreadable":'):
        return Unusable(number, "no-decision-inputs", inputs[:80].decode("utf-8", "replace"), kept)
    if MARK in inputs:
        try:
            inputs = msgspec.json.encode(_with_series(_plain(inputs), series))
        except KeyError as missing:
            return Unusable(number, "series", str(missing.args[0]), kept)
        except UNREADABLE as error:
            return Unusable(number, "inputs", str(error), kept)
        kept = Kept(number, kept.request_id, kept.caller, kept.asked, kept.revision, said, inputs)
    if len(series) > MOST_SERIES:  # as the writer does
        series.clear()
    return kept


def _with_series(value: Any, series: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(name := value.get("$series"), str):
            return series[name]
        return {key: _with_series(one, series) for key, one in value.items()}
    return [_with_series(one, series) for one in value] if isinstance(value, list) else value
