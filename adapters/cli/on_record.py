"""What a publication does to decisions on record, before it is agreed to: over logs, or over those of a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from adapters.cli import terminal
from adapters.cli.at_service import AtService, NotAsked
from adapters.cli.at_store import FILE
from adapters.cli.failures import DoesNotHold, Unusable
from adapters.cli.replaying import Work, executed, fail_on_option, forbidden_found, untold
from adapters.cli.terminal import printable

if TYPE_CHECKING:
    from adapters.publishing.candidates import Candidate
    from adapters.publishing.publication import Prepared
    from adapters.replaying.report import Report
    from engine.published import Trust
    from engine.store import PolicyStore

F = TypeVar("F", bound=Callable[..., object])
NEW = "to be published"
DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class OnRecord:
    """Which decisions are decided again, and what must not become of them."""

    logs: tuple[Path, ...]
    service: str | None
    token_file: Path | None
    authority: Path | None
    forbidden: tuple[str, ...]

    @property
    def asked(self) -> bool:
        """Whether anything is to be decided again."""
        return bool(self.logs or self.service)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: a report, or why there is none, or why it tells of no decisions; neither where none is wanted."""

    report: Report | None = None
    why_not: str = ""

    def lines(self) -> Iterator[str]:
        """The report for a person; why there is none is told as a note."""
        if self.report is not None:
            from adapters.replaying.as_text import as_text

            yield ""
            yield from as_text(self.report)


def record_options(command: F) -> F:
    """The options, which are members of `OnRecord`."""
    options = (
        click.option(
            "--log", "logs", metavar="FILE", multiple=True, type=FILE,
            help="Show what becomes of these decisions on record: a table, or lines; may be given again.",
        ),
        click.option(
            "--service", metavar="URL", envvar="BASCULE_SERVICE", show_envvar=True,
            help="Show what becomes of what this service decided lately, as https://host:8181.",
        ),
        click.option(
            "--token", "token_file", metavar="FILE", type=FILE, envvar="BASCULE_TOKEN_FILE", show_envvar=True,
            help="The file with the token for it, of the role `publish`.",
        ),
        click.option(
            "--tls-ca", "authority", metavar="FILE", type=FILE, envvar="BASCULE_TLS_CA", show_envvar=True,
            help="Whose certificates are trusted there, in place of the system's.",
        ),
        fail_on_option("Write nothing and exit with 1"),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def from_options(
    logs: tuple[Path, ...],
    service: str | None,
    token_file: Path | None,
    authority: Path | None,
    forbidden: tuple[str, ...],
) -> OnRecord:
    """What the options say; logs that are given come before a service of the environment. Raises `Unusable`."""
    if logs and service:
        from click.core import ParameterSource

        if click.get_current_context().get_parameter_source("service") is ParameterSource.COMMANDLINE:
            raise Unusable("both `--log` and `--service`: leave one out")
        service = None
    if forbidden and not (logs or service):
        raise Unusable("`--fail-on` is about decisions on record: give `--log FILE`, or `--service URL`")
    return OnRecord(logs, service, token_file, authority, forbidden)


async def found_of(asked: OnRecord, prepared: Prepared, store: PolicyStore, trust: Trust) -> Found:
    """What a publication does to decisions on record, beside what is in force, or else beside the record itself.

    Raises `Unusable` where something must not become of them, and what becomes of them cannot be told.
    """
    if not asked.asked:
        return Found()
    try:
        report = _by_service(asked, prepared) if asked.service else await _by_logs(asked, prepared, store, trust)
    except (NotAsked, Unusable) as fault:
        found = Found(why_not=str(fault))
    else:
        found = Found(report, _why_nothing(report))
        if not found.why_not and asked.forbidden and not forbidden_found(report, asked.forbidden):
            found = Found(report, untold(report, asked.forbidden))
    if found.why_not:
        if asked.forbidden:
            raise Unusable(f"--fail-on: {printable(found.why_not)}: nothing was written")
        terminal.note(f"note: what becomes of decisions on record is not told: {printable(found.why_not)}")
    return found


def check_allowed(asked: OnRecord, found: Found) -> None:
    """Raise `DoesNotHold` where something becomes of decisions on record that must not."""
    told = None if found.report is None else forbidden_found(found.report, asked.forbidden)
    if told:
        raise DoesNotHold(f"{told}: nothing was written", {"decisions": found.report})


def _why_nothing(report: Report) -> str:
    """Why a report tells of no decisions, where it does not."""
    if report.recent is not None and report.recent.why_not:
        return report.recent.why_not
    if not any(replay.decisions for replay in report.replays):
        return "none of those on record can be decided again"
    return ""


async def _by_logs(asked: OnRecord, prepared: Prepared, store: PolicyStore, trust: Trust) -> Report:
    """The report over logs. Raises `NotAsked` for what is in force, `Unusable` for the logs."""
    from adapters.publishing.candidates import Unpublishable, live
    from adapters.replaying.versions import LIVE, Side, of_content
    from rules.canonical import NoContent
    from rules.diagnostics import Refused

    try:
        there = await live(store, trust)
        _check_same("the store", "" if there is None else there[0].digest, _in_force(prepared))
        old = None if there is None else Side(LIVE, of_content(there[1]))
    except (Unpublishable, NoContent) as fault:
        raise NotAsked(str(fault)) from None
    except Refused:
        raise NotAsked("what is in force does not check with this version") from None
    return executed(old, Side(NEW, of_content(prepared.candidate.content)), Work(asked.logs, None, None))


def _by_service(asked: OnRecord, prepared: Prepared) -> Report:
    """The report of a service, of these two bundles. Raises `NotAsked`."""
    assert asked.service is not None
    service = AtService(asked.service, asked.token_file, asked.authority)
    report = service.compared(as_files(prepared.candidate))
    _check_same(f"the service at {asked.service}", report.old.digest if report.old else "", _in_force(prepared))
    if report.new.digest != prepared.candidate.digest:
        told = f"of {report.new.digest}, and this is {prepared.candidate.digest}: is it another version of Bascule?"
        raise NotAsked(f"the service at {asked.service} tells {told}")
    return report


def _in_force(prepared: Prepared) -> str:
    record = prepared.present.record
    return "" if record is None else record.digest


def _check_same(who: str, there: str, here: str) -> None:
    if there != here:
        told = f"has {there or 'nothing'} in force, and the store had {here or 'nothing'} when it was looked at"
        raise NotAsked(f"{who} {told}")


def as_files(candidate: Candidate) -> dict[str, str]:
    """A bundle as files of one folder, with the same digest, whatever overlays it was made of."""
    from rules.canonical import text_of

    content = candidate.documents
    metadata = {"name": content.name, "version": content.version, "title": NEW, "owner": NEW}
    spec = {"includes": [f"{DOCUMENTS}/*.yaml"]}
    manifest = {"apiVersion": "bascule/v1", "kind": "Bundle", "metadata": metadata, "spec": spec}
    documents = {f"{DOCUMENTS}/{name}.yaml": text for name, text in content.documents.items()}
    return {"bundle.yaml": text_of(manifest), **documents}
