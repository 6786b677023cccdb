"""What is remembered of a store: where, how it gets onto the disk, and who may write it when."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.publishing.trust import unsigned
from adapters.service import memory as module
from adapters.service.memory import Forgotten, Memory, remembered_at
from engine.published import Halt, Judged, Seen
from tests.adapters.publishing.desk import ONE, TWO
from tests.adapters.service.desk import START

HALT = Halt("h-1", "ann", START, "why")
URL = "redis://store"


def test_it_is_on_the_disk_before_it_takes_the_place_of_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with all of it, then its name, then the folder that has the name."""
    path, steps = tmp_path / "seen.json", list[tuple[bytes | Path, bytes]]()
    memory = Memory(path)
    memory.keep(Seen(5, "sha256:a"))
    before = path.read_bytes()

    def synced(file: int) -> None:
        place = Path(f"/proc/self/fd/{file}").readlink()
        steps.append((place.read_bytes() if place.is_file() else place, path.read_bytes()))

    monkeypatch.setattr("os.fsync", synced)
    memory.keep(Seen(6, "sha256:b"))
    after = path.read_bytes()
    assert steps == [(after, before), (tmp_path, after)]
    assert after != before


def test_a_memory_that_cannot_be_read_is_not_guessed(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "seen.json")
    seen = Seen(5, "sha256:a", HALT)
    memory.keep(seen)
    assert Memory(tmp_path / "seen.json").seen == seen
    for said in (b"", b"{", b'{"revision":"5"}', b'{"revision":5,"digest":"a","more":1}'):
        (tmp_path / "seen.json").write_bytes(said)
        with pytest.raises(Forgotten, match="restore it, or delete it"):
            Memory(tmp_path / "seen.json")


def test_it_is_of_the_store_however_its_url_is_spelt() -> None:
    one = {remembered_at({"HOME": "/h"}, url, ONE) for url in (URL, "redis://u:p@store:6379/0", "rediss://store")}
    assert len(one) == 1
    assert remembered_at({"HOME": "/h"}, "redis://store/1", ONE) not in one
    with pytest.raises(ValueError, match="host:port"):
        remembered_at({}, "redis://", ONE)


def test_it_is_of_the_trust_by_name() -> None:
    """Owners and keys come and go; whoever wants no signatures believes what nobody else should."""
    trusts = (ONE, TWO, replace(ONE, name="paper"), replace(ONE, name="unsigned"), replace(ONE, name=""), unsigned())
    signed, four_eyes, *others = (remembered_at({"HOME": "/h"}, URL, one) for one in trusts)
    assert signed == four_eyes
    assert len({signed, *others}) == 5


@pytest.mark.parametrize(
    ("environment", "folder", "place"),
    [
        ({"HOME": "/h"}, None, "/h/.local/state/bascule"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x"}, None, "/x/bascule"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/s:/t"}, None, "/s"),
        ({"HOME": "/h", "STATE_DIRECTORY": "/s"}, Path("/given"), "/given"),
    ],
)
def test_in_which_folder_it_is(environment: dict[str, str], folder: Path | None, place: str) -> None:
    assert remembered_at(environment, URL, ONE, folder).parent == Path(place)


def test_what_another_has_written_is_judged_by(tmp_path: Path) -> None:
    """A service is faster than a command that has looked at the store before it: what it remembers is not lost."""
    mine, service = Memory(tmp_path / "seen.json"), Memory(tmp_path / "seen.json")
    asked: list[Seen] = []

    def judge(seen: Seen) -> Judged:
        if not asked:
            service.keep(Seen(7, "sha256:b", HALT))
        asked.append(seen)
        return Judged(None, None, replace(seen, revision=max(seen.revision, 6)))

    assert mine.judged(judge).seen == Seen(7, "sha256:b", HALT)
    assert asked == [Seen(), Seen(7, "sha256:b", HALT)]
    assert Memory(tmp_path / "seen.json").seen == Seen(7, "sha256:b", HALT)


def test_what_was_seen_once_is_remembered(tmp_path: Path) -> None:
    Memory(tmp_path / "seen.json").judged(lambda _: Judged(None, None, Seen(6, "sha256:a")))
    assert Memory(tmp_path / "seen.json").seen == Seen(6, "sha256:a")
    before = sorted(tmp_path.iterdir())
    (tmp_path / "seen.lock").unlink()
    Memory(tmp_path / "seen.json").judged(lambda seen: Judged(None, None, seen))
    assert sorted(tmp_path.iterdir()) == [path for path in before if path.suffix != ".lock"], "nothing to write"


def test_nobody_writes_while_another_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.02)
    memory = Memory(tmp_path / "seen.json")
    with (tmp_path / "seen.lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="another process is writing"):
            memory.keep(Seen(6, "sha256:a"))
        with pytest.raises(OSError, match="another process is writing"):
            memory.judged(lambda _: Judged(None, None, Seen(7, "sha256:b")))
        assert Memory(tmp_path / "seen.json").seen == Seen()
    memory.keep(Seen(6, "sha256:a"))
    assert Memory(tmp_path / "seen.json").seen == Seen(6, "sha256:a")
