"""What one bundle changes in another, as a report of what is written alone: it needs no log, and no Parquet."""

from __future__ import annotations

from typing import Any

from adapters.replaying.report import Report, said
from adapters.replaying.versions import Side
from engine.changes import changes
from engine.values import values
from rules.canonical import read_bytes
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml


def in_words(old: Side | None, new: Side) -> Report:
    """The report; without an old side it names the new one only."""
    if old is None:
        return Report(new=new.version)
    told = changes(old.bundle.plans, new.bundle.plans)
    more = values(_documents(old), _documents(new), told)
    return Report(old=old.version, new=new.version, changes=said(sorted((*told, *more), key=lambda one: one.policy)))


def _documents(of: Side) -> dict[str, Any]:
    """The documents of a bundle as plain values."""
    roots = {
        name: read_yaml(name, text.encode()).root for name, text in read_bytes(of.bundle.content).documents.items()
    }
    return {name: plain(root) for name, root in roots.items() if root is not None}
