"""What may become of the service's own processes, and of the disk that it writes to."""

from __future__ import annotations

import asyncio
import os
import signal

from tests.faults.bundles import first, second
from tests.faults.harness import Desk
from tests.faults.load import steady
from tests.faults.process import gone, kill

ENDING = 5.0


async def workers_stopped(desk: Desk) -> None:
    """Across a publication: what they had in hand when they stood is worth nothing afterwards."""
    with desk.stopped(desk.service.workers()):
        await desk.publish(second())
        await asyncio.sleep(desk.form.hold)
    desk.lifted = steady()


async def supervisor_stopped(desk: Desk) -> None:
    """Across a publication: nobody reads the store, and the workers find out by themselves."""
    with desk.stopped([desk.service.supervisor]):
        await desk.publish(second())
        await desk.refused("stale")
        await asyncio.sleep(desk.form.hold)
    desk.lifted = steady()


async def workers_killed(desk: Desk) -> None:
    """Others are started."""
    before = desk.service.workers()
    kill(before)
    desk.lifted = steady()
    await desk.opens()
    await asyncio.sleep(desk.form.hold)
    if len(desk.service.workers()) != len(before):
        desk.broken.append("no other worker is started for one that was killed")


async def supervisor_killed(desk: Desk) -> None:
    """The workers end; what is started anew goes on where it was."""
    workers = desk.service.workers()
    desk.service.kill()
    desk.lost()
    if not await asyncio.to_thread(gone, workers, ENDING):
        desk.broken.append("workers go on without their supervisor")
        kill(workers)
    with desk.becomes(first()):
        await asyncio.to_thread(desk.service.end)
        desk.service.start()


async def compiling_killed(desk: Desk) -> None:
    """Compiling was cut short: that says nothing of the bundle, which is compiled again."""
    coming = desk.numbered()
    await desk.publish(coming)
    until = steady() + ENDING
    while not (found := desk.service.compiling()):
        assert steady() < until, "nothing is compiled"
        await asyncio.sleep(0.005)  # there is no event for a process of another process
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    desk.lifted = steady()


async def memory_full(desk: Desk) -> None:
    """Which revision is obeyed cannot be remembered: so it is not obeyed, and what it replaced grows old."""
    with desk.full_disk([desk.service.supervisor]):
        await desk.publish(second())
        await desk.refused("stale")
        await asyncio.sleep(desk.form.hold)
    desk.lifted = steady()


async def disk_full(desk: Desk) -> None:
    """Nothing opens that cannot be logged, exits pass, and in the end all of it is in the log."""
    with desk.full_disk(desk.service.workers()):
        await desk.gone("log-full")
        await asyncio.sleep(desk.form.hold)  # longer than an exit may take
        with desk.becomes(first()):
            pass
    desk.lifted = steady()
    await desk.opens()
    answered = {str(one.told["decision_id"]) for one in desk.heard.answers if "decision_id" in one.told}
    until = steady() + ENDING
    while missing := answered - set(logged := desk.logged()):
        if steady() > until:
            desk.broken.append(f"{len(missing)} of {len(answered)} decisions are not in the log")
            return
        await asyncio.sleep(0.05)  # there is no event for a file that grows
    if len(logged) != len(set(logged)):
        desk.broken.append("a decision is in the log twice")
