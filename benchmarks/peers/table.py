"""Every peer, in the order in which the tables show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.peers.cedar import Cedar
from benchmarks.peers.cel import CelCpp, CelPython, CelRust
from benchmarks.peers.jsonlogic import JsonLogic
from benchmarks.peers.peer import Peer
from benchmarks.peers.rego import Rego
from benchmarks.peers.zen import Zen

PEERS: tuple[type[Peer], ...] = (JsonLogic, Rego, Zen, CelCpp, CelRust, Cedar, CelPython)
NAMES: tuple[str, ...] = tuple(peer.name for peer in PEERS)


def prepared(names: Sequence[str]) -> tuple[list[Peer], Mapping[str, str]]:
    """The peers of these names that are installed, ready to decide, and why the others are not."""
    ready: list[Peer] = []
    absent: dict[str, str] = {}
    for kind in PEERS:
        if kind.name not in names:
            continue
        peer = kind()
        try:
            peer.prepare()
        except ImportError as error:
            absent[kind.name] = f"not installed ({error})"
        else:
            ready.append(peer)
    return ready, absent
