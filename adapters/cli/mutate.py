"""`bascule mutate`: whether the suites and invariants of a bundle notice what is changed in its policies."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import terminal
from adapters.cli.failures import DOES_NOT_HOLD, DONE, BundleFails, DoesNotHold, Unusable
from adapters.cli.opening import complete_changed, folder_argument, no_such, open_machine
from adapters.cli.terminal import examples, plural, printable, wrapped

if TYPE_CHECKING:
    from engine.mutation.judging import Judgement
    from engine.mutation.offering import Offering
    from rules.bundle import Bundle
    from rules.mutation.mutant import Mutant

COUNT = 200
SEEDS = 2**32
NOT_CHANGED = ("Suite", "Invariant")
"""The kinds that are to notice what is changed."""

EXAMPLES = examples(
    "bascule mutate                                  200 mutants by a seed that is drawn and told",
    "bascule mutate --seed 7 --count 500",
    "bascule mutate --policy entry --policy book --all",
    "bascule mutate --json | jq -r '.mutants[].case // empty'",
)


@click.command(epilog=EXAMPLES, short_help="Change policies one token at a time: do their suites notice?")
@folder_argument
@click.option("--policy", "names", metavar="NAME", multiple=True, shell_complete=complete_changed,
              help="Only mutants of this policy, library or Types document; may be given again.")  # fmt: skip
@click.option("--seed", metavar="N", type=click.IntRange(0), help="Which of them; drawn and told where none is given.")
@click.option("--count", metavar="N", type=click.IntRange(1), show_default=f"{COUNT}", help="How many of them.")
@click.option("--all", "every", is_flag=True, help="All of them, without `--count` and `--seed`.")
@click.option(
    "--timeout", "seconds", metavar="SECONDS", type=click.FloatRange(0.1, 86_400), default=60.0, show_default=True,
    help="For each mutant; what takes longer is unknown.",
)  # fmt: skip
@click.option("--processes", metavar="N", type=click.IntRange(1, 256), help="Processes; by default one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mutate(  # noqa: PLR0913, PLR0917 -- one for each option
    folder: Path,
    names: tuple[str, ...],
    seed: int | None,
    count: int | None,
    every: bool,
    seconds: float,
    processes: int | None,
    as_json: bool,
) -> int:
    """Change the policies of a bundle one token at a time, and tell which changes nothing notices.

    A mutant is killed where a case of a suite fails or an invariant is refuted. One that both leave alone is proved to
    decide as the original on all inputs, or survives: then the case that tells the two apart is printed, to be pasted
    into the suite once somebody has checked that it says what is meant.

    Exits with 1 where a mutant survived or is unknown. The environment is ignored.
    """
    drawing = _drawing(seed, count, every)
    bundle = _passing(folder)
    chosen, known = _chosen(bundle, names, drawing)
    if drawing is not None and seed is None:
        terminal.note(
            f"{plural(len(chosen), 'mutant')} of {known:,}: `--seed {drawing.seed}` gives the same ones again"
        )
    found: list[Judgement] = []
    offering = _offering(bundle)
    for judgement in _judged(bundle, chosen, seconds, processes or os.cpu_count() or 1):
        found.append(judgement)
        if not as_json and judgement.fate in ("survived", "unknown"):
            terminal.say("\n".join(_lines(judgement, offering)))
    counts = _counts(found)
    holds = not counts["survived"] and not counts["unknown"]
    if as_json:
        order = {mutant: at for at, mutant in enumerate(chosen)}
        told = [_as_json(one, offering) for one in sorted(found, key=lambda one: order[one.mutant])]
        drawn = {"seed": drawing.seed if drawing else None, "of": known}
        terminal.say_json({"ok": holds, **drawn, "counts": counts, "score": _score(counts), "mutants": told})
    else:
        terminal.say("\n".join(_summary(counts, drawing, known)))
    return DONE if holds else DOES_NOT_HOLD


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Which mutants are looked at where it is not all of them."""

    seed: int
    count: int


def _drawing(seed: int | None, count: int | None, every: bool) -> _Drawing | None:
    """What is drawn; None where all are looked at."""
    if not every:
        drawn = random.randrange(SEEDS) if seed is None else seed  # noqa: S311 -- nothing secret
        return _Drawing(drawn, COUNT if count is None else count)
    for name, value in (("--seed", seed), ("--count", count)):
        if value is not None:
            raise click.UsageError(f"`{name}` beside `--all`: where all mutants are looked at, none are drawn")
    return None


def _passing(folder: Path) -> Bundle:
    """The bundle, whose suites pass: what fails as it is notices nothing. Raises as `bascule test` does."""
    from engine.mutation.changed import noticed

    with terminal.Progress("testing as it is", None):
        machine = open_machine(folder, {}, BundleFails)
        case = noticed(machine.bundle.suites, machine, machine.policies)
    if case is not None:
        raise DoesNotHold(f"`{printable(case)}` fails as the policies are: see `bascule test {folder}`")
    return machine.bundle


def _chosen(bundle: Bundle, names: tuple[str, ...], drawing: _Drawing | None) -> tuple[tuple[Mutant, ...], int]:
    """The mutants that are looked at, and how many there are. Raises `Unusable`."""
    try:
        from adapters.proving.mutants import all_mutants, sample
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None
    kinds = {one.name: one.kind for one in bundle.documents}
    known = {name for name, kind in kinds.items() if kind not in NOT_CHANGED}
    for name in names:
        if name in kinds and name not in known:
            raise Unusable(f"`{name}` is of `kind: {kinds[name]}`: it is to notice what is changed, and is not changed")
        if name not in known:
            raise no_such("document to change", name, known, bundle.name)
    found = all_mutants(bundle, names)
    return (sample(found, drawing.seed, drawing.count) if drawing else found), len(found)


def _judged(bundle: Bundle, chosen: Sequence[Mutant], seconds: float, processes: int) -> Iterator[Judgement]:
    from adapters.proving.mutants import judged

    with terminal.Progress("changing", len(chosen)) as progress:
        for done, judgement in enumerate(judged(bundle, chosen, seconds, processes), start=1):
            progress.reached(done)
            yield judgement


def _offering(bundle: Bundle) -> Offering:
    from engine.mutation.offering import Offering

    return Offering(bundle.suites)


def _counts(found: list[Judgement]) -> dict[str, int]:
    """How many mutants came to each end."""
    bounded = [one for one in found if one.fate == "equivalent" and one.up_to is not None]
    return {
        "mutants": len(found),
        "refused": _of(found, "refused"),
        "killed_by_suites": _of(found, "suite"),
        "killed_by_invariants": _of(found, "invariant"),
        "equivalent": _of(found, "equivalent") - len(bounded),
        "equivalent_up_to": len(bounded),
        "survived": _of(found, "survived"),
        "unknown": _of(found, "unknown"),
    }


def _of(found: list[Judgement], fate: str) -> int:
    return sum(1 for one in found if one.fate == fate)


def _score(counts: dict[str, int]) -> float | None:
    """The part of those that change what is decided, or may, that was killed; None where there are none."""
    killed = counts["killed_by_suites"] + counts["killed_by_invariants"]
    could = killed + counts["survived"] + counts["unknown"]
    return round(killed / could, 4) if could else None


def _lines(judgement: Judgement, offering: Offering) -> Iterator[str]:
    """What a person reads of a mutant that nothing noticed."""
    colour = "red" if judgement.fate == "survived" else "yellow"
    head = click.style(judgement.fate.ljust(10), fg=colour, bold=True)
    yield f"{head}{printable(judgement.mutant)}"
    if judgement.why:
        yield from wrapped(printable(judgement.why), 10, "")
    if judgement.telling is not None:
        suite = judgement.telling.suite
        name, case = offering.offered(judgement.telling)
        if case is None:
            yield from wrapped(f"the case `{name}` for {suite}, above, notices it too", 10, "")
            return
        yield from wrapped(f"a case for {suite} that notices:", 10, "")
        yield from map(printable, case.split("\n"))


def _summary(counts: dict[str, int], drawing: _Drawing | None, known: int) -> Iterator[str]:
    drawn = f" of {known:,}, seed {drawing.seed}" if drawing else ""
    yield f"{plural(counts['mutants'], 'mutant')}{drawn}"
    told = (
        ("refused", "they do not check, and are not counted"),
        ("killed_by_suites", "a case failed"),
        ("killed_by_invariants", "an invariant was refuted"),
        ("equivalent", "proved to decide alike on all inputs"),
        ("equivalent_up_to", "proved so for lists of some length"),
        ("survived", "inputs tell them apart, and no case or invariant does"),
        ("unknown", "neither is known"),
    )
    for name, meaning in told:
        yield f"  {counts[name]:6,}  {name.replace('_', ' ')}: {meaning}"
    score = _score(counts)
    if score is not None:
        colour = "green" if score == 1.0 else "red"
        yield f"score {click.style(f'{100 * score:.1f} %', fg=colour, bold=True)} killed of those not equivalent"


def _as_json(judgement: Judgement, offering: Offering) -> dict[str, Any]:
    mutant = judgement.mutant
    out: dict[str, Any] = {
        "document": mutant.document,
        "at": mutant.place,
        "kind": mutant.kind,
        "change": mutant.sentence,
        "fate": judgement.fate,
    }
    said = {"by": judgement.by, "up_to": judgement.up_to, "why": judgement.why}
    out |= {name: value for name, value in said.items() if value not in ("", None)}
    if judgement.telling is not None:
        name, case = offering.offered(judgement.telling)
        out |= {"suite": judgement.telling.suite, "case_id": name} | ({} if case is None else {"case": case})
    return out
