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


def _changed(report: Report, old: Side, new: Side) -> tuple[list[str], list[str]]:
    """The policies that change and whose own document does, or a document that all of them rest on; and the others.

    A policy that asks one that changes is larger, and those that it asks say more.
    """
    both = old.bundle.plans.keys() & new.bundle.plans.keys()
    changed = [name for name in dict.fromkeys(one.policy for one in report.changes) if name in both]
    before, after = (read_bytes(side.bundle.content).documents for side in (old, new))
    written = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if written - old.bundle.plans.keys() - new.bundle.plans.keys():
        return changed, []
    mine = [name for name in changed if name in written]
    return mine, [*(name for name in changed if name not in written), *_asking(changed, old, new)]


def _asking(changed: Sequence[str], old: Side, new: Side) -> list[str]:
    """The policies on both sides that ask one that changes, or ask one that does, and read alike themselves."""
    both = {name: plan for name, plan in new.bundle.plans.items() if name in old.bundle.plans}
    reached = set(changed)
    for name, plan in both.items():  # a policy stands after those that it calls
        if any(call.policy in reached for call in (*plan.calls, *old.bundle.plans[name].calls)):
            reached.add(name)
    return [name for name in both if name in reached and name not in changed]


def proved(report: Report, old: Side, new: Side, named: Sequence[str], seconds: float) -> Report:
    """The report with what changes over all inputs, of the policies named or else of those that change."""
    try:
        from adapters.proving.differences import proofs
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None
    asked, rest = (list(named), []) if named else _changed(report, old, new)
    with terminal.Progress("proving", len(asked)) as progress:
        found = []
        for proof in proofs(old.bundle, new.bundle, asked, seconds):
            found.append(proof)
            progress.reached(len(found))
    return msgspec.structs.replace(report, proofs=[*found, *map(_not_asked, rest)])


def _not_asked(policy: str) -> Proof:
    """What is said of a policy that was not asked: a gate must not take it for one that does not change."""
    from adapters.proving.report import Proof

    why = f"it asks a policy that changes; `--policy {policy}` proves what it then decides"
    return Proof(policy=policy, pairs=0, equal=False, seconds=0.0, why_not=why)
