"""The report of a difference, or of a replay: the documents compared, and every policy on record decided anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.records.facts import Facts
from adapters.records.importing import import_lines
from adapters.records.inspecting import inspect
from adapters.records.table import Group, groups
from adapters.replaying.report import Replayed, Report, replayed, said
from adapters.replaying.running import replay
from adapters.replaying.versions import Side
from adapters.replaying.work import Job
from engine.changes import changes
from rules.documents.types_document import TypeTable

Reached = Callable[[int], None]


def nobody(_: int) -> None:
    """Hears of progress and says nothing."""


@contextmanager
def tables(logs: Sequence[Path], types: TypeTable) -> Iterator[list[Group]]:
    """The row groups of some logs; lines (`.jsonl`, `.jsonl.gz`) are made a table of for as long as it is needed."""
    lines = [path for path in logs if path.suffix != ".parquet"]
    with TemporaryDirectory(prefix="bascule-log-") as folder:
        made = Path(folder) / "lines.parquet"
        if lines:
            import_lines(lines, Facts(types), made)
        yield groups([*(path for path in logs if path.suffix == ".parquet"), *([made] if lines else [])])


def policies_on_record(listed: Sequence[Group], sides: Sequence[Side]) -> list[str]:
    """The policies that were asked and that every side has, the most frequent first."""
    asked = inspect(listed).policies
    return [name for name, _ in asked.most_common() if all(name in side.bundle.plans for side in sides)]


def compared(
    old: Side | None,
    new: Side,
    listed: Sequence[Group],
    policies: Sequence[str],
    executor: Executor | None,
    logs: Sequence[Path] = (),
    reached: Reached = nobody,
) -> Report:
    """The report. `old` is None for a replay beside the record; without an `executor` nothing is decided anew."""
    rows, replays = sum(group.rows for group in listed), list[Replayed]()
    for number, name in enumerate(policies if executor is not None else ()):
        assert executor is not None
        job = Job(name, new.bundle.content, None if old is None else old.bundle.content)
        replays.append(replayed(name, replay(job, listed, executor, _after(number * rows, reached))))
    return Report(
        old=None if old is None else old.version,
        new=new.version,
        logs=[str(path) for path in logs],
        changes=[] if old is None else said(changes(old.bundle.plans, new.bundle.plans)),
        replays=replays,
    )


def _after(before: int, reached: Reached) -> Reached:
    return lambda rows: reached(before + rows)
