"""The mutants of a bundle: which of them are looked at, and what becomes of each within its time."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache

from adapters.extras import PROOFS, lacking
from adapters.proving.running import Work, spread
from rules.bundle import Bundle
from rules.mutation.documents import mutants
from rules.mutation.mutant import Mutant

try:
    from engine.mutation.judging import Judge, Judgement
    from engine.symbolic.proving import Patience
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking(PROOFS, "prove"), name=missing.name) from missing


def all_mutants(bundle: Bundle, documents: Collection[str] = ()) -> tuple[Mutant, ...]:
    """Every mutant of a bundle, of some of its documents where some are named, in the order of these."""
    deciding = (one for one in bundle.documents if one.kind not in ("Suite", "Invariant"))
    chosen = sorted((one for one in deciding if not documents or one.name in documents), key=lambda one: one.name)
    types = tuple(bundle.types.named.values())
    return tuple(mutant for one in chosen for mutant in mutants(one, types))


def sample(found: Sequence[Mutant], seed: int, count: int) -> tuple[Mutant, ...]:
    """So many of the mutants, the same for the same seed, in their order."""
    chosen = random.Random(seed).sample(range(len(found)), min(count, len(found)))  # noqa: S311 -- nothing secret
    return tuple(found[at] for at in sorted(chosen))


def judged(bundle: Bundle, found: Sequence[Mutant], seconds: float, processes: int) -> Iterator[Judgement]:
    """What becomes of each mutant, as it is known; each has so many seconds from its suites on."""
    packed = pickle.dumps((bundle, tuple(found)), pickle.HIGHEST_PROTOCOL)
    for name, timed in spread(Work(_judged, packed), [str(at) for at in range(len(found))], seconds, processes):
        if timed.answer is not None:
            yield timed.answer
            continue
        yield Judgement(found[int(name)], "unknown", why=timed.why)


def _judged(packed: bytes, name: str, left: Callable[[], float], hears: Callable[[str], None]) -> Judgement:
    judge, found = _judge(packed)
    return judge.judged(found[int(name)], Patience(left, hears))


@lru_cache(maxsize=1)
def _judge(packed: bytes) -> tuple[Judge, tuple[Mutant, ...]]:
    bundle, found = pickle.loads(packed)  # noqa: S301 -- from the process that began this one
    return Judge(bundle), found
