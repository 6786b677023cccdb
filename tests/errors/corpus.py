"""The corpus of wrong documents: what each case is, how it is laid out on the disk, and what must be said of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BASE = HERE / "_base"
ROOT = HERE.parents[1]
_CARET = re.compile(r"#(?: *(\^)|(?: @(\d+))) (.+)")
_SAID = re.compile(r"([a-z-]+): (.*?)(?: => (.*?))?(?: \(see (.*)\))?")
_KIND = re.compile(rb"^kind: (Types|Bundle)\b", re.MULTILINE)


@dataclass(frozen=True)
class Expected:
    """One diagnostic that must come out."""

    file: str
    line: int
    column: int
    code: str
    message: str
    remedy: str
    seen: str


@dataclass(frozen=True)
class Case:
    """One wrong document, or one wrong bundle."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(HERE).as_posix()

    def lay_out(self, folder: Path) -> list[Expected]:
        """Write the bundle of the case into a folder that does not exist; gives what must be said of it."""
        if self.path.is_dir():
            shutil.copytree(self.path, folder)
            return sorted(_of_folder(self.path), key=_place)
        if self.path.suffix == ".edit":
            return sorted(_edit(self.path, folder), key=_place)
        shutil.copytree(BASE, folder)
        raw = self.path.read_bytes()
        kind = _KIND.search(raw)
        file = "case.yaml" if kind is None else f"{kind[1].decode().lower()}.yaml"
        (folder / file).write_bytes(raw)
        beside = self.path.with_name(self.path.name + ".expected")
        said = _listed(beside, file) if beside.exists() else _inside(file, raw.decode().split("\n"))
        return sorted(said, key=_place)


def _place(expected: Expected) -> tuple[str, int, int, str]:
    return (expected.file, expected.line, expected.column, expected.code)


def cases() -> list[Case]:
    """Every case, by name."""
    found = [
        Case(path)
        for group in HERE.iterdir()
        if group.is_dir() and not group.name.startswith("_")
        for path in group.iterdir()
        if path.suffix != ".expected"
    ]
    return sorted(found, key=lambda case: case.name)


def _said(file: str, line: int, column: int, text: str) -> Expected:
    match = _SAID.fullmatch(text)
    assert match is not None, f"{file}:{line}: no expectation: {text}"
    code, message, remedy, seen = match.groups()
    return Expected(file, line, column, code, message, remedy or "", seen or "")


def _inside(file: str, lines: list[str]) -> Iterator[Expected]:
    spoken_of = 0
    for number, line in enumerate(lines, start=1):
        match = _CARET.fullmatch(line)
        if match is None:
            spoken_of = number
        else:
            yield _said(file, spoken_of, int(match[2]) if match[2] else match.start(1) + 1, match[3])


def _listed(path: Path, file: str = "") -> Iterator[Expected]:
    for line in path.read_text("utf-8").splitlines():
        place, _, text = line.partition(" ")
        *named, row, column = place.split(":")
        yield _said(named[0] if named else file, int(row), int(column), text)


def _of_folder(folder: Path) -> Iterator[Expected]:
    for path in sorted(folder.rglob("*.yaml")):
        yield from _inside(path.relative_to(folder).as_posix(), path.read_text("utf-8").split("\n"))
    if (folder / "expected").exists():
        yield from _listed(folder / "expected")


def copied(folder: Path, *names: str) -> None:
    """A bundle of some of the shipped policies, which ask no others, with types, libraries and their suites."""
    (folder / "suites").mkdir(parents=True)
    shutil.copytree(ROOT / "policies" / "lib", folder / "lib")
    for name in ("bundle", "types", *names):
        shutil.copy(ROOT / "policies" / f"{name}.yaml", folder)
    manifest = folder / "bundle.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace(', "invariants/*.yaml"', ""), encoding="utf-8")
    for name in names:
        shutil.copy(ROOT / "policies" / "suites" / f"{name}.yaml", folder / "suites")


def _edit(path: Path, folder: Path) -> Iterator[Expected]:
    """Two of the shipped policies with one slip in them."""
    copied(folder, "entry", "allocation")
    file, *lines = path.read_text("utf-8").rstrip("\n").split("\n")
    old = "\n".join(line[1:] for line in lines if line.startswith("-"))
    new = "\n".join(line[1:] for line in lines if line.startswith("+"))
    target = folder / Path(file).relative_to("policies")
    text = target.read_text("utf-8")
    assert f"{old}\n" in text, f"{path.name}: {file} has no such line any more: {old}"
    target.write_text(text.replace(f"{old}\n", f"{new}\n", 1), encoding="utf-8")
    line = text[: text.index(f"{old}\n")].count("\n")
    name = target.relative_to(folder).as_posix()
    for mark, rest in ((each[:1], each[1:]) for each in lines):
        line += mark == "+"
        if mark == "#":
            yield _said(name, line, rest.index("^") + 1, rest[rest.index("^") + 2 :])
