"""The report of a difference, or of a replay: the documents compared, and every policy on record decided anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import msgspec

from adapters.parquet import UnusableFile
from adapters.records.facts import Facts
from adapters.records.importing import Seen, import_lines
from adapters.records.inspecting import inspect
from adapters.records.table import Group, groups, read
from adapters.replaying.in_words import in_words
from adapters.replaying.report import Replayed, Report, replayed
from adapters.replaying.running import replay
from adapters.replaying.versions import Side
from adapters.replaying.work import Job
from rules.documents.types_document import TypeTable

Reached = Callable[[int], None]


IDS_AT_ONCE = 4_000_000
"""Ids that are kept in memory at once, eight bytes each."""


def nobody(_: int) -> None:
    """Hears of progress and says nothing."""


@contextmanager
def tables(logs: Sequence[Path], types: TypeTable) -> Iterator[list[Group]]:
    """The row groups of some logs; lines (`.jsonl`, `.jsonl.gz`) are made a table of for as long as it is needed.

    Raises UnusableFile where a decision stands in more than one: it would be counted with each.
    """
    lines = [path for path in logs if path.suffix != ".parquet"]
    with TemporaryDirectory(prefix="bascule-log-") as folder:
        made = Path(folder) / "lines.parquet"
        if lines:
            import_lines(lines, Facts(types), made)
        listed = [*(path for path in logs if path.suffix == ".parquet"), *([made] if lines else [])]
        found = groups(listed)
        if len(listed) > 1:
            _check_once(found)
        yield found


def _check_once(listed: Sequence[Group]) -> None:
    """Raise UnusableFile where a decision stands twice. The ids are gone through in parts that memory holds."""
    parts = 1 + sum(group.rows for group in listed) // IDS_AT_ONCE
    for part in range(parts):
        seen = Seen()
        for group in listed:
            ids = [one for one in _ids(group) if parts == 1 or crc32(one.encode()) % parts == part]
            if ids and not seen.are_new(ids).all():
                told = f"{group.path.name} has decisions that another log has as well, which would count twice"
                raise UnusableFile(f"{told}: make one table of all with `bascule log import` or `bascule log merge`")


def _ids(group: Group) -> list[str]:
    """The ids of the decisions of a row group that can be decided again."""
    known = read(group, ("decision_id", "cause"), ()).known
    ids: list[str] = known["decision_id"].filter(known["cause"].is_null()).drop_null().to_pylist()
    return ids


def policies_on_record(listed: Sequence[Group]) -> dict[str, int]:
    """The policies that were asked, and how often, the most frequent first."""
    return dict(inspect(listed).policies.most_common())


def on_record(
    listed: Sequence[Group], sides: Sequence[Side], named: Sequence[str] = (), logs: Sequence[Path] = ()
) -> OnRecord:
    """What is decided anew of some row groups: the policies that are named, else all on record that every side has."""
    asked = {} if named else policies_on_record(listed)
    lacking = {name: n for name, n in asked.items() if not all(name in side.bundle.plans for side in sides)}
    return OnRecord(listed, [*named] or [name for name in asked if name not in lacking], logs, lacking)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is decided anew: some policies over some row groups; `logs` and what is left out are told in the report."""

    groups: Sequence[Group]
    policies: Sequence[str]
    logs: Sequence[Path] = ()
    not_compared: Mapping[str, int] = field(default_factory=dict)
    """Policies on record that a side lacks, with how often each was asked."""


def compared(old: Side | None, new: Side, record: OnRecord, executor: Executor, reached: Reached = nobody) -> Report:
    """The report with what is on record. `old` is None for a replay beside the record itself."""
    replays: list[Replayed] = []
    if record.policies:
        job = Job(tuple(record.policies), new.bundle.content, None if old is None else old.bundle.content)
        found = replay(job, record.groups, executor, reached)
        replays = [replayed(name, tally) for name, tally in found.items()]
    logs, left = [str(path) for path in record.logs], dict(record.not_compared)
    return msgspec.structs.replace(in_words(old, new), logs=logs, replays=replays, not_compared=left)
