"""Proofs for commands: which policies are asked, and the report with what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from adapters.cli import terminal
from adapters.cli.failures import Unusable
from rules.canonical import read_bytes

if TYPE_CHECKING:
    from adapters.proving.report import Proof
    from adapters.replaying.report import Report
    from adapters.replaying.versions import Side


def _changed(old: Side, new: Side) -> tuple[list[str], dict[str, str]]:
    """The policies that are proved unasked, and all others that may decide otherwise, each with why it is not proved.

    Proved are those whose own document is another, or which say something else for what they take from elsewhere, as
    from a library or the types. One that asks such a policy is larger, and those that it asks say more; one that a side
    lacks has nothing to be held against.
    """
    from engine.mutation.alike import alike_by_themselves

    before, after = (side.bundle.plans for side in (old, new))
    texts = [read_bytes(side.bundle.content).documents for side in (old, new)]
    both = [name for name in after if name in before]
    written = {name for name in both if texts[0].get(name) != texts[1].get(name)}
    shared = any(texts[0].get(name) != texts[1].get(name) for name in {*texts[0], *texts[1]} - {*before, *after})
    mine = [n for n in both if n in written or (shared and not alike_by_themselves(before[n], after[n]))]
    rest = dict.fromkeys(sorted(before.keys() ^ after.keys()), "it is on one side alone")
    reached = {*mine, *rest}
    for name in both:  # a policy stands after those that it calls
        if any(call.policy in reached for call in (*after[name].calls, *before[name].calls)):
            reached.add(name)
            if name not in mine:
                rest[name] = f"it asks a policy that changes; `--policy {name}` proves what it then decides"
    return mine, rest


def proved(report: Report, old: Side, new: Side, named: Sequence[str], seconds: float) -> Report:
    """The report with what changes over all inputs, of the policies named or else of those that change."""
    try:
        from adapters.proving.differences import proofs
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None
    for name in named:
        lacking = [which for which, side in (("OLD", old), ("NEW", new)) if name not in side.bundle.plans]
        if lacking:
            told = f"`{terminal.printable(name)}` is no policy of {' and '.join(lacking)}"
            raise Unusable(f"{told}: what is proved is how one that both have differs")
    asked, rest = (list(named), {}) if named else _changed(old, new)
    with terminal.Progress("proving", len(asked)) as progress:
        found = []
        for proof in proofs(old.bundle, new.bundle, progress.through(asked), seconds):
            found.append(proof)
            progress.reached(len(found))
    return msgspec.structs.replace(report, proofs=[*found, *(_not_asked(name, why) for name, why in rest.items())])


def _not_asked(policy: str, why: str) -> Proof:
    """What is said of a policy that was not asked: a gate must not take it for one that does not change."""
    from adapters.proving.report import Proof

    return Proof(policy=policy, pairs=0, equal=False, seconds=0.0, why_not=why)
