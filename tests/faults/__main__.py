"""`python -m tests.faults`: every fault, under load, and whether the promises of the service hold."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.faults.harness import Desk, Form
from tests.faults.scenarios import HEAD, SCENARIOS, Played, Scenario, play


def main() -> int:
    """Play the scenarios that are asked for, each on a desk of its own; 1 where a promise is broken."""
    names = [scenario.name for scenario in SCENARIOS]
    asked = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names)}")
    asked.add_argument("--server", choices=("valkey", "redis"), default="valkey")
    asked.add_argument("--full", action="store_true", help="longer faults, 1000 publications, four workers")
    told = asked.parse_args()
    if unknown := set(told.names) - set(names):
        asked.error(f"there is no scenario {', '.join(sorted(unknown))}")
    form = Form(told.server, hold=3.0, publications=1000, workers=4) if told.full else Form(told.server)
    print(f"{told.server}, {form.workers} workers\n{HEAD}", flush=True)
    broken = 0
    for scenario in SCENARIOS:
        if not told.names or scenario.name in told.names:
            broken += not _holds(scenario, form)
    print(f"{broken} broken" if broken else "every promise was kept")
    return 1 if broken else 0


def _holds(scenario: Scenario, form: Form) -> bool:
    try:
        played = asyncio.run(_alone(scenario, form))
    except (AssertionError, TimeoutError) as error:
        print(f"{scenario.name:<22} could not be played: {error}", flush=True)
        return False
    print(played.line(), flush=True)
    return not played.broken


async def _alone(scenario: Scenario, form: Form) -> Played:
    async with Desk(scenario.form(form)) as desk:
        return await play(scenario, desk)


if __name__ == "__main__":
    sys.exit(main())
