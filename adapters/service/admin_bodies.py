"""The bodies of administrative requests: their members, and what is refused before anything is looked at.

Rules kept here: a member that is not known is refused, and so is one that is said twice, at any depth: what was meant
is not guessed at.
"""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from adapters.publishing.publication import Terms
from adapters.publishing.universe import symbols_of
from adapters.service.bodies import read
from adapters.service.checking import faults_of
from adapters.service.problems import Problem
from engine.faults import Fault, quoted
from engine.published import MAX_REVISION, Signature, Statement
from rules.times import parse_duration

T = TypeVar("T")
Note: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Revision: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MAX_REVISION)]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
MOST_SIGNATURES = 16
MOST_POLICIES = 100
MOST_DECISIONS = 100_000
"""That are decided anew for one answer."""


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed, as `/v1/policies:check` tells it."""

    store: str
    revision: Revision
    digest: Digest
    bundle: str
    published_at: str
    published_by: Name
    note: str
    valid_until: str | None = None

    def statement(self) -> Statement:
        """The statement."""
        return Statement(**msgspec.structs.asdict(self))


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature: the id of the key, and the signature itself in base64. The owner is known by the key."""

    key: Annotated[str, msgspec.Meta(max_length=64)]
    signature: Annotated[str, msgspec.Meta(max_length=200)]

    def made(self) -> Signature:
        """The signature."""
        return Signature("", self.key, self.signature)


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files of a bundle, or an earlier publication, to be checked; the rest goes into the statement to be signed.

    Where nothing is signed, `by` can only be whose token it is.
    """

    files: dict[str, str] | None = None
    revision: Revision | None = None
    digest: Digest | None = None
    note: Note | None = None
    by: Name | None = None
    valid_for: str | None = None
    universe: list[str] | None = None
    replace: bool = False


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An earlier publication, by its revision or its digest."""

    revision: Revision | None = None
    digest: Digest | None = None


class Diff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files of a bundle, or an earlier publication, beside what is live or `old`; and what is decided anew by both.

    `decisions` are how many of the most recent ones on the log of the service; none compares what is written alone.
    """

    files: dict[str, str] | None = None
    revision: Revision | None = None
    digest: Digest | None = None
    old: Earlier | None = None
    policies: Annotated[list[Name], msgspec.Meta(max_length=MOST_POLICIES)] = []
    decisions: Annotated[int, msgspec.Meta(ge=0, le=MOST_DECISIONS)] = 10_000


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files of a bundle to be put in force. With a statement, `by` and `valid_for` are what it says.

    Where nothing is signed, `by` can only be whose token it is.
    """

    files: dict[str, str]
    note: Note
    by: Name | None = None
    valid_for: str | None = None
    universe: list[str] | None = None
    replace: bool = False
    statement: Signed | None = None
    signatures: list[Sealed] = []


class Rollback(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An earlier publication to be put in force again, by its revision or its digest."""

    note: Note
    revision: Revision | None = None
    digest: Digest | None = None
    by: Name | None = None
    valid_for: str | None = None
    replace: bool = False
    statement: Signed | None = None
    signatures: list[Sealed] = []


class Halting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why all openings are halted; or which halt is cleared, with a signature where signatures are wanted."""

    note: Note | None = None
    clear: Name | None = None
    signature: Sealed | None = None
    by: Name | None = None


def decoded(body: bytes, form: type[T]) -> T:
    """A body. Raises `Problem`."""
    found = read(msgspec.json.Decoder(form), body)
    try:
        json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise faulty("", f"the body is not JSON: {error}") from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise faulty("", f"{quoted(name)} is said twice")
        found[name] = value
    return found


def wanted_of(asked: Check | Rollback | Diff | Earlier, pointer: str = "") -> str:
    """The revision or digest of an earlier publication. Raises `Problem`."""
    said = [str(one) for one in (asked.revision, asked.digest) if one is not None]
    if len(said) != 1:
        raise faulty(pointer, "give `revision` or `digest`, and not both")
    return said[0]


def files_of(asked: Check | Diff) -> dict[str, str] | None:
    """The files that are sent; None where an earlier publication is named instead. Raises `Problem`."""
    if asked.files is None:
        return None
    if asked.revision is not None or asked.digest is not None:
        raise faulty("", "give `files`, or `revision` or `digest`, and not both")
    check_files(asked.files)
    return asked.files


def check_files(files: dict[str, str]) -> None:
    """Raise `Problem` for files that cannot be put into a folder of their own."""
    faults = list(faults_of(files))
    if faults:
        raise Problem.faulty(faults)


def terms_of(asked: Check | Publish | Rollback) -> Terms:
    """What is said of a publication. Raises `Problem`."""
    statement = getattr(asked, "statement", None)
    universe = getattr(asked, "universe", None)
    symbols = None if universe is None else _symbols(universe)
    if statement is None:
        return Terms(asked.by, asked.note, _duration(asked.valid_for), symbols, asked.replace)
    for name in ("by", "valid_for"):
        if getattr(asked, name) is not None:
            raise faulty(f"/{name}", "the statement says it: leave it out")
    if asked.note != statement.note:
        raise faulty("/note", "the statement has another note")
    return Terms(statement.published_by, statement.note, None, symbols, asked.replace)


def _symbols(universe: list[str]) -> tuple[str, ...]:
    try:
        return symbols_of(universe, "the universe")
    except ValueError as fault:
        raise faulty("/universe", str(fault)) from None


def _duration(said: str | None) -> timedelta | None:
    if said is None:
        return None
    try:
        found = parse_duration(said)
    except ValueError as fault:
        raise faulty("/valid_for", str(fault), "a length of time, as `8h`") from None
    if found <= timedelta():
        raise faulty("/valid_for", "it would not be valid at all", "a length of time, as `8h`")
    return found


def faulty(pointer: str, message: str, expected: str = "") -> Problem:
    """A body with one fault."""
    shown = f"{pointer}: {message}" if pointer else message
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, shown, faults=[Fault(pointer, message, expected)])
