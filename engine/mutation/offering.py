"""The cases that a run offers for what survived: each once, under an id that nothing else of its suite has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from engine.mutation.cases import Telling
from rules.suites import Suite


class Offering:
    """The cases of a run so far. Judges know nothing of each other, so ids are given where all cases come together."""

    def __init__(self, suites: Iterable[Suite]) -> None:
        self._taken = {one.name: {case.id.partition("/")[0] for case in one.cases} for one in suites}
        """The ids of each suite; those of a sweep are followed by what it leaves out."""
        self._ids: dict[tuple[str, str], str] = {}
        """By suite and what the case says."""

    def offered(self, found: Telling) -> tuple[str, str | None]:
        """The id of a case, and the case as it is to be pasted; None where it was offered already."""
        says = (found.suite, found.body)
        if says in self._ids:
            return self._ids[says], None
        taken = self._taken.setdefault(found.suite, set())
        named = (found.name if at == 1 else f"{found.name}-{at}" for at in count(1))
        self._ids[says] = next(name for name in named if name not in taken)
        taken.add(self._ids[says])
        return self._ids[says], found.under(self._ids[says])
