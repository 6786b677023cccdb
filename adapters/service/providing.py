"""Which bundle a worker is sent next, by what it has said that it has: the bundle in force first, then one that comes.

A worker holds the bundle that it decides with and one more, which gives way as soon as another is begun. So nothing is
begun while the worker lacks the bundle in force, or has it and does not obey it yet: it would be what gives way.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Provision:
    """What one worker holds, as far as it has said so: digests, empty where there is none."""

    obeys: str = ""
    loaded: str = ""
    sending: str = ""

    def next(self, wanted: str, coming: str) -> str:
        """The bundle to begin with now; empty where there is none, or where that is under way.

        `wanted` is the bundle in force, empty where nothing is to be decided with it; `coming` one that is announced.
        """
        if wanted and wanted not in (self.obeys, self.loaded):
            return wanted if self.sending != wanted else ""
        if self.sending or (wanted and self.obeys != wanted) or coming in (self.obeys, self.loaded):
            return ""
        return coming

    def begun(self, digest: str) -> None:
        """A bundle is sent: what the worker had besides the one it obeys gives way."""
        self.sending = digest
        if self.loaded != self.obeys:
            self.loaded = ""

    def has(self, digest: str) -> None:
        """The worker has loaded a bundle. What it says of one that was given up is too late."""
        if self.sending == digest:
            self.sending, self.loaded = "", digest

    def lacks(self, digest: str) -> None:
        """The worker could not load a bundle: it may be begun again."""
        if self.sending == digest:
            self.sending = ""

    def decides_with(self, digest: str) -> None:
        """The worker obeys a bundle from now on."""
        self.obeys = digest
