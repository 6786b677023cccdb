"""A publication as JSON tells it, on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.publishing.publication import Prepared, Published
from engine.published import Statement


def statement_json(statement: Statement) -> dict[str, object]:
    """Everything that is signed."""
    return {name: getattr(statement, name) for name in statement.__slots__}


def publication_json(prepared: Prepared, published: Published | None, notices: Sequence[str] = ()) -> dict[str, object]:
    """What was written, or would be; without what changes in the documents. `notices` are told with the others."""
    record = prepared.present.record
    refusal = published.refusal if published is not None and not published.prepared.proposes else None
    step = "dry-run" if published is None else "proposed" if published.prepared.proposes else "published"
    return {
        "step": step,
        "change": prepared.change,
        **statement_json(prepared.statement),
        "signatures": [{"by": one.by, "key": one.key} for one in (published.signatures if published else ())],
        "universe": prepared.universe,
        "before": None if record is None else {"revision": record.revision, "digest": record.digest},
        "notices": [*prepared.notices, *notices, *(published.late if published is not None else ())],
        "refusal": None if refusal is None else {"cause": refusal.cause, "found": refusal.found},
    }
