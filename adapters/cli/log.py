"""`bascule log`: decisions on record, from the lines that a service writes to a table that can be decided on again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.failures import DONE, BundleRefused, DoesNotHold, Unusable
from adapters.cli.opening import open_machine, policies_option
from adapters.cli.terminal import examples, plural, printable

if TYPE_CHECKING:
    from adapters.records.importing import Imported
    from adapters.records.inspecting import Inspected

FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
OUT = click.option(
    "-o", "--output", "out", metavar="FILE", required=True, type=click.Path(path_type=Path), help="The table to write."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
MOST = 20
"""Rows of a kind that are printed."""


EXAMPLES = examples(
    "bascule log import decisions/*.jsonl -o february.parquet",
    "bascule log inspect february.parquet",
    "bascule log merge january.parquet february.parquet -o both.parquet",
)


@click.group(epilog=EXAMPLES, short_help="Make a table of decisions on record.")
def log() -> None:
    """Decisions on record: from the lines of a decision log to a Parquet table, for `replay` and `diff`."""


IMPORT_EXAMPLES = examples(
    "bascule log import decisions/*.jsonl -o february.parquet",
    "bascule log import decisions/*.jsonl.gz --policies policies -o february.parquet --json",
)


@log.command("import", epilog=IMPORT_EXAMPLES, short_help="Lines of decision logs into a table.")
@FILES
@OUT
@policies_option
@JSON
def import_(files: tuple[Path, ...], out: Path, folder: Path, as_json: bool) -> int:
    """Read the lines that services have written, and write a table of them.

    Files are read in the order given, and may be compressed (.gz). The glossary of the bundle says what the facts are.
    A line that cannot be decided on again has its row as well, with the cause: nothing is passed over.
    """
    if out.resolve() in {path.resolve() for path in files}:
        raise Unusable(f"`{printable(out)}` is one of the logs that are read: write to another file")
    with unusable():
        from adapters.records.facts import Facts
        from adapters.records.importing import import_lines

        facts = Facts(open_machine(folder, {}, BundleRefused, asked=()).bundle.types)
        with terminal.Progress("importing", sum(path.stat().st_size for path in files)) as progress:
            found = import_lines(files, facts, out, progress.reached)
    if as_json:
        terminal.say_json({"table": str(out), **_imported_json(found)})
    else:
        terminal.say("\n".join(_imported(found, out)))
    if not found.decisions:
        raise DoesNotHold("the files hold no decisions")
    return DONE


@log.command(epilog=examples("bascule log inspect february.parquet"), short_help="What is on record in a table.")
@FILES
@JSON
def inspect(files: tuple[Path, ...], as_json: bool) -> int:
    """Count what some tables hold: decisions by policy, bundle and outcome, and what cannot be decided on again."""
    with unusable():
        from adapters.records import inspecting
        from adapters.records.table import groups

        listed = groups(files)
        with terminal.Progress("counting", sum(group.rows for group in listed)) as progress:
            found = inspecting.inspect(listed, progress.reached)
    if as_json:
        terminal.say_json(_inspected_json(found))
    else:
        terminal.say("\n".join(_inspected(found)))
    return DONE


@log.command(epilog=examples("bascule log merge monday.parquet tuesday.parquet -o week.parquet"))
@FILES
@OUT
@JSON
def merge(files: tuple[Path, ...], out: Path, as_json: bool) -> int:
    """Write several tables as one, in the order given, with every decision once."""
    if out.resolve() in {path.resolve() for path in files}:
        raise Unusable(f"`{out}` is one of the tables that are read: write to another")
    with unusable():
        from adapters.records import merging
        from adapters.records.table import groups

        listed = groups(files)
        if not listed:
            raise DoesNotHold("the tables hold no decisions")
        with terminal.Progress("merging", sum(group.rows for group in listed)) as progress:
            rows, repeated = merging.merge(listed, out, progress.reached)
    if as_json:
        terminal.say_json({"table": str(out), "rows": rows, "repeated": repeated})
    else:
        again = f", {repeated:,} of them on record already" if repeated else ""
        terminal.say(f"{plural(rows, 'row')} in {printable(out)}{again}")
    return DONE


@contextmanager
def unusable() -> Iterator[None]:
    """Tell what keeps a file from being read or written, and which package is missing."""
    try:
        from adapters.parquet import UnusableFile
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None
    try:
        yield
    except UnusableFile as fault:
        raise Unusable(printable(fault)) from None
    except OSError as error:
        raise Unusable(f"`{printable(error.filename)}`: {(error.strerror or str(error)).lower()}") from None


def _imported(found: Imported, out: Path) -> Iterator[str]:
    from adapters.records.lines import CAUSES

    yield f"{plural(found.decisions, 'decision')} in {printable(out)}, {found.usable:,} can be decided on again"
    for cause, count in found.causes.most_common():
        yield from terminal.wrapped(
            f"{CAUSES[cause]}; first {printable(found.first[cause])}", 30, f"{count:>9,}  {cause}"
        )
    yield from _counted("policy", found.policies)
    yield from _counted("bundle", found.bundles)


def _imported_json(found: Imported) -> dict[str, object]:
    left_out = [
        {"cause": cause, "decisions": n, "first": found.first[cause]} for cause, n in found.causes.most_common()
    ]
    return {
        "decisions": found.decisions,
        "usable": found.usable,
        "left_out": left_out,
        "policies": dict(found.policies.most_common()),
        "bundles": dict(found.bundles.most_common()),
    }


def _inspected(found: Inspected) -> Iterator[str]:
    from adapters.records.lines import CAUSES

    span = f", {found.first:%Y-%m-%d %H:%M} to {found.last:%Y-%m-%d %H:%M} UTC" if found.first is not None else ""
    yield f"{plural(found.rows, 'decision')}{span}, {found.usable:,} can be decided on again"
    for cause, count in found.causes.most_common():
        yield from terminal.wrapped(CAUSES.get(cause, cause), 30, f"{count:>9,}  {cause}")
    yield from _counted("policy", found.policies)
    yield from _counted("bundle", found.bundles)
    yield from _counted("file", found.sources)
    told = {f"{asked}: {outcome} ({effect})": count for (asked, outcome, effect), count in found.outcomes.most_common()}
    yield from _counted("outcome", told)


def _inspected_json(found: Inspected) -> dict[str, object]:
    outcomes = [
        {"policy": asked, "outcome": outcome, "effect": effect, "decisions": count}
        for (asked, outcome, effect), count in found.outcomes.most_common()
    ]
    return {
        "decisions": found.rows,
        "usable": found.usable,
        "first": found.first.isoformat() if found.first is not None else None,
        "last": found.last.isoformat() if found.last is not None else None,
        "left_out": dict(found.causes.most_common()),
        "policies": dict(found.policies.most_common()),
        "bundles": dict(found.bundles.most_common()),
        "files": dict(found.sources.most_common()),
        "outcomes": outcomes,
    }


def _counted(noun: str, counts: Mapping[str, int]) -> Iterable[str]:
    """A table of counts; an empty name is one that nobody said."""
    if not counts:
        return
    yield terminal.heading(noun)
    listed = list(counts.items())
    for name, count in listed[:MOST]:
        yield f"{count:>9,}  {printable(name) or 'none'}"
    if len(listed) > MOST:
        yield f"{'':>9}  and {plural(len(listed) - MOST, 'more', 'more')}: --json has them all"
