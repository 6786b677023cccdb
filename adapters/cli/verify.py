"""`bascule verify`: whether the invariants of a bundle hold of all inputs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import terminal
from adapters.cli.failures import DOES_NOT_HOLD, DONE, BundleUnproved, DoesNotHold, Unusable
from adapters.cli.opening import complete_invariant, folder_argument, no_such, read_bundle
from adapters.cli.redundant import as_json as redundant_as_json
from adapters.cli.redundant import found_redundant
from adapters.cli.redundant import summary as redundant_summary
from adapters.cli.terminal import examples, plural, printable, wrapped

if TYPE_CHECKING:
    from adapters.proving.running import Timed
    from engine.symbolic.moved import Shown
    from engine.symbolic.verifying import Verdict
    from rules.bundle import Bundle
    from rules.invariants import Invariant

COLOURS = {"proved": "green", "refuted": "red", "unknown": "yellow", "vacuous": "red"}
INDENT = 10
MOST_NAMED = 3
"""Parameters that are named where they are varied."""
SECONDS = 60.0
"""For each invariant."""

EXAMPLES = examples(
    "bascule verify",
    "bascule verify policies/history/0.9.0 --invariant capital-caps",
    "bascule verify --witness found; bascule decide capital-caps --inputs found/capital-caps.json",
    "bascule verify --redundant                      and what the policies say in vain",
    "bascule verify --json | jq '.invariants[] | {name, result}'",
)


@click.command(epilog=EXAMPLES, short_help="Prove the invariants of a bundle, or refute them.")
@folder_argument
@click.option("--invariant", "names", metavar="NAME", multiple=True, shell_complete=complete_invariant,
              help="Only this one; may be given again.")  # fmt: skip
@click.option(
    "--timeout", "seconds", metavar="SECONDS", type=click.FloatRange(0.1, 86_400), default=SECONDS, show_default=True,
    help="For each invariant; what takes longer is unknown.",
)  # fmt: skip
@click.option("--witness", "folder_of_witnesses", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Write the inputs of each refutation there, as `NAME.json`.")  # fmt: skip
@click.option(
    "--redundant",
    is_flag=True,
    help="Also look for rules that can never apply, conditions and parameters without effect, and rows of "
    "tables that overlap.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    folder: Path,
    names: tuple[str, ...],
    seconds: float,
    folder_of_witnesses: Path | None,
    redundant: bool,
    as_json: bool,
) -> int:
    """Prove that what the invariants of a bundle claim holds of all inputs, or find inputs of which it does not.

    What is refuted comes with the plainest inputs found that show it, decided by the reader that decides in service.
    With `--redundant`, what the policies say in vain is told after the claims; rules and parameters without effect, but
    for those that a suite or their document says to be so, count as claims that do not hold.

    Exits with 0 where everything is proved, up to a length of lists where one is said; with 1 where something is
    refuted, vacuous or unknown; with 2 where nothing could be looked at, as where the bundle does not check. The
    environment is ignored.
    """
    bundle = _bundle(folder)
    chosen = [] if redundant and not bundle.invariants and not names else _chosen(bundle, names)
    found: list[tuple[Invariant, Timed[Verdict]]] = []
    for invariant, timed in _verdicts(bundle, chosen, seconds):
        found.append((invariant, timed))
        if not as_json:
            terminal.say("\n".join(_lines(invariant, timed)))
        if folder_of_witnesses is not None:
            _write(folder_of_witnesses, folder, timed)
    if found and not as_json:
        terminal.say(_summary(found))
        if folder_of_witnesses is None and any(_result(timed) == "refuted" for _, timed in found):
            terminal.note("`--witness DIR` writes the inputs of what is refuted, and says how to decide them again")
    in_vain = found_redundant(bundle, seconds, says=not as_json) if redundant else []
    holds = all(map(_holds, found)) and not any(one.must_be_looked_at for one in in_vain)
    if as_json:
        told: dict[str, Any] = {"ok": holds, "invariants": [_as_json(*one) for one in found]}
        terminal.say_json(told | ({"redundant": [redundant_as_json(one) for one in in_vain]} if redundant else {}))
    elif redundant:
        terminal.say(redundant_summary(in_vain))
    return DONE if holds else DOES_NOT_HOLD


def check_proved(folder: Path) -> None:
    """Raise `DoesNotHold` unless every invariant of a bundle is proved, and `Unusable` where there is none."""
    bundle = _bundle(folder)
    count = 0
    for invariant, timed in _verdicts(bundle, _chosen(bundle, ()), SECONDS):
        if _result(timed) != "proved":
            terminal.note("\n".join(_lines(invariant, timed)))
            raise DoesNotHold(f"`{invariant.name}` is {_result(timed)}: nothing was written")
        count += 1
        if timed.answer is not None and timed.answer.up_to is not None:
            terminal.note(f"note: `{invariant.name}` is proved for lists of at most {timed.answer.up_to} items")
    terminal.note(f"{plural(count, 'invariant')} proved")


def _bundle(folder: Path) -> Bundle:
    from rules.bundle import load
    from rules.diagnostics import Refused

    def read() -> Bundle:
        checked = load(folder)
        if checked.bundle is None:
            raise Refused(checked.diagnostics)
        return checked.bundle

    with terminal.Progress("reading", None):
        return read_bundle(folder, read, BundleUnproved)


def _chosen(bundle: Bundle, names: tuple[str, ...]) -> list[Invariant]:
    """The invariants asked for. Raises `Unusable`."""
    known = {one.name: one for one in bundle.invariants}
    if not known:
        raise Unusable(f"`{bundle.name}` has no invariants: documents of `kind: Invariant` say what must hold")
    for name in names:
        if name not in known:
            raise no_such("invariant", name, known, bundle.name)
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _verdicts(bundle: Bundle, chosen: list[Invariant], seconds: float) -> Iterator[tuple[Invariant, Timed[Verdict]]]:
    try:
        from adapters.proving.invariants import verdicts
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None
    known = {one.name: one for one in chosen}
    with terminal.Progress("proving", len(chosen)) as progress:
        for done, (name, timed) in enumerate(verdicts(bundle, progress.through(known), seconds), start=1):
            progress.reached(done)
            yield known[name], timed


def _result(timed: Timed[Verdict]) -> str:
    return "unknown" if timed.answer is None else timed.answer.result


def _holds(one: tuple[Invariant, Timed[Verdict]]) -> bool:
    return _result(one[1]) == "proved"


def _lines(invariant: Invariant, timed: Timed[Verdict]) -> Iterator[str]:
    """What a person reads of an invariant."""
    result, verdict = _result(timed), timed.answer
    head = click.style(result.ljust(INDENT), fg=COLOURS[result], bold=True)
    yield f"{head}{invariant.name}: {printable(invariant.title)} ({timed.seconds:.1f} s)"
    if verdict is None:
        yield from wrapped(printable(timed.why), INDENT, "")
        return
    if verdict.result == "vacuous":
        yield from wrapped("what is given holds of no inputs: nothing is claimed", INDENT, "")
        for condition in invariant.given:
            yield from wrapped(f"given {printable(condition)}", INDENT, "")
        return
    if verdict.up_to is not None:
        yield from wrapped(f"for lists of at most {verdict.up_to} items", INDENT, "")
    if invariant.varied:
        names = invariant.varied if len(invariant.varied) <= MOST_NAMED else (f"of {len(invariant.varied)} parameters",)
        yield from wrapped(f"with any {', '.join(names)} within its bounds", INDENT, "")
    if verdict.hard:
        yield from wrapped(printable(verdict.hard), INDENT, "")
    if verdict.refutation is not None:
        yield from _refuted(verdict.refutation)


def _refuted(found: Shown) -> Iterator[str]:
    decision = found.decision
    yield from wrapped(f"{decision.rule}: {printable(decision.reason)}", INDENT, "")
    for name, value in found.parameters.items():
        yield from wrapped(f"with {name}: {json.dumps(value)}", INDENT, "")
    for name, value in found.inputs.items():
        yield from wrapped(f"{name}: {printable(json.dumps(value, ensure_ascii=False))}", INDENT, "")


def _summary(found: list[tuple[Invariant, Timed[Verdict]]]) -> str:
    counts = {result: sum(1 for _, timed in found if _result(timed) == result) for result in COLOURS}
    told = (
        click.style(f"{count} {result}", fg=COLOURS[result], bold=True) for result, count in counts.items() if count
    )
    seconds = sum(timed.seconds for _, timed in found)
    return f"{plural(len(found), 'invariant')}: {', '.join(told)} in {seconds:.1f} s"


def _as_json(invariant: Invariant, timed: Timed[Verdict]) -> dict[str, Any]:
    verdict = timed.answer
    out: dict[str, Any] = {"name": invariant.name, "title": invariant.title, "result": _result(timed)}
    out |= {"seconds": round(timed.seconds, 3), "varied": list(invariant.varied)}
    if invariant.given:
        out["given"] = list(invariant.given)
    if verdict is None:
        return out | {"why": timed.why, "working_at": timed.working_at}
    out["total"] = verdict.result == "proved" and verdict.up_to is None
    if verdict.up_to is not None:
        out["up_to"] = verdict.up_to
    if verdict.hard:
        out["why"] = verdict.hard
    out["loose"] = [{"expression": text, "why": why} for text, why in (verdict.loose or {}).items()]
    if verdict.refutation is not None:
        refuted = verdict.refutation
        shown = {"inputs": refuted.inputs, "parameters": refuted.parameters}
        out["witness"] = shown | {"claim": refuted.decision.rule, "reason": refuted.decision.reason}
    return out


def _write(folder: Path, bundle: Path, timed: Timed[Verdict]) -> None:
    """Write the witness of a refutation."""
    verdict = timed.answer
    if verdict is None or verdict.refutation is None:
        return
    path = folder / f"{verdict.invariant}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(verdict.refutation.inputs, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise Unusable(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}") from None
    again = ["bascule", "decide", verdict.invariant, "--policies", str(bundle), "--inputs", str(path)]
    for name, value in verdict.refutation.parameters.items():
        again += ["--suppose", f"{name}={json.dumps(value)}"]
    terminal.note(f"{verdict.invariant}: written to {printable(path)}; decide it again:")
    terminal.note(f"  {printable(shlex.join(again))}")
