"""What a bundle says in vain, unit by unit, each within its time."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from adapters.extras import PROOFS, lacking
from adapters.proving.running import Work, each
from rules.bundle import Bundle

try:
    from engine.redundancy.finding import Finding
    from engine.redundancy.looking import Looker, Unit, units
    from engine.symbolic.proving import Patience
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking(PROOFS, "prove"), name=missing.name) from missing


def findings(
    bundle: Bundle, seconds: float, begun: Callable[[Iterable[str]], Iterable[str]] = iter
) -> Iterator[tuple[int, int, tuple[Finding, ...]]]:
    """How many units are done, of how many, and what was found of each; each has so many seconds.

    `begun` is given what the units are about, and takes each as it is worked on.
    """
    looked_at = units(bundle)
    packed = pickle.dumps((bundle, looked_at), pickle.HIGHEST_PROTOCOL)
    names = (str(at) for at, _ in enumerate(begun(unit.document for unit in looked_at)))
    for done, (name, timed) in enumerate(each(Work(_looked, packed), names, seconds), start=1):
        found = timed.answer
        if found is None:
            found = (_unknown(looked_at[int(name)], timed.why),)
        yield done, len(looked_at), found


def _looked(packed: bytes, name: str, left: Callable[[], float], hears: Callable[[str], None]) -> tuple[Finding, ...]:
    looker, looked_at = _looker(packed)
    return looker.looked(looked_at[int(name)], Patience(left, hears))


@lru_cache(maxsize=1)
def _looker(packed: bytes) -> tuple[Looker, tuple[Unit, ...]]:
    bundle, looked_at = pickle.loads(packed)  # noqa: S301 -- from the process that began this one
    return Looker(bundle), looked_at


def _unknown(unit: Unit, why: str) -> Finding:
    named = ("*", "") if unit.mutant is None else (unit.mutant.left_out, unit.mutant.place)
    return Finding(unit.document, unit.part, *named, "unknown", why=why)
