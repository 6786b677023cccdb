"""What one bundle changes in another, as a report of what is written alone: it needs no log, and no Parquet."""

from __future__ import annotations

from adapters.replaying.report import Report, said
from adapters.replaying.versions import Side
from engine.changes import changes


def in_words(old: Side | None, new: Side) -> Report:
    """The report; without an old side it names the new one only."""
    if old is None:
        return Report(new=new.version)
    return Report(old=old.version, new=new.version, changes=said(changes(old.bundle.plans, new.bundle.plans)))
