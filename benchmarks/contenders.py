"""What is timed: the hand-written function, our stages from decoded inputs or from bytes, the decoders, the peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.handwritten import handwritten_entry
from benchmarks.peers.peer import Peer
from benchmarks.snapshots import same_mix
from benchmarks.timing import Contender
from engine.decision import Stamp, to_json
from engine.policy import Policy, compile_bundle
from engine.structs import read_form
from rules.bundle import load

HAND = "hand-written verdict"
VERDICT = "verdict"
PARSE = "msgspec alone"
DECODE = "decode"
BYTES_VERDICT = "bytes to verdict"
BYTES_DECISION = "bytes to decision"
HAND_BYTES = "msgspec alone, hand-written"
CHECKED = " after our checks"
JUDGED = 3
"""Inputs that entry decides by: now, intent, portfolio. The others only size what its log line quotes."""

STAMP = Stamp("benchmark", datetime(2026, 2, 3, tzinfo=UTC))


def shipped_entry(root: Path) -> Policy:
    """The entry policy of the checkout, compiled. Exits when it does not check."""
    bundle = load(root / "policies").bundle
    if bundle is None:
        raise SystemExit("the shipped policies do not check: run `bascule check`")
    return compile_bundle(bundle).policies["entry"]


def own_contenders(policy: Policy, raw: Sequence[bytes]) -> dict[str, Contender]:
    """Ours and the yardsticks, by name."""
    decode = policy.decoder.decode
    decoded = [(decode(row),) for row in raw]
    unpacked = [policy.unpack(*row) for row in decoded]
    rows = [(row,) for row in raw]
    parse = msgspec.json.Decoder(type(decoded[0][0]), dec_hook=read_form).decode

    hand, unpack = handwritten_entry(policy.decoder.structs), policy.unpack

    def by_hand(row: bytes) -> object:
        return hand(*unpack(parse(row))[:JUDGED])

    def verdict(row: bytes) -> object:
        return policy.verdict(decode(row))

    def decision(row: bytes) -> object:
        return policy.decide_json(row, STAMP)

    def written(row: bytes) -> object:
        return to_json(policy.decide_json(row, STAMP))

    everywhere = range(len(raw))
    table: tuple[tuple[str, Callable[..., Any], Sequence[tuple[Any, ...]]], ...] = (
        (HAND, hand, [row[:JUDGED] for row in unpacked]),
        (VERDICT, policy.program.verdict, unpacked),
        ("verdict and reason", policy.program.full, unpacked),
        ("decoded to decision", lambda inputs: policy.decide(inputs, STAMP), decoded),
        (PARSE, parse, rows),
        (HAND_BYTES, by_hand, rows),
        (DECODE, decode, rows),
        (BYTES_VERDICT, verdict, rows),
        (BYTES_DECISION, decision, rows),
        ("bytes to decision in JSON", written, rows),
    )
    return {name: Contender(name, call, arguments, everywhere) for name, call, arguments in table}


def peer_contenders(peers: Sequence[Peer], raw: Sequence[bytes]) -> dict[str, Contender]:
    """The peers by name, each from the same bytes."""
    rows = [(row,) for row in raw]
    return {peer.name: Contender(peer.name, peer.decide, rows, same_mix(raw, peer.per_result)) for peer in peers}


def checked_contenders(policy: Policy, peers: Sequence[Peer], raw: Sequence[bytes]) -> dict[str, Contender]:
    """The peers that look at no more of a snapshot than their rules do, each after the checks of our decoder."""
    found: dict[str, Contender] = {}
    for peer in peers:
        if peer.facts == "policy":
            name = peer.name + CHECKED
            call, rows = _after(policy.decoder.decode, peer.decide), [(row,) for row in raw]
            found[name] = Contender(name, call, rows, same_mix(raw, peer.per_result))
    return found


def _after(first: Callable[[bytes], object], then: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def both(row: bytes) -> object:
        first(row)
        return then(row)

    return both
