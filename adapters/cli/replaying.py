"""What `replay` and `diff` share: the options of a log, the sides, and the work with its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adapters.cli import terminal
from adapters.cli.failures import BundleRefused, NoBundle, Unusable
from adapters.cli.log import unusable
from adapters.cli.terminal import plural, printable
from adapters.extras import lacking

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from adapters.proving.report import Became
    from adapters.replaying.report import Report
    from adapters.replaying.versions import AtStore, Side
    from engine.comparison import Change

F = TypeVar("F", bound=Callable[..., object])


FAILING: tuple[Change, ...] = ("block-to-allow", "allow-to-block", "outcome")
"""What somebody may want not to become of a decision."""
PROVED: tuple[Became, ...] = (*FAILING, "outputs")
"""What over all inputs besides: the same outcome with other outputs, of which those on record are not asked."""


@dataclass(frozen=True, slots=True)
class Work:
    """Which decisions are decided again, and by what."""

    logs: tuple[Path, ...]
    scheduler: str | None
    processes: int | None
    policies: tuple[str, ...] = ()


def work_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a log and of what works through it, which the command takes as one `work`."""

    @wraps(command)
    def collected(logs: tuple[Path, ...], scheduler: str | None, processes: int | None, *args: Any, **said: Any) -> int:
        return command(*args, work=Work(logs, scheduler, processes), **said)

    options = (
        click.option(
            "--log", "logs", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
            help="Decisions on record: a table of `bascule log import`, or lines (.jsonl, .jsonl.gz); more than once.",
        ),
        click.option("--scheduler", metavar="URL", help="Work on a Dask cluster: tcp://host:8786, or tls://…."),
        click.option(
            "--processes", metavar="N", type=click.IntRange(1, 256), help="Processes; by default one for each core."
        ),
    )  # fmt: skip
    found: Callable[..., int] = collected
    for option in reversed(options):
        found = option(found)
    return found


def fail_on_option(then: str, *, proved: bool = False) -> Callable[[F], F]:
    """The `--fail-on CHANGE` option, as `forbidden`; `then` is what is done. `proved`: over all inputs too."""
    where = "a decision on record, or with `--prove` any," if proved else "a decision on record"
    told = f"outcome (another one of the same effect){', outputs (with `--prove`)' if proved else ''}"
    return click.option(
        "--fail-on", "forbidden", multiple=True, metavar="CHANGE",
        type=click.Choice([*(PROVED if proved else FAILING), "any"]),
        help=f"{then} where {where} becomes this: block-to-allow, allow-to-block, {told}, or any; may be given again.",
    )  # fmt: skip


def forbidden_found(report: Report, forbidden: Sequence[str]) -> str:
    """What of `--fail-on` became of decisions; empty where nothing did."""
    from adapters.proving.report import changes_to

    wanted = _wanted(forbidden)
    told = [f"{plural(count, 'decision')} {change}" for change in wanted if (count := report.count(change))]
    for proof in report.proofs:
        told += [
            f"`{proof.policy}`: {change} comes about" for change in _proved(forbidden) if changes_to(proof, change)
        ]
    return f"--fail-on: {', '.join(told)}" if told else ""


def untold(report: Report, forbidden: Sequence[str]) -> str:
    """Why nobody can tell whether something of `--fail-on` became of decisions, or can; empty where it can be told."""
    on_record = _untold_on_record(report, forbidden) if report.logs else ""
    return on_record or _unproved(report, forbidden)


def _unproved(report: Report, forbidden: Sequence[str]) -> str:
    from adapters.proving.report import unknown

    for proof in report.proofs:
        for change in _proved(forbidden):
            if unknown(proof, change):
                return f"of `{proof.policy}` it is not known whether {change} comes about"
    return ""


def _wanted(forbidden: Sequence[str]) -> list[Change]:
    return [change for change in FAILING if change in forbidden or "any" in forbidden]


def _proved(forbidden: Sequence[str]) -> list[Became]:
    return [change for change in PROVED if change in forbidden or "any" in forbidden]


def _untold_on_record(report: Report, forbidden: Sequence[str]) -> str:
    """The same of decisions on record.

    A policy of which none can be decided again has shown nothing, whatever others have; and one that a side lacks may
    have become anything that the other side does, save that nothing opens where it is gone.
    """
    if not any(one.decisions for one in report.replays):
        return "none of those on record can be decided again"
    for one in report.replays:
        if not one.decisions:
            return f"no decision of `{one.policy}` on record can be decided again"
    changed = {one.policy: one.what for one in report.changes if one.policy in report.not_compared}
    for name, what in changed.items():
        if what == "is new" or set(forbidden) != {"block-to-allow"}:
            count = plural(report.not_compared[name], "decision")
            return f"`{name}` {what}, and {count} on record asked it"
    return ""


def version_of(given: str, store: AtStore | None) -> Side:
    """The bundle of a name. Raises `NoBundle`, `BundleRefused`, `Unusable`."""
    from adapters.replaying.versions import NoSuchVersion, side
    from engine.store import StoreUnavailable
    from rules.bundle import Unreadable
    from rules.diagnostics import Refused

    try:
        return side(given, store)
    except Unreadable as error:
        raise NoBundle(printable(error)) from None
    except Refused as refused:
        errors = sum(1 for one in refused.diagnostics if one.severity == "error")
        raise BundleRefused(
            f"the bundle `{printable(given)}` has {plural(errors, 'error')}", refused.diagnostics
        ) from None
    except (NoSuchVersion, StoreUnavailable, ValueError) as fault:
        raise Unusable(printable(fault)) from None


def executed(old: Side | None, new: Side, work: Work) -> Report:
    """The report, with what is on record decided anew where there are logs."""
    if not work.logs:
        if old is None:
            raise Unusable("which decisions? Give `--log FILE`, a table of `bascule log import` or a file of lines")
        from adapters.replaying.in_words import in_words

        return in_words(old, new)
    with unusable():
        from adapters.replaying.comparing import compared, on_record, tables

        sides = [side for side in (old, new) if side is not None]
        with tables(work.logs, new.bundle.types) as listed:
            _check_policies(work.policies, sides)
            record = on_record(listed, sides, work.policies, work.logs)
            with (
                _executing(work) as executor,
                terminal.Progress("deciding", sum(one.rows for one in listed)) as progress,
            ):
                return compared(old, new, record, executor, progress.reached)


def _check_policies(names: Sequence[str], sides: Sequence[Side]) -> None:
    from adapters.replaying.versions import NoSuchPolicy, check_policies

    try:
        check_policies(names, sides)
    except NoSuchPolicy as fault:
        raise Unusable(printable(fault)) from None


@contextmanager
def _executing(work: Work) -> Iterator[Executor]:
    from adapters.replaying.running import executing

    try:
        with executing(work.scheduler, work.processes) as executor:
            yield executor
    except ModuleNotFoundError as missing:
        if missing.name != "distributed":
            raise
        raise Unusable(lacking("`--scheduler` needs Dask", "cluster")) from None
