"""`bascule diff`: what one bundle changes in another, in words, and in what was decided."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import terminal
from adapters.cli.at_store import store_option, trust_of, trust_options
from adapters.cli.failures import DONE, DoesNotHold, Unusable
from adapters.cli.opening import complete_new_policy, no_such
from adapters.cli.proving import proved
from adapters.cli.replaying import Work, executed, fail_on_option, forbidden_found, untold, version_of, work_options
from adapters.cli.terminal import examples, printable

if TYPE_CHECKING:
    from adapters.replaying.report import Report
    from adapters.replaying.versions import AtStore, Side

FORMS = ("text", "json", "markdown", "html")

EXAMPLES = examples(
    "bascule diff policies/history/0.9.0 policies",
    "bascule diff main:policies policies --log february.parquet --fail-on block-to-allow",
    "bascule diff main:policies policies --prove --fail-on block-to-allow",
    "bascule diff live policies --store redis://host --trust trust.yaml --log decisions.jsonl --format markdown",
)


@click.command(epilog=EXAMPLES, short_help="Show what one bundle changes in another.")
@click.argument("old")
@click.argument("new", default="policies")
@click.option("--policy", "policies", metavar="NAME", multiple=True, shell_complete=complete_new_policy,
              help="Only of this policy; may be given again.")  # fmt: skip
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="How it is told.",
)
@click.option("-o", "--output", "out", metavar="FILE", type=click.Path(path_type=Path), help="Write it there instead.")
@click.option("--prove", is_flag=True, help="Also say what changes over all inputs, with inputs that show it.")
@click.option(
    "--timeout", "seconds", metavar="SECONDS", type=click.FloatRange(0.1, 86_400), default=60.0, show_default=True,
    help="For the proof of each policy; what takes longer is unknown.",
)  # fmt: skip
@fail_on_option("Exit with 1", proved=True)
@work_options
@store_option
@trust_options
def diff(old: str, new: str, work: Work, policies: tuple[str, ...], **said: Any) -> int:
    """Show what NEW changes in OLD: documents, parameters and rules in words; with a log, every decision that changes.

    OLD and NEW are folders, git revisions of a folder (main:policies), or with `--store` what is `live` there, or was
    under a revision or digest. `--fail-on` ends with 2 where it cannot be told what became of decisions, or can become.
    Policies that ask one that changes are proved where they are named with `--policy`.
    """
    if said["forbidden"] and not work.logs and not said["prove"]:
        raise Unusable("`--fail-on` is about decisions on record, or over all inputs: give `--log FILE`, or `--prove`")
    if "outputs" in said["forbidden"] and not said["prove"]:
        raise Unusable("`--fail-on outputs` is about all inputs: give `--prove`")
    if said["prove"]:
        _check_solver()
    store = _store(said["url"], said["trust_file"], said["unsigned"])
    sides = version_of(old, store), version_of(new, store)
    _check_names(policies, *sides)
    report = executed(*sides, replace(work, policies=policies))
    if said["prove"]:
        report = proved(report, *sides, policies, said["seconds"])
    _say(report, said["form"], said["out"])
    return _judged(report, said["forbidden"])


def _check_solver() -> None:
    """Raise `Unusable` where there is no solver: that is known before a log is decided again."""
    from adapters.extras import check_solver

    try:
        check_solver()
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None


def _check_names(names: tuple[str, ...], old: Side, new: Side) -> None:
    """Raise `Unusable` for a name that neither side has."""
    known = {*old.bundle.plans, *new.bundle.plans}
    for name in names:
        if name not in known:
            raise no_such("policy", name, known, new.bundle.name)


def _store(url: str | None, trust_file: Path | None, unsigned: bool) -> AtStore | None:
    """Where `live`, revisions and digests are looked for; None where nobody says whose signatures count there."""
    from adapters.replaying.versions import AtStore

    return AtStore(url, trust_of(trust_file, unsigned), os.environ) if url and (trust_file or unsigned) else None


def _say(report: Report, form: str, out: Path | None) -> None:
    text = _told(report, form)
    if out is None:
        terminal.say(text)
        return
    try:
        out.write_text(click.unstyle(text) + "\n", encoding="utf-8")
    except OSError as error:
        raise Unusable(f"cannot write `{out}`: {(error.strerror or str(error)).lower()}") from None
    terminal.note(f"written to {printable(out)}")


def _told(report: Report, form: str) -> str:
    """A report in a form."""
    if form == "json":
        import msgspec

        return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
    if form == "markdown":
        from adapters.replaying.as_markdown import as_markdown

        return "\n".join(as_markdown(report))
    if form == "html":
        try:
            from adapters.replaying.as_html import as_html
        except ModuleNotFoundError as missing:
            raise Unusable(str(missing)) from None
        return as_html(report)
    from adapters.replaying.as_text import as_text

    return "\n".join(as_text(report))


def _judged(report: Report, forbidden: tuple[str, ...]) -> int:
    told = forbidden_found(report, forbidden)
    if told:
        raise DoesNotHold(told)
    if forbidden and (why := untold(report, forbidden)):
        raise Unusable(f"--fail-on: {printable(why)}")
    return DONE
