"""When the record of a store may be decided with: every cause that a judgement can give, and what is remembered."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from engine.published import (
    CAUSES,
    MAX_REVISION,
    Halt,
    Judged,
    Refusal,
    Seen,
    Signature,
    Statement,
    Trust,
    TrustedKey,
    clearing,
    judge,
    read_record,
    universe_of,
)
from engine.store import Reading

NOW = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
STORE = "quantum:policy:current"
SKEW = timedelta(seconds=1)
DIGEST = "sha256:" + "a" * 64


def mac(public: bytes, message: bytes) -> bytes:
    """What stands for a signature here: anyone can make it, which is all that these tests need."""
    return hashlib.sha256(public + message).digest()


def is_mac(public: bytes, signature: bytes, message: bytes) -> bool:
    return signature == mac(public, message)


def sign(owner: str, message: bytes) -> Signature:
    return Signature(owner, f"key-{owner}", b64encode(mac(owner.encode(), NOBODY.bound(message))).decode())


def trusted(*owners: str, four_eyes: bool = False) -> Trust:
    return Trust({f"key-{o}": TrustedKey(o, o.encode()) for o in owners}, four_eyes, is_mac, "live")


NOBODY = trusted()
ONE = trusted("ann", "bob", "eve")
TWO = trusted("ann", "bob", "eve", four_eyes=True)

STATEMENT = Statement(STORE, 7, DIGEST, "desk 1.0.0", "2026-02-03T11:00:00+00:00", "ann", "a note", None)


def fields_of(*signers: str, signed: Statement | None = None, **changed: str | None) -> dict[str, str]:
    """The fields of a record, and those that are changed (None: taken away); the signers sign what `signed` says."""
    message = (signed or STATEMENT).signed()
    fields: dict[str, str | None] = {
        "revision": "7",
        "digest": DIGEST,
        "bundle": "desk 1.0.0",
        "published_at": "2026-02-03T11:00:00+00:00",
        "published_by": "ann",
        "note": "a note",
        "signatures": msgspec.json.encode([sign(one, message) for one in signers]).decode(),
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


HALT = Halt("h-1", "ann", NOW - timedelta(minutes=5), "the feed is wrong")
LATER = Halt("h-2", "bob", NOW - timedelta(minutes=1), "again")
EARLIER = Halt("h-0", "bob", NOW - timedelta(days=1), "once")


def cleared(halt: Halt, *owners: str, of: Halt | None = None) -> Halt:
    """A halt that owners have cleared, with signatures of another halt where one is given."""
    return msgspec.structs.replace(halt, cleared=[sign(o, clearing(STORE, of or halt)) for o in owners])


def halt_of(halt: Halt) -> str:
    return msgspec.json.encode(halt).decode()


def judged(
    fields: Mapping[str, str],
    trust: Trust = NOBODY,
    seen: Seen | None = None,
    *,
    ahead_s: float = 0,
    primary: bool = True,
) -> Judged:
    reading = Reading(fields, NOW + timedelta(seconds=ahead_s), primary)
    return judge(reading, STORE, seen or Seen(), trust, NOW, SKEW)


@dataclass(frozen=True)
class Case:
    """A record, and what becomes of it: a cause, or an empty text where it may be decided with."""

    name: str
    cause: str
    fields: dict[str, str]
    trust: Trust = NOBODY
    seen: Seen = Seen()  # noqa: RUF009 -- frozen
    found: str = ""

    def __str__(self) -> str:
        return self.name


AT_7 = Seen(7, DIGEST)
CASES = [
    Case("as published", "", fields_of()),
    Case("signed, where nothing need be", "", fields_of("ann")),
    Case("signed by one of those trusted", "", fields_of("bob"), ONE),
    Case("signed by two", "", fields_of("ann", "bob"), TWO),
    Case("signed by more than are wanted", "", fields_of("ann", "bob", "eve"), TWO),
    Case("seen before", "", fields_of(), seen=AT_7),
    Case("newer than seen", "", fields_of(), seen=Seen(6, "sha256:other")),
    Case("valid still", "", fields_of(valid_until="2026-02-03T12:00:00.001Z")),
    Case("the largest revision", "", fields_of(revision=str(MAX_REVISION))),
    Case("without a note", "", fields_of(note=None)),
    # no policy, and what is none
    Case("nothing there", "no-policy", {}),
    Case("a universe alone", "no-policy", {"universe_symbols": '["BTC"]'}),
    Case("no digest", "unreadable", fields_of(digest=None), found="`digest`"),
    Case("an empty digest", "unreadable", fields_of(digest=""), found="`digest`"),
    Case("no revision", "unreadable", fields_of(revision=None), found="`revision`"),
    Case("no bundle", "unreadable", fields_of(bundle=None), found="`bundle`"),
    Case("no publisher", "unreadable", fields_of(published_by=None), found="`published_by`"),
    Case("no time", "unreadable", fields_of(published_at=None), found="`published_at`"),
    Case("a time that is none", "unreadable", fields_of(published_at="yesterday"), found="no time"),
    Case("a time without a zone", "unreadable", fields_of(valid_until="2026-02-03T13:00:00"), found="without a zone"),
    *(
        Case(f"an end in {text[:4]}", "unreadable", fields_of(valid_until=text), found="in UTC")
        for text in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00")
    ),
    Case("an empty end", "unreadable", fields_of(valid_until=""), found="valid_until"),
    *(
        Case(f"a revision of {text[:20]!r}", "unreadable", fields_of(revision=text), found="`revision`")
        for text in ("0", "-7", "+7", "07", " 7", "7.0", "seven", "\u0667", str(MAX_REVISION + 1), "9" * 5000)
    ),
    *(
        Case(f"signatures of {text[:20]!r}", "unreadable", fields_of(signatures=text), found="`signatures`")
        for text in ("", "{}", "[1]", '[{"by":"a"}]', '[{"by":"a","key":"k","signature":"s","more":1}]', "[" * 10**5)
    ),
    Case("a note that is no text", "unreadable", fields_of(note="\ud800"), found="no text"),
    Case("signatures that are no text", "unreadable", fields_of(signatures="\ud800"), found="`signatures`"),
    # order
    Case("older than seen", "revision", fields_of(), seen=Seen(8, DIGEST), found="7, and 8"),
    Case("another under a number seen", "forked", fields_of(), seen=Seen(7, "sha256:other"), found="sha256:other"),
    # signatures
    Case("not signed", "unsigned", fields_of(), ONE, found="0 of 1"),
    Case("without signatures", "unsigned", fields_of(signatures=None), ONE, found="0 of 1"),
    Case("signed by one, two wanted", "unsigned", fields_of("ann"), TWO, found="1 of 2 signatures, by ann"),
    Case("signed twice by one", "unsigned", fields_of("ann", "ann"), TWO, found="1 of 2"),
    Case("signed by a stranger", "signature", fields_of("mallory"), ONE, found="key-mallory"),
    Case("signed by a stranger beside", "signature", fields_of("ann", "mallory"), ONE, found="key-mallory"),
    Case("another note", "signature", fields_of("ann", note="another"), ONE, found="ann"),
    Case("no note where one was signed", "signature", fields_of("ann", note=None), ONE, found="ann"),
    Case("another digest", "signature", fields_of("ann", digest="sha256:b"), ONE, found="ann"),
    Case("another revision", "signature", fields_of("ann", revision="8"), ONE, found="ann"),
    Case("another bundle", "signature", fields_of("ann", bundle="desk 2.0.0"), ONE, found="ann"),
    Case("another publisher", "signature", fields_of("ann", published_by="bob"), ONE, found="ann"),
    Case("another time", "signature", fields_of("ann", published_at="2026-02-03T11:30:00+00:00"), ONE, found="ann"),
    Case("an end added", "signature", fields_of("ann", valid_until="2026-02-03T13:00:00Z"), ONE, found="ann"),
    Case(
        "an end taken away",
        "signature",
        fields_of("ann", signed=replace(STATEMENT, valid_until="2026-02-03T13:00:00Z")),
        ONE,
        found="ann",
    ),
    Case("of another trust", "signature", fields_of("ann"), replace(ONE, name="paper"), found="ann"),
    Case("of another store", "signature", fields_of("ann", signed=replace(STATEMENT, store="paper")), ONE, found="ann"),
    Case(
        "no base64",
        "signature",
        fields_of(signatures='[{"by":"ann","key":"key-ann","signature":"\u00e9"}]'),
        ONE,
        found="ann",
    ),
    # time
    Case("valid until now", "expired", fields_of(valid_until="2026-02-03T12:00:00Z"), found="2026-02-03T12:00:00Z"),
    # halts
    Case("a halt", "halted", fields_of(halt=halt_of(HALT)), found="h-1 by ann"),
    Case("a halt and no policy", "halted", {"halt": halt_of(HALT)}, found="the feed is wrong"),
    Case("a halt and a record unreadable", "halted", fields_of(digest=None, halt=halt_of(HALT)), found="h-1"),
    Case("a halt and an end", "halted", fields_of(valid_until="2026-02-03T11:00:00Z", halt=halt_of(HALT)), found="h-1"),
    *(
        Case(f"a halt of {text[:30]!r}", "halted", fields_of(halt=text), found="unreadable")
        for text in ("", "no", "{}", "[" * 10**5, '{"x":' + "[" * 10**5, "\ud800")
    ),
    Case(
        "a halt without a zone",
        "halted",
        fields_of(halt='{"id":"h-1","by":"ann","at":"2026-02-03T11:00:00","note":""}'),
        seen=Seen(halt=HALT),
        found="unreadable",
    ),
    Case("cleared by one", "halted", fields_of("ann", halt=halt_of(cleared(HALT, "ann"))), ONE),
    Case("cleared twice by one", "halted", fields_of("ann", halt=halt_of(cleared(HALT, "ann", "ann"))), ONE),
    Case("cleared with a stranger", "halted", fields_of("ann", halt=halt_of(cleared(HALT, "ann", "mallory"))), ONE),
    Case("cleared by two", "", fields_of("ann", halt=halt_of(cleared(HALT, "ann", "bob"))), ONE),
    Case("cleared by names, where keys are wanted", "halted", fields_of(
        "ann", halt=halt_of(msgspec.structs.replace(HALT, cleared=[Signature("ann", "", ""), Signature("bob", "", "")]))
    ), ONE),
    Case("cleared by two names", "", fields_of(
        halt=halt_of(msgspec.structs.replace(HALT, cleared=[Signature("ann", "", ""), Signature("bob", "", "")]))
    )),
    Case("cleared twice by one name", "halted", fields_of(
        halt=halt_of(msgspec.structs.replace(HALT, cleared=[Signature("ann", "", ""), Signature("ann", "", "")]))
    )),
    Case("cleared as another halt was", "halted", fields_of(
        "ann", halt=halt_of(cleared(HALT, "ann", "bob", of=EARLIER))
    ), ONE),
    Case("a halt gone", "halt-gone", fields_of(), seen=Seen(halt=HALT), found="h-1 by ann"),
    Case("a halt gone with the policy", "halt-gone", {}, seen=Seen(halt=HALT), found="h-1"),
    Case("a halt seen, now cleared", "", fields_of("ann", halt=halt_of(cleared(HALT, "bob", "eve"))), ONE,
         Seen(halt=HALT)),
    Case("a halt gone for a later one that two cleared", "",
         fields_of("ann", halt=halt_of(cleared(LATER, "bob", "eve"))), ONE, Seen(halt=HALT)),
    Case("a halt gone for an earlier one that two cleared", "halt-gone",
         fields_of("ann", halt=halt_of(cleared(EARLIER, "bob", "eve"))), ONE, Seen(halt=HALT), found="h-1"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_record(case: Case) -> None:
    found = judged(case.fields, case.trust, case.seen)
    assert (found.refusal.cause if found.refusal else "") == case.cause, found.refusal
    if found.refusal is not None:
        assert case.found in found.refusal.found
        assert str(found.refusal).startswith(CAUSES[case.cause])
    else:
        assert found.record is not None
        assert found.seen == Seen(found.record.revision, found.record.digest)


@pytest.mark.parametrize(
    ("ahead_s", "primary", "cause"),
    [
        (0, True, ""),
        (1, True, ""),
        (-1, True, ""),
        (1.001, True, "clock"),
        (-1.001, True, "clock"),
        (0, False, "not-primary"),
    ],
)
def test_where_it_was_read(ahead_s: float, primary: bool, cause: str) -> None:
    found = judged(fields_of(), ahead_s=ahead_s, primary=primary)
    assert (found.refusal.cause if found.refusal else "") == cause


def test_every_cause_of_a_judgement_is_in_the_table() -> None:
    others = {"no-bundle", "digest", "refused", "stale", "starting", "log-full", "supervisor"}
    told = {case.cause for case in CASES} - {""} | {"clock", "not-primary", "universe"}
    assert told | others == CAUSES.keys()


# What is remembered.


def test_what_is_refused_is_not_remembered() -> None:
    unsigned, forged, unreadable = fields_of(revision="9"), fields_of("ann", revision="9"), fields_of(note="\ud800")
    for fields, trust in ((unsigned, ONE), (forged, ONE), (unreadable, NOBODY)):
        assert judged(fields, trust, AT_7).seen == AT_7
    assert judged(fields_of(revision="9"), ahead_s=5, seen=AT_7).seen == AT_7


def test_a_record_is_there_to_be_made_ready_while_halted_or_expired() -> None:
    for fields in (fields_of(halt=halt_of(HALT)), fields_of(valid_until="2026-02-03T11:00:00Z")):
        found = judged(fields)
        assert found.record is not None
        assert found.seen.revision == 7


def test_a_halt_is_remembered_until_two_have_cleared_it() -> None:
    seen = judged(fields_of("ann", halt=halt_of(HALT)), ONE).seen
    assert seen.halt == HALT
    removed_by_hand = judged(fields_of("ann"), ONE, seen)
    assert removed_by_hand.refusal is not None
    assert removed_by_hand.refusal.cause == "halt-gone"
    written_over = judged(fields_of("ann", halt="cleared"), ONE, removed_by_hand.seen)
    assert written_over.seen.halt == HALT
    by_two = judged(fields_of("ann", halt=halt_of(cleared(HALT, "ann", "bob"))), ONE, written_over.seen)
    assert (by_two.refusal, by_two.seen.halt) == (None, None)
    assert judged(fields_of("ann"), ONE, by_two.seen).refusal is None


def test_a_halt_is_seen_beside_a_record_that_is_refused() -> None:
    assert judged({"halt": halt_of(HALT)}, ONE).seen.halt == HALT


# What is written and signed.


def test_what_is_written_is_read() -> None:
    for statement in (STATEMENT, replace(STATEMENT, note="", valid_until="2026-02-03T13:00:00+00:00")):
        record = replace(read_record(fields_of("ann"), STORE), statement=statement)
        fields = {name: value for name, value in record.fields().items() if value is not None}
        assert read_record(fields, STORE) == record


def test_a_statement_says_everything_and_what_it_is_of() -> None:
    head, _, told = STATEMENT.signed().partition(b"\n")
    assert head == b"bascule/v1 policy"
    assert set(json.loads(told)) == set(STATEMENT.__slots__)
    assert not clearing(STORE, HALT).startswith(head)


def test_a_universe() -> None:
    assert universe_of('["BTC","ETH"]') == ["BTC", "ETH"]


@pytest.mark.parametrize(
    "text",
    [None, "", "[]", "{}", "[1]", '"BTC"', "[" * 10**5, "\ud800", '["BTC"' + ',"BTC"' * 10**6 + "]"],
    ids=lambda t: repr(t)[:9],
)
def test_what_is_no_universe(text: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        universe_of(text)
    assert refused.value.cause == "universe"
