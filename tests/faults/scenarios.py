"""The scenarios: a table, and how one is played and judged."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from tests.faults import process_faults, record_faults, store_faults
from tests.faults.harness import COMPILING, RECOVERY, RESTART, Desk, Form
from tests.faults.judgement import Verdict, judged


@dataclass(frozen=True)
class Scenario:
    """A fault under load: `act` strikes, holds and lifts it."""

    name: str
    act: Callable[[Desk], Awaitable[None]]
    stops: bool = False
    """Whether parts of the service stand still or end, so that answers may be missing."""
    proxied: bool = False
    """Whether the service reaches the store through a proxy."""
    within: float = RECOVERY
    """Seconds in which openings must be allowed again."""
    log_sync: bool = False
    """Whether an allow is answered only when it is on the disk."""

    def form(self, form: Form) -> Form:
        """The desk that it is played on."""
        return replace(form, proxied=self.proxied, log_sync=self.log_sync)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("store-killed", store_faults.killed),
    Scenario("store-stopped", store_faults.stopped),
    Scenario("store-emptied", store_faults.emptied),
    Scenario("store-restored", store_faults.restored),
    Scenario("store-demoted", store_faults.demoted),
    Scenario("store-unreachable", store_faults.unreachable, proxied=True),
    Scenario("store-slow", store_faults.slow, proxied=True),
    Scenario("store-out-of-memory", store_faults.out_of_memory, within=COMPILING),
    Scenario("bundle-damaged", record_faults.damaged_bundle, within=COMPILING),
    Scenario("bundle-truncated", record_faults.truncated_bundle),
    Scenario("bundle-missing", record_faults.missing_bundle, within=COMPILING),
    Scenario("bundle-faulty", record_faults.faulty_bundle),
    Scenario("record-edited", record_faults.edited_record),
    Scenario("record-replayed", record_faults.replayed_record),
    Scenario("signature-replayed", record_faults.replayed_signature),
    Scenario("revision-forked", record_faults.forked),
    Scenario("policy-expired", record_faults.expired),
    Scenario("record-beyond-time", record_faults.beyond_time),
    Scenario("universe-not-json", record_faults.universe_of("BTC/USDT,ETH/USDT")),
    Scenario("universe-no-list", record_faults.universe_of('{"symbols":["BTC/USDT"]}')),
    Scenario("universe-no-texts", record_faults.universe_of('["BTC/USDT",7]')),
    Scenario("universe-empty", record_faults.universe_of("[]")),
    Scenario("universe-huge", record_faults.universe_huge),
    Scenario("universe-removed", record_faults.universe_removed),
    Scenario("universe-changed", record_faults.universe_changed),
    Scenario("halted", record_faults.halted),
    Scenario("halt-removed", record_faults.halt_removed),
    Scenario("publications", record_faults.many_publications),
    Scenario("publication-announced", record_faults.announced),
    Scenario("workers-stopped", process_faults.workers_stopped, stops=True, within=COMPILING),
    Scenario("workers-killed", process_faults.workers_killed, stops=True, within=RESTART),
    Scenario("supervisor-stopped", process_faults.supervisor_stopped, within=COMPILING),
    Scenario("supervisor-killed", process_faults.supervisor_killed, stops=True, within=RESTART),
    Scenario("compiling-killed", process_faults.compiling_killed, within=COMPILING),
    Scenario("memory-full", process_faults.memory_full, within=COMPILING),
    Scenario("disk-full", process_faults.disk_full),
    Scenario("disk-full-sync", process_faults.disk_full, log_sync=True),
)


@dataclass(frozen=True)
class Played:
    """A scenario, what became of it, and every promise that it broke."""

    scenario: Scenario
    verdict: Verdict
    broken: tuple[str, ...]

    def line(self) -> str:
        """As one line of the table."""
        v = self.verdict
        back = "never" if v.recovered == math.inf else f"{v.recovered:.2f}s"
        told = f"{v.decisions:>9} {v.late:>5} {v.mixed:>6} {v.exits_blocked:>6} {v.unanswered:>10}"
        return f"{self.scenario.name:<22} {told} {v.worst_block:>8.2f}s {back:>9}  {'; '.join(self.broken) or 'kept'}"


HEAD = (
    f"{'scenario':<22} {'decisions':>9} {'late':>5} {'mixed':>6} {'exits':>6} {'unanswered':>10} "
    f"{'to block':>9} {'to recover':>9}"
)


async def play(scenario: Scenario, desk: Desk) -> Played:
    """Strike, hold, lift, await recovery, and judge."""
    async with desk.under_load():
        await scenario.act(desk)
        await desk.opens(scenario.within * desk.form.slack)
    heard = desk.heard
    verdict = judged(
        heard.answers, desk.truth, desk.known, desk.lifted, unanswered=heard.unanswered, stops=scenario.stops
    )
    broken = [*desk.broken, *verdict.examples]
    if verdict.exits_blocked and not any(one.startswith("exit") for one in verdict.examples):
        broken.append("an exit was never answered")
    if verdict.recovered > scenario.within * desk.form.slack:
        broken.append(f"openings are not allowed again within {scenario.within:g}s")
    return Played(scenario, verdict, tuple(broken))
