"""The two sides of a difference: bundles by the names that people have for them.

| name | is |
|---|---|
| `policies` | the bundle of a folder, an overlay with what it is laid over |
| `main:policies`, `v1.2:desk/policies` | that of a folder as a git revision has it |
| `live`, `1795287047180`, `sha256:6386e4adb94e` | what a store has in force, or had under a revision or a digest |

Rules kept here: nothing that lies in the folder of the command stands in for a revision or a store, since whoever
proposes a change puts there what they like; `./live` and `./main:policies` are folders of those names.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.publishing.candidates import Unpublishable, kept, live
from adapters.replaying.report import Version
from adapters.stores.urls import open_store
from engine.faults import quoted
from engine.published import Trust
from rules.bundle import Bundle, load, read_content
from rules.canonical import NoContent
from rules.diagnostics import Refused, did_you_mean

LIVE = "live"
_AT_STORE = re.compile(r"live|[0-9]{6,}|sha256:[0-9a-f]{8,64}")
GIT_PATIENCE_S = 60.0


class NoSuchVersion(Exception):
    """A name that no bundle can be found by; says what was looked for."""


class NoSuchPolicy(Exception):
    """A policy that one of the sides does not have; says which, and its place among those that were named."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Side:
    """A bundle, and how it was named."""

    given: str
    bundle: Bundle

    @property
    def version(self) -> Version:
        """What a report says of it."""
        return Version(self.given, self.bundle.name, self.bundle.version, self.bundle.digest)


@dataclass(frozen=True, slots=True)
class AtStore:
    """A store to look in, and whose signatures count there."""

    url: str
    trust: Trust
    environment: Mapping[str, str]


def check_policies(names: Sequence[str], sides: Sequence[Side]) -> None:
    """Raise `NoSuchPolicy` for a name that is no policy of every side."""
    for place, name in enumerate(names):
        for side in sides:
            if name not in side.bundle.plans:
                near = did_you_mean(name, side.bundle.plans)
                hint = f": did you mean `{near}`?" if near else ""
                raise NoSuchPolicy(f"there is no policy {quoted(name)} in `{side.given}`{hint}", place)


def side(given: str, store: AtStore | None) -> Side:
    """The bundle of a name. Raises `NoSuchVersion`, `Refused` for one that does not check, and as loading does."""
    if _AT_STORE.fullmatch(given):
        if store is None:
            raise NoSuchVersion(f"`{given}` is looked for in a store: give `--store URL`; a folder is `./{given}`")
        return Side(given, asyncio.run(_at_store(given, store)))
    revision, colon, path = given.partition(":")
    if colon and not given.startswith(("/", ".")):
        return Side(given, _of_git(revision, path))
    return Side(given, _of_folder(Path(given)))


def _of_folder(folder: Path) -> Bundle:
    checked = load(folder, with_suites=False)
    if checked.bundle is None:
        raise Refused(checked.diagnostics)
    return of_content(checked.bundle.content)


def of_content(content: bytes) -> Bundle:
    """A bundle in the one form of a store, in which two that say the same are the same. Raises as reading it does."""
    checked = read_content(content)
    if checked.bundle is None:
        raise Refused(checked.diagnostics)
    return checked.bundle


def _of_git(revision: str, path: str) -> Bundle:
    """The bundle of a folder of the repository that this is run in, as a revision has it."""
    if revision.startswith("-"):
        raise NoSuchVersion(f"`{revision}` is an option of git, not a revision")
    if not revision.strip():
        raise NoSuchVersion(f"`{revision}:{path}` names no revision: write `main:{path}`, or `./…` for a folder")
    top = Path(_git("rev-parse", "--show-toplevel").decode().removesuffix("\n"))
    inside = os.path.relpath(os.path.abspath(path), top)  # noqa: PTH100 -- by its name: links here are not those there
    if not _asked("rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}").stdout:
        raise NoSuchVersion(
            f"git has no revision `{revision}` here: fetch it where this is a shallow clone or it is a remote's; "
            "a folder with a colon in its name is written `./…`"
        )
    tree = _git("-C", str(top), "archive", "--format=tar", f"{revision}^{{tree}}")
    with tempfile.TemporaryDirectory(prefix="bascule-git-") as folder:
        with tarfile.open(fileobj=io.BytesIO(tree)) as tar:
            tar.extractall(folder, filter=_kept)  # noqa: S202 -- it refuses what `data` does
        found = Path(folder, inside).resolve()
        if not (found.is_relative_to(Path(folder).resolve()) and found.is_dir()):
            raise NoSuchVersion(f"revision `{revision}` has no folder `{path}`")
        return _of_folder(found)


def _kept(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """A file of a revision as it is written down; none for a link that leads out of the revision."""
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None


def _asked(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=GIT_PATIENCE_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSuchVersion(f"git cannot be asked: {error}") from None


def _git(*arguments: str) -> bytes:
    done = _asked(*arguments)
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise NoSuchVersion(f"git says: {told}; a folder with a colon in its name is written `./…`")
    return done.stdout


async def _at_store(given: str, at: AtStore) -> Bundle:
    store = open_store(at.url, at.environment)
    try:
        found = await live(store, at.trust) if given == LIVE else await kept(store, at.trust, given)
    except Unpublishable as fault:
        raise NoSuchVersion(str(fault)) from None
    finally:
        await store.aclose()
    if found is None:
        raise NoSuchVersion("the store has nothing in force")
    try:
        return of_content(found[1])
    except NoContent as fault:
        raise NoSuchVersion(f"the bundle of `{given}` cannot be read: {fault}") from None
