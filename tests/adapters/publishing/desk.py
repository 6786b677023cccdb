"""People with keys, the trusts that know them, and bundles that differ."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.publishing.candidates import Candidate, candidate
from adapters.publishing.keys import SigningKey, public_text, verify
from adapters.publishing.publication import Published, Publisher, Terms
from adapters.publishing.signing import Signer
from adapters.publishing.trust import unsigned
from engine.published import Seen, Trust, TrustedKey, judge
from engine.store import PolicyStore
from tests.adapters.publishing.fakes import FakeStore


def key_of(name: str) -> SigningKey:
    """A key that is the same in every run."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return SigningKey(private, private.public_key().public_bytes_raw())


DESK = Trust({}, four_eyes=False, verify=verify, name="desk")
PEOPLE = {name: Signer(name, key_of(name), DESK) for name in ("ann", "bob", "eve")}
T = TypeVar("T")


def trusted(*names: str, four_eyes: bool = False) -> Trust:
    keys = {PEOPLE[name].key.id: TrustedKey(name, PEOPLE[name].key.public) for name in names}
    return Trust(keys, four_eyes, verify, DESK.name)


UNSIGNED = unsigned()
ONE = trusted("ann", "bob")
TWO = trusted("ann", "bob", four_eyes=True)


def trust_file(path: Path, *names: str, four_eyes: bool = False) -> Path:
    keys = "".join(f"    {name}: {public_text(PEOPLE[name].key.public)}\n" for name in names)
    head = (
        "apiVersion: bascule/v1\nkind: Trust\nmetadata: {name: desk, version: 1.0.0, title: Who signs, owner: desk}\n"
    )
    path.write_text(f"{head}spec:\n  four_eyes: {str(four_eyes).lower()}\n  keys:\n{keys}", encoding="utf-8")
    return path


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def publisher(store: PolicyStore, trust: Trust = UNSIGNED, who: str = "") -> Publisher:
    return Publisher(store, trust, PEOPLE[who] if who else None, "someone")


async def publish(publisher: Publisher, found: Candidate, terms: Terms | None = None) -> Published:
    return await publisher.commit(await publisher.prepare(found, terms or Terms(), "publish"))


def cause(store: FakeStore, trust: Trust) -> str:
    """Why a reader who sees the store for the first time decides nothing with it."""
    refusal = judge(run(store.read()), store.name, Seen(), trust, store.at, store.at - store.at).refusal
    return refusal.cause if refusal else ""


def dearer(bundle: Path) -> Candidate:
    """The bundle with another default, under another version."""
    gate = bundle / "gate.yaml"
    text = gate.read_text("utf-8")
    gate.write_text(text.replace("default: 10.0", "default: 10.5").replace("0.1.0", "0.2.0"), encoding="utf-8")
    return candidate(bundle)
