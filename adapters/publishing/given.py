"""A statement that was signed elsewhere: whether it is of what is published here and now.

Rules kept here: whoever holds a private key signs far from the service, which only verifies; what they signed must be
of this store, these documents and a revision that comes next, and it is good for a day, so that no signature that was
laid by comes back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from adapters.publishing.candidates import Unpublishable
from adapters.publishing.publication import Prepared
from engine.published import Record, Refusal, Statement, read_record

GOOD_FOR = timedelta(days=1)
_OF_THE_BUNDLE = ("store", "digest", "bundle")
_ASK = "ask `/v1/policies:check` for the statement to sign"


def with_statement(prepared: Prepared, given: Statement) -> Prepared:
    """A publication that says what was signed. Raises `Unpublishable` where that is something else, or too old."""
    ours = prepared.statement
    if prepared.completes is not None and given != ours:
        raise Unpublishable(f"{prepared.completes.told()} says what is signed, and this is another statement: {_ASK}")
    for name in _OF_THE_BUNDLE:
        if getattr(given, name) != getattr(ours, name):
            told = f"`{getattr(given, name)}`, and what is published has `{getattr(ours, name)}`"
            raise Unpublishable(f"the statement's {name} is {told}: {_ASK}")
    _check_readable(given)
    before = prepared.present.record
    lowest = before.revision if before is not None and prepared.present.trusted else 0
    if not lowest < given.revision <= ours.revision:
        told = f"and one from {lowest + 1} to {ours.revision} comes next"
        raise Unpublishable(f"the statement is of revision {given.revision}, {told}: {_ASK}")
    if prepared.completes is None:
        _check_recent(given, prepared.present.reading.at)
    return replace(prepared, statement=given)


def _check_readable(given: Statement) -> None:
    """Raise `Unpublishable` where no reader could read it."""
    fields = Record(given, (), None).fields()
    try:
        read_record({name: text for name, text in fields.items() if text is not None}, given.store)
    except Refusal as refusal:
        raise Unpublishable(f"the statement cannot be read: {refusal.found}") from None
    except ValueError:  # half of a surrogate pair
        raise Unpublishable("the statement holds what is no text in UTF-8: write it otherwise") from None


def _check_recent(given: Statement, at: datetime) -> None:
    made = datetime.fromisoformat(given.published_at)
    if not at - GOOD_FOR <= made <= at:
        told = f"it is {at.isoformat(timespec='seconds')} by the store's clock, and a statement is good for a day"
        raise Unpublishable(f"the statement was made at {given.published_at}; {told}: {_ASK}")
    if given.valid_until is not None and datetime.fromisoformat(given.valid_until) <= at:
        raise Unpublishable(f"the statement was valid until {given.valid_until}: {_ASK}")
