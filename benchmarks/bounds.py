"""What must hold, each with the figure that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.bound import Bound
from benchmarks.contenders import BYTES_DECISION, BYTES_VERDICT, VERDICT
from benchmarks.timing import Timed

MOST_TO_HAND = 1.2
MOST_OF_DECODE = 2.5
MOST_OF_HAND = 8.0


def bounds(timed: Mapping[str, Timed], peers: Sequence[str]) -> Iterator[Bound]:
    """Every bound: ratios are medians of paired rounds; with a peer, of the two figures in the table."""
    yield Bound("verdict to hand-written, on decoded inputs", timed[VERDICT].hand_ratio, MOST_TO_HAND)
    yield Bound("bytes to decision, to decode", timed[BYTES_DECISION].decode_ratio, MOST_OF_DECODE)
    yield Bound("bytes to decision, to hand-written on decoded inputs", timed[BYTES_DECISION].hand_ratio, MOST_OF_HAND)
    ours = timed[BYTES_VERDICT]
    for name in peers:
        for label, share in (("p50", 0.5), ("p99", 0.99)):
            what = f"bytes to verdict, to {name} from the same bytes, {label}"
            yield Bound(what, ours.percentile(share) / timed[name].percentile(share), 1.0)
