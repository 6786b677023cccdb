"""The invariants of a bundle, each proved, refuted or left unknown within its time."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from adapters.extras import PROOFS, lacking
from adapters.proving.running import Timed, Work, each
from rules.bundle import Bundle

try:
    from engine.symbolic.proving import Patience
    from engine.symbolic.verifying import Verdict, verified
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking(PROOFS, "prove"), name=missing.name) from missing


def verdicts(bundle: Bundle, names: Iterable[str], seconds: float) -> Iterator[tuple[str, Timed[Verdict]]]:
    """The verdict on each invariant, by name, in order; each has so many seconds."""
    packed = pickle.dumps(replace(bundle, documents=()), pickle.HIGHEST_PROTOCOL)
    return each(Work(_verdict, packed), names, seconds)


def _verdict(packed: bytes, name: str, left: Callable[[], float], hears: Callable[[str], None]) -> Verdict:
    bundle = _bundle(packed)
    invariant = next(one for one in bundle.invariants if one.name == name)
    return verified(bundle, invariant, Patience(left, hears))


@lru_cache(maxsize=1)
def _bundle(packed: bytes) -> Bundle:
    found: Bundle = pickle.loads(packed)  # noqa: S301 -- from the process that began this one
    return found
