"""The composition root: where a bundle on disk becomes policies that decide, and where clock and ids come from.

Everything that reads the world is put together here; commands and services are handed what they need.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from engine.decision import Stamp
from engine.policy import Machine, compile_bundle
from rules.bundle import MANIFEST, load
from rules.diagnostics import Diagnostic, Refused

NO_ENVIRONMENT: Mapping[str, str] = {}
"""What check, test, verify, diff and publish compile with: a published policy does not depend on where it is read."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a folder gave: the machine unless something refuses the bundle, and every finding."""

    machine: Machine | None
    diagnostics: tuple[Diagnostic, ...]
    files: int


def examine(
    folder: Path,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    asked: Collection[str] | None = None,
    within: Path | None = None,
) -> Opened:
    """Read, check and compile the bundle of a folder, whatever is found; `within`, no overlay leads out of that folder.

    Where policies are named that will be asked, suites and invariants are not read and no other policy is compiled.
    Raises `Unreadable` without a bundle to read, and OSError when a file of it cannot be read.
    """
    checked = load(folder, with_suites=asked is None, within=within)
    if checked.bundle is None:
        return Opened(None, checked.diagnostics, checked.files)
    try:
        machine = compile_bundle(checked.bundle, environment, asked)
    except Refused as refused:
        return Opened(None, (*checked.diagnostics, *refused.diagnostics), checked.files)
    return Opened(machine, checked.diagnostics, checked.files)


def open_machine(folder: Path, environment: Mapping[str, str], asked: Collection[str] | None = None) -> Machine:
    """The policies of a folder, or those asked, ready to decide under an environment's overrides.

    Raises `Refused` with every finding when the bundle may not be used, and as `examine` does.
    """
    opened = examine(folder, environment, asked)
    if opened.machine is None:
        raise Refused(opened.diagnostics)
    return opened.machine


def open_deciding(folder: Path, environment: Mapping[str, str], name: str) -> Machine:
    """The policy of a name with what it asks; where there is none, the invariant of that name, which decides like one.

    Without either the machine lacks the name. Raises as `open_machine` does.
    """
    machine = open_machine(folder, environment, asked=(name,))
    if name in machine.policies:
        return machine
    checked = load(folder)
    if checked.bundle is None:
        raise Refused(checked.diagnostics)
    found = {one.name: one.plan for one in checked.bundle.invariants if one.name == name}
    bundle = replace(checked.bundle, plans={**checked.bundle.plans, **found})
    return compile_bundle(bundle, environment, asked=(name,)) if found else machine


def shipped_policies() -> Path:
    """The folder of the policies that come with Bascule: in the wheel, or in the checkout it runs from."""
    package = Path(str(files("adapters")))
    wheel = package / "shipped"
    return wheel if (wheel / MANIFEST).is_file() else package.parent / "policies"


def clock() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that no other decision has."""
    return str(uuid.uuid4())


def stamp(moment: datetime) -> Stamp:
    """What a decision made at a moment is stamped with."""
    return Stamp(new_id(), moment)
