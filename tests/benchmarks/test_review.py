"""The comparison on `docs/review.md` is held against a recount, and what is wrong on the page is found and named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("matplotlib")

from adapters.replaying.report import Replayed
from benchmarks.replaying import review
from benchmarks.replaying.made_log import write
from benchmarks.replaying.recount import recounted
from benchmarks.replaying.review_page import END, START
from tests.engine.shipped import HISTORY, bundle

DECISIONS = 1_500


@pytest.fixture(scope="module")
def trades(shared_data: Path) -> Path:
    if not (shared_data / "replay_mit").is_dir():
        pytest.skip(f"no recorded trades in {shared_data}: set BASCULE_DATA to the folder that holds `replay_mit`")
    return shared_data


@pytest.fixture(scope="module")
def made(trades: Path) -> review.Made:
    """The comparison of fewer decisions than the page has."""
    return review.made(DECISIONS, trades)


@pytest.fixture
def page(made: review.Made, tmp_path: Path) -> Path:
    """A page as it is written, between what people wrote."""
    found = tmp_path / "review.md"
    found.write_text(f"# A page\n\n{START}{END}\nmore\n", encoding="utf-8")
    review.put(made, found)
    return found


def test_the_recount_agrees_and_the_page_is_as_it_was_made(made: review.Made, page: Path) -> None:
    assert made.faults == []
    assert review.checked(made, page) == ([], [])
    text = page.read_text("utf-8")
    assert text.startswith(f"# A page\n\n{START}<!-- written by")
    assert text.endswith(f"{END}\nmore\n")
    assert set(re.findall(r"\(pictures/(\S+)\)", text)) == made.pictures.keys()
    assert f"{DECISIONS:,} decisions were made up" in text


def another_figure(page: Path) -> None:
    text = page.read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| 2021-02 |"))
    cells = row.split(" | ")
    page.write_text(text.replace(row, " | ".join([cells[0], str(int(cells[1]) + 1), *cells[2:]]), 1), "utf-8")


def another_word(page: Path) -> None:
    page.write_text(page.read_text("utf-8").replace("none differs", "few differ", 1), "utf-8")


def another_picture(page: Path) -> None:
    file = page.parent / "pictures" / "entry-over-time.svg"
    file.write_text(file.read_text("utf-8").replace("decisions", "decision", 1), "utf-8")


def a_picture_less(page: Path) -> None:
    (page.parent / "pictures" / "allocation-by-symbol.svg").unlink()


def a_picture_more(page: Path) -> None:
    (page.parent / "pictures" / "older.svg").write_text("<svg/>", "utf-8")


def no_markers(page: Path) -> None:
    page.write_text(page.read_text("utf-8").replace(END, ""), "utf-8")


PLANTED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a figure": (another_figure, "review.md says: | 2021-02 |"),
    "a word": (another_word, "few differ"),
    "a picture": (another_picture, "pictures/entry-over-time.svg: is another picture"),
    "a picture that is missing": (a_picture_less, "pictures/allocation-by-symbol.svg: is not there"),
    "a picture that nothing draws": (a_picture_more, "pictures/older.svg: nothing draws it"),
    "no markers": (no_markers, "the page lacks its markers"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_wrong_on_a_page_is_named(
    name: str, made: review.Made, trades: Path, page: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    plant, told = PLANTED[name]
    monkeypatch.setattr(review, "PAGE", page)
    monkeypatch.setattr(review, "made", lambda *_: made)
    monkeypatch.setattr("sys.argv", ["review", "--check"])
    monkeypatch.setenv("BASCULE_DATA", str(trades))
    assert review.main() == 0
    plant(page)
    assert review.main() == 1
    assert told in capsys.readouterr().err


def test_pictures_of_another_version_are_not_compared(made: review.Made, page: Path) -> None:
    text = page.read_text("utf-8")
    page.write_text(re.sub(r"matplotlib \S+ -->", "matplotlib 1.5 -->", text), "utf-8")
    another_picture(page)
    faults, notes = review.checked(made, page)
    assert faults == []
    assert [note.partition(":")[0] for note in notes] == ["pictures were not compared"]


def test_nothing_is_written_where_the_recount_disagrees(
    made: review.Made, trades: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = page.read_text("utf-8")
    monkeypatch.setattr(review, "PAGE", page)
    monkeypatch.setattr(review, "made", lambda *_: replace(made, text="other", faults=["they disagree"]))
    monkeypatch.setattr("sys.argv", ["review", "--write"])
    monkeypatch.setenv("BASCULE_DATA", str(trades))
    assert review.main() == 1
    assert page.read_text("utf-8") == before


def test_a_recount_notices_every_kind_of_number(trades: Path, tmp_path: Path) -> None:
    """A number changed anywhere in a report is a difference; and an oracle of other policies disagrees."""
    log, old, new = tmp_path / "log.parquet", bundle(HISTORY), bundle()
    write(log, 300, trades, old, new)
    counted = recounted(log, old, new)
    assert counted.disagreements == []
    assert review.differences(counted.replays, counted.replays)[1] == []
    told = msgspec.to_builtins(counted.replays)
    places = [*numbers(told, ())]
    assert len(places) == review.differences(counted.replays, counted.replays)[0]
    for place in places[:: len(places) // 40]:
        wrong = msgspec.convert(with_one_more(told, place), list[Replayed])
        assert len(review.differences(wrong, counted.replays)[1]) == 1, place
    assert recounted(log, new, new).disagreements


def numbers(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The places of the numbers in a value of JSON."""
    match value:
        case dict():
            for name, one in value.items():
                yield from numbers(one, (*place, name))
        case list() | tuple():
            for at, one in enumerate(value):
                yield from numbers(one, (*place, at))
        case int() | float():
            yield place


def with_one_more(value: Any, place: tuple[Any, ...]) -> Any:
    """A value with the number at a place one higher."""
    if not place:
        return value + 1
    first, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[first] = with_one_more(value[first], tuple(rest))
    return copy
