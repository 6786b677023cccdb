"""What a service remembers of its store across restarts: a small file, written before what it says is obeyed.

Rules kept here: the file is of the store and of the trust, not of the spelling of a URL, so that a password that is
changed forgets nothing and whoever wants no signatures writes nothing that another believes; several may write it, one
at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from adapters.stores.urls import identity
from engine.published import Halt, Judged, Seen, Trust

PATIENCE_S = 1.0
"""How long a command waits for another that writes."""
PAUSE_S = 0.005
"""Between two looks at the lock."""


class Forgotten(Exception):
    """The file is there and cannot be read; says which, and what to do."""


class _File(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    revision: int
    digest: str
    halt: Halt | None = None


def remembered_at(environment: Mapping[str, str], url: str, trust: Trust, folder: Path | None = None) -> Path:
    """The file that remembers a store under a trust: in a folder that is given, the service manager's, or the user's.

    Raises ValueError for a URL that says no store.
    """
    given = folder or environment.get("STATE_DIRECTORY", "").partition(":")[0]
    home = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".local" / "state"
    whose = ("signed", trust.name) if trust.wanted else ("unsigned",)
    key = hashlib.sha256(msgspec.json.encode((identity(url), whose))).hexdigest()[:16]
    return Path(given or Path(home) / "bascule") / f"{key}.json"


class Memory:
    """The memory of one store. Raises `Forgotten` for a file that cannot be read: guessing could go back in time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seen = self._kept = self._read()

    def keep(self, seen: Seen) -> None:
        """Remember; it is on the disk when this returns.

        Raises OSError; then it is remembered as long as this process is there, and written with what comes next.
        """
        self.seen = seen
        if seen != self._kept:
            with self._alone(0.0):  # the next look is soon, and who follows a store waits for nobody
                self._write(seen)

    def judged(self, judge: Callable[[Seen], Judged]) -> Judged:
        """What a judgement by what is remembered comes to, which is then remembered; nobody else writes in between.

        For who looks once, beside a service that follows the same store. Raises OSError, and `Forgotten`.
        """
        found = judge(self.seen)
        if found.seen == self._kept:
            return found
        with self._alone(PATIENCE_S):
            self._kept = self._read()
            found = judge(self._kept)
            self.seen = found.seen
            if found.seen != self._kept:
                self._write(found.seen)
        return found

    @contextmanager
    def _alone(self, patience_s: float) -> Iterator[None]:
        """As the only one who writes. Raises OSError where another writes for longer."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + patience_s
        with self._path.with_suffix(".lock").open("ab") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise OSError(f"another process is writing `{self._path}`") from None
                    time.sleep(PAUSE_S)
            yield  # closing the file lets go of the lock

    def _write(self, seen: Seen) -> None:
        beside = self._path.with_suffix(f".{os.getpid()}")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(_File(seen.revision, seen.digest, seen.halt)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._kept = seen

    def _read(self) -> Seen:
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return Seen()
        except (OSError, msgspec.MsgspecError) as error:
            raise Forgotten(
                f"`{self._path}` says which revision was obeyed last and cannot be read ({error}): "
                "restore it, or delete it after making sure that the store holds the latest policy"
            ) from error
        return Seen(found.revision, found.digest, found.halt)
