"""`python -m tests.conformance`: the official tests of CEL, through `bascule eval`.

Exits with 1 when a test fails that is not excluded, or an exclusion is stale: its test passes, or does not exist.
"""

from __future__ import annotations

import sys
from collections import Counter

import click

from tests.conformance.exclusions import excluded, reasons
from tests.conformance.official import PACKAGE, SPECIFICATION, VERSION, Missing, cases
from tests.conformance.verdicts import ask, fault


@click.command()
@click.option("--show", metavar="WORD", help="Also list what was answered to the tests excluded for this reason.")
def main(show: str | None) -> None:
    """Run the official conformance tests of CEL, and say how many pass."""
    try:
        found = cases()
    except Missing as missing:
        click.echo(f"the conformance tests cannot run: {missing}", err=True)
        sys.exit(2)
    click.echo(f"{len(found)} official tests of CEL {SPECIFICATION} ({PACKAGE} {VERSION})", err=True)
    left_out = excluded()
    faults = [
        f"{name}: excluded, and there is no such test" for name in left_out.keys() - {case.name for case in found}
    ]
    passed, counted = 0, Counter[str]()
    for case, answer in zip(found, ask(found), strict=True):
        wrong, reason = fault(case, answer), left_out.get(case.name)
        if reason is None and wrong:
            faults.append(f"{case.name}: `{case.said['expr']}`: {wrong}")
        elif reason is not None and not wrong:
            faults.append(f"{case.name}: excluded ({reason}), and passes")
        elif reason is None:
            passed += 1
        else:
            counted[reason] += 1
        if reason is not None and reason == show:
            click.echo(f"{case.name}: `{case.said['expr']}`: {wrong}")
    for reason, what in reasons().items():
        click.echo(f"  {counted[reason]:5} {reason}: {what}")
    for line in sorted(faults):
        click.echo(line)
    click.echo(f"{passed} passed, {counted.total()} excluded, {len(faults)} failed")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
