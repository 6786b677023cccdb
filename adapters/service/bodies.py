"""The bodies of requests: what they must be, read without reading the inputs themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aiohttp import StreamReader

from adapters.service.problems import Problem
from engine.faults import Fault

T = TypeVar("T")


class One(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One set of inputs to decide on."""

    inputs: msgspec.Raw


class Request(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One of several decisions that are asked for."""

    policy: str
    inputs: msgspec.Raw


class Several(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Several decisions, by one or several policies."""

    requests: list[msgspec.Raw]


ALONE = (b'{"inputs":', b'{"inputs": ')
"""What stands before the inputs where they are all that a body says, and so are said once."""
WRAP = ': the facts stand in `inputs`, as in {"inputs": {"intent": …}}'
_one = msgspec.json.Decoder(One)
_several = msgspec.json.Decoder(Several)
_request = msgspec.json.Decoder(Request)


def arrived(content: StreamReader) -> bytes | None:
    """The body of a request where all of it is there, in one piece: the usual case; None where it has to be awaited.

    It is looked at where it lies: taking it out makes aiohttp parse and read on, which costs more than the answer does.
    """
    pieces: Sequence[bytes] = getattr(content, "_buffer", ())  # a request without a body has another reader
    if len(pieces) == 1 and content.is_eof() and len(pieces[0]) == content.total_bytes:
        return pieces[0]
    return None


def one(body: bytes) -> bytes:
    """The inputs of a request for one decision, as JSON. Raises `Problem`."""
    found = bytes(read(_one, body).inputs)
    before = body[: len(body) - len(found) - 1]
    if before not in ALONE and (body.count(b'"inputs"') > 1 or b"\\u" in body):
        _said_once(body)
    return found


def likely(body: bytes) -> bytes | None:
    """The inputs of a request for one decision, an object and all that it says, if it is JSON at all.

    Between a beginning that is known and the last brace stands one JSON value, or the body is none: so it is enough
    that whoever reads the inputs finds them to be one. None where `one` has to be asked.
    """
    for before in ALONE:
        if body.startswith(b"{", len(before)) and body.startswith(before) and body.endswith(b"}"):
            return body[len(before) : -1]
    return None


def several(body: bytes, most: int) -> list[Request | Problem]:
    """The requests of a body that asks for several; in place of a faulty one its problem. Raises `Problem`.

    What is wrong with one keeps no other from being decided: an exit may stand beside it.
    """
    found = read(_several, body).requests
    _said_once(body)
    if len(found) > most:
        fault = Fault("/requests", f"{len(found)} requests", f"at most {most}")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"/requests: at most {most} at once", faults=[fault])
    return [_one_of_several(bytes(one), at) for at, one in enumerate(found)]


def _one_of_several(said: bytes, at: int) -> Request | Problem:
    try:
        return read(_request, said, f"/requests/{at}")
    except Problem as problem:
        return problem


def read(decoder: msgspec.json.Decoder[T], body: bytes, where: str = "") -> T:
    """A body, or the part of one that stands `where`, as its form has it. Raises `Problem`."""
    try:
        if not body.isascii():
            body.decode()
        return decoder.decode(body)
    except UnicodeDecodeError as error:
        raise _faulty(Fault("", f"the body is not UTF-8 at byte {error.start}")) from None
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        hint = WRAP if decoder is _one and "unknown field" in said else ""
        raise _faulty(Fault(where + _pointer(place), said[:1].lower() + said[1:] + hint)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise _faulty(Fault("", f"the body is not JSON: {error}")) from None


def _said_once(body: bytes) -> None:
    """Refuse a member said twice where the inputs do not begin yet: readers differ in which one counts."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = next((name for name in ("inputs", "policy", "requests") if names.count(name) > 1), None)
        if twice is not None:
            raise _faulty(Fault("", f"`{twice}` is said twice"))
        return dict(pairs)

    try:
        json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _faulty(Fault("", f"the body is not JSON: {error}")) from None


def _pointer(place: str) -> str:
    """A JSON pointer of the place that msgspec names, as `.requests[0].policy`; it does not name keys of a map."""
    known = place.rstrip("`").partition("[...]")[0]
    return known.replace("[", ".").replace("]", "").replace(".", "/")


def _faulty(fault: Fault) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, fault.message, faults=[fault])
