"""`bascule check`: whether every document is right."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.failures import DOES_NOT_HOLD, DONE, say_diagnostics
from adapters.cli.opening import examine, folder_argument
from adapters.cli.terminal import examples, plural

if TYPE_CHECKING:
    from adapters.bootstrap import Opened
    from rules.bundle import Bundle

SHOWN_DIGITS = 19
"""Of a digest where a person reads it: `sha256:` and twelve digits."""


EXAMPLES = examples(
    "bascule check",
    "bascule check policies/history/0.9.0",
    "bascule check --json | jq '.diagnostics[] | {file, line, message}'",
)


@click.command(epilog=EXAMPLES, short_help="Check the documents of a bundle.")
@folder_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(folder: Path, as_json: bool) -> int:
    """Check a bundle: every document, type and expression, and that it compiles.

    DIR is the folder of the bundle, `policies` by default. Warnings alone are no failure. The environment is ignored.
    """
    started = time.perf_counter()
    opened = examine(folder)
    took = round((time.perf_counter() - started) * 1000)
    errors = sum(1 for d in opened.diagnostics if d.severity == "error")
    if as_json:
        terminal.say_json(_as_json(opened, errors, took))
    else:
        say_diagnostics(opened.diagnostics, terminal.say)
        terminal.say(_summary(opened, errors, took))
    return DOES_NOT_HOLD if errors else DONE


def _summary(opened: Opened, errors: int, took: int) -> str:
    found = []
    if errors:
        found.append(click.style(plural(errors, "error"), fg="red", bold=True))
    if warnings := len(opened.diagnostics) - errors:
        found.append(click.style(plural(warnings, "warning"), fg="yellow", bold=True))
    if opened.machine is None:
        return f"{', '.join(found)} in {plural(opened.files, 'file')}, {took} ms"
    bundle = opened.machine.bundle
    parts = [
        plural(len(bundle.plans), "policy", "policies"),
        plural(len(bundle.libraries), "library", "libraries"),
        plural(_own_types(bundle), "type"),
        plural(len(bundle.suites), "suite"),
        *([plural(len(bundle.invariants), "invariant")] if bundle.invariants else []),
        f"digest {bundle.digest[:SHOWN_DIGITS]}",
        f"{took} ms",
    ]
    name = click.style(f"{bundle.name} {bundle.version}", fg="green", bold=True)
    return f"{name}: {', '.join([*found, *parts])}"


def _own_types(bundle: Bundle) -> int:
    """How many types the bundle declares; those of the language are there anyway."""
    from rules.documents.types_document import LATCH_STATE

    return sum(1 for name in bundle.types.named if name != LATCH_STATE.name)


def _as_json(opened: Opened, errors: int, took: int) -> dict[str, object]:
    out: dict[str, object] = {"ok": errors == 0}
    if opened.machine is not None:
        bundle = opened.machine.bundle
        out |= {
            "bundle": bundle.name,
            "version": bundle.version,
            "digest": bundle.digest,
            "policies": sorted(bundle.plans),
            "libraries": sorted(bundle.libraries),
            "types": _own_types(bundle),
            "suites": sorted(suite.name for suite in bundle.suites),
            "invariants": sorted(invariant.name for invariant in bundle.invariants),
        }
    return {**out, "files": opened.files, "ms": took, "diagnostics": [d.as_json() for d in opened.diagnostics]}
