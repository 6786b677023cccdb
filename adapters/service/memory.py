"""What a service remembers of its store across restarts: a small file, written before what it says is obeyed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.published import Halt, Seen


class Forgotten(Exception):
    """The file is there and cannot be read; says which, and what to do."""


class _File(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    revision: int
    digest: str
    halt: Halt | None = None


def remembered_at(environment: Mapping[str, str], url: str, folder: Path | None = None) -> Path:
    """The file that remembers a store: in a folder that is given, the service manager's, or the user's own."""
    given = folder or environment.get("STATE_DIRECTORY", "").partition(":")[0]
    home = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".local" / "state"
    return Path(given or Path(home) / "bascule") / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


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
        if seen == self._kept:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
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
