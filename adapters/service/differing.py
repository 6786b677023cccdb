"""What one bundle changes in another, and in what the service decided lately, in a process of its own.

`python -m adapters.service.differing FOLDER` reads an `Asked` from standard input and writes an `Answer` to standard
output. Rules kept here: it is what `bascule diff` does, by the same code; files of the log are only read; of what was
decided nothing but counts, amounts, ids and symbols leaves the process; the environment is ignored.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from adapters.service.apart import apart, keep_to_limits
from adapters.service.checking import Finding, findings, write_files
from rules.bundle import Unreadable, load
from rules.canonical import NoContent
from rules.diagnostics import Refused

if TYPE_CHECKING:
    from adapters.records.recent import Ending
    from adapters.replaying.report import Report
    from adapters.replaying.versions import Side

PATIENCE_S = 120.0
NO_LOG = "the service keeps no decision log: start it with `--decision-log DIR`"
NO_DECISIONS = "there are no decisions on the log of the service yet"
TABLE = ".lines.parquet"
"""Where lines are made a table of: no file that is sent can have the name."""


class Given(msgspec.Struct, frozen=True):
    """A side: how it was named, and its files, or the content of its bundle as a store keeps it."""

    given: str
    files: dict[str, str] | None = None
    content: bytes = b""


class Asked(msgspec.Struct, frozen=True):
    """What is to be compared. `old` is None where nothing is in force; `log` is None where none is kept."""

    new: Given
    old: Given | None
    policies: list[str]
    decisions: int
    log: str | None


class Answer(msgspec.Struct, frozen=True):
    """A `Report` of adapters/replaying/report.py; or why there is none, and where in the body that stands."""

    report: msgspec.Raw = msgspec.Raw(b"null")
    digest: str = ""
    """Of the new side."""
    fault: str = ""
    pointer: str = ""
    diagnostics: list[Finding] = []


async def differed(asked: Asked) -> Answer:
    """What is found; files must be such as `checking.faults_of` finds nothing wrong with. Raises `NotDone`."""
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="bascule-diff-")
    try:
        said = msgspec.json.encode(asked)
        out = await apart("adapters.service.differing", said, folder, patience_s=PATIENCE_S)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return msgspec.json.decode(out, type=Answer)


# -- in the process of its own


def main() -> int:
    """Compare what standard input says."""
    keep_to_limits()
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    os.chdir(sys.argv[1])
    sys.stdout.buffer.write(msgspec.json.encode(_answer(asked)))
    return 0


def _answer(asked: Asked) -> Answer:
    from adapters.replaying.versions import NoSuchPolicy, check_policies

    try:
        sides = []
        for one in (asked.old, asked.new):
            if one is not None:
                sides.append(_side(one))
        check_policies(asked.policies, sides)
    except Unreadable:
        told = "there is no `bundle.yaml` among the files: it names the bundle, its version and its files"
        return Answer(fault=told, pointer="/files")
    except NoContent as fault:
        return Answer(fault=f"the bundle of an earlier publication cannot be read: {fault}")
    except _Unchecked as unchecked:
        return Answer(fault=str(unchecked), diagnostics=unchecked.found)
    except NoSuchPolicy as fault:
        return Answer(fault=str(fault), pointer=f"/policies/{fault.place}")
    new, old = sides[-1], sides[0] if len(sides) == 2 else None
    return Answer(report=msgspec.Raw(msgspec.json.encode(_report(asked, old, new))), digest=new.bundle.digest)


class _Unchecked(Exception):
    """A side that does not check; says which, and holds the findings."""

    def __init__(self, given: str, refused: Refused) -> None:
        errors = sum(1 for one in refused.diagnostics if one.severity == "error")
        super().__init__(f"the bundle of {given} has {errors} error{'s' * (errors != 1)}")
        self.found = findings(refused.diagnostics)


def _side(one: Given) -> Side:
    from adapters.replaying.versions import Side, of_content

    try:
        if one.files is None:
            return Side(one.given, of_content(one.content))
        here = write_files(one.files)
        checked = load(here, with_suites=False, within=here)
        if checked.bundle is None:
            raise Refused(checked.diagnostics)
        return Side(one.given, of_content(checked.bundle.content))
    except Refused as refused:
        raise _Unchecked(one.given, refused) from None


def _report(asked: Asked, old: Side | None, new: Side) -> Report:
    """The report: the words, and what was decided lately decided anew, or why it was not."""
    from adapters.replaying.in_words import in_words
    from adapters.replaying.report import Recent

    if not asked.decisions:
        return in_words(old, new)
    why_not = NO_LOG
    if asked.log is not None:
        try:
            return _decided_anew(asked, old, new)
        except ModuleNotFoundError as missing:
            why_not = str(missing)
        except FileNotFoundError:
            why_not = NO_DECISIONS
        except OSError as error:
            why_not = f"the log of the service cannot be read: {(error.strerror or str(error)).lower()}"
    recent = Recent(asked.decisions, why_not=why_not)
    return msgspec.structs.replace(in_words(old, new), recent=recent)


def _decided_anew(asked: Asked, old: Side | None, new: Side) -> Report:
    """The report over the most recent decisions. Raises ModuleNotFoundError without pyarrow, and OSError."""
    import adapters.parquet  # noqa: F401 -- which says what to install, where it is missing
    from adapters.records.facts import Facts
    from adapters.records.importing import import_sources
    from adapters.records.inspecting import inspect
    from adapters.records.recent import most_recent
    from adapters.records.table import groups
    from adapters.replaying.comparing import compared, on_record
    from adapters.replaying.report import Recent
    from adapters.replaying.running import Here

    assert asked.log is not None
    endings: Sequence[Ending] = most_recent(Path(asked.log), asked.decisions)
    if not endings:
        raise FileNotFoundError
    table = Path(TABLE)
    import_sources(((one.path.name, one.read()) for one in endings), Facts(new.bundle.types), table)
    listed = groups([table])
    sides = [side for side in (old, new) if side is not None]
    logs = [Path(one.path.name) for one in endings]
    report = compared(old, new, on_record(listed, sides, asked.policies, logs), Here())
    found = inspect(listed)
    left_out = dict(found.causes.most_common())
    recent = Recent(asked.decisions, found.rows, found.first, found.last, left_out)
    return msgspec.structs.replace(report, recent=recent)


if __name__ == "__main__":
    sys.exit(main())
