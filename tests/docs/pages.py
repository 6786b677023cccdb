"""Pages followed word for word: their commands run, in order, in a copy of what a reader has; their output compared.

A `sh` block is commands; the `text` block under it is what the last of them prints (`…` stands for lines left out). A
`diff FILE` block is an edit that the reader makes, a `python` block runs after those above it and prints, a `console`
block shows what goes on until it is ended. Each section (`##`) starts with the files as they come.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters.cli.main import cli
from tests.docs.fences import Block, blocks

COPIED = ("policies", "examples")
_LEFT_OUT = "…"
_DRIFTING = (
    (re.compile(r"\b[0-9][0-9,]* ms\b"), "# ms"),
    (re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{0,52}"), r"\1"),
    (re.compile(r'"decision_id": ?"[^"]*"'), '"decision_id": #'),
    (re.compile(r'"decided_at": ?"[^"]*"'), '"decided_at": #'),
    (re.compile(r"\brevision [0-9]{13}\b"), "revision #"),
    (re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}\+00:00"), "#"),
)
"""What changes from run to run, and digests as long as a page shows them. Whatever else a page shows must be so."""


_SESSION = """
import contextlib, io, sys
names = {}
for text in sys.argv[1:-1]:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(text, names)
exec(sys.argv[-1], names)
"""


def _parse(block: Block) -> None:
    """Commands that go on until they are ended are not run; their options are those that there are."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ bascule "):
            name, *arguments = shlex.split(line.removeprefix("$ bascule "))
            cli.commands[name].make_context(name, arguments).close()


@dataclass
class Reader:
    """Who follows a page: the folder they work in, and what the last command printed."""

    root: Path
    folder: Path
    printed: str = ""
    section: str = ""
    followed: int = 0
    typed: list[str] = field(default_factory=list)
    """The Python of the page so far, as in one session."""

    def read(self, page: Path) -> None:
        """Follow a page from its first block to its last."""
        for block in blocks(page):
            if block.section != self.section or not self.followed:
                self._start_afresh(block.section)
            self._follow(block)
            self.followed += 1

    def _start_afresh(self, section: str) -> None:
        self.section = section
        for name in COPIED:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(self.root / name, self.folder / name)

    def _follow(self, block: Block) -> None:
        match block.words:
            case ("sh",):
                self._commands(block)
            case ("python",):
                self.printed = self._run([sys.executable, "-c", _SESSION, *self.typed, block.text], {}, 0, str(block))
                self.typed.append(block.text)
            case ("text",) if block.after is not None and block.after.words[0] in ("sh", "python"):
                compare(block, self.printed)
            case ("diff", name):
                self._edit(block, self.folder / name)
            case ("yaml" | "json", name):
                assert block.text in (self.folder / name).read_text("utf-8"), f"{block} is not in {name}"
            case ("text", "diagram"):
                pass
            case ("console",):
                _parse(block)
            case _:
                raise AssertionError(f"{block}: nothing says what to do with this block")

    def _commands(self, block: Block) -> None:
        *first, last = block.text.splitlines()
        for line in first:
            self.printed = self._command(line, 0, str(block))
        self.printed = self._command(last, int(block.options.get("exit", "0")), str(block))

    def _command(self, line: str, wanted: int, place: str) -> str:
        words = shlex.split(line)
        settings = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        program, *arguments = words[len(settings) :]
        match program, arguments:
            case ("bascule" | ".venv/bin/bascule", _):
                return self._run([sys.executable, "-m", "adapters.cli", *arguments], settings, wanted, place)
            case "make", [target]:
                assert f"\n{target}:" in (self.root / "Makefile").read_text("utf-8"), f"{place}: no target {target}"
            case "python", ["-m", module, *_]:
                assert (self.root / f"{module.replace('.', '/')}.py").is_file(), f"{place}: no module {module}"
            case "python", [script, *_]:
                assert (self.root / script).is_file(), f"{place}: no script {script}"
            case "source", [".venv/bin/activate"]:
                pass
            case _:
                raise AssertionError(f"{place}: nothing knows how to run `{line}`")
        return ""

    def _run(self, command: list[str], settings: dict[str, str], wanted: int, place: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("POLICY_", "COLUMNS"))}
        environment = kept | {"PYTHONPATH": str(self.root), "NO_COLOR": "1", "PYTHONUTF8": "1"} | settings
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == wanted, f"{place}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def _edit(self, block: Block, path: Path) -> None:
        """Replace the lines that start with `-` by those with `+`; a line may be given by its beginning.

        Without a `-`, the lines with `+` go behind the one line above them; below lines that stay, `-` and `+` are of
        the place where these stand.
        """
        text = path.read_text("utf-8")
        if not re.search(r"^-", block.text, re.MULTILINE):
            path.write_text(with_lines(block, text), encoding="utf-8")
            return
        if block.text.startswith(" "):
            path.write_text(with_places(block, text), encoding="utf-8")
            return
        old = [line[1:] for line in block.text.splitlines() if line.startswith("-")]
        new = [line[1:] for line in block.text.splitlines() if line.startswith("+")]
        assert len(old) == len(new) > 0, f"{block}: as many lines go as come"
        for before, after in zip(old, new, strict=True):
            assert text.count(before) == 1, f"{block}: `{before}` stands {text.count(before)} times in {path.name}"
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")


def with_lines(block: Block, text: str) -> str:
    """A text with the lines of a block behind the line that the block begins with."""
    above, *added = block.text.splitlines()
    lines = text.splitlines()
    found = [number for number, line in enumerate(lines) if line.startswith(above[1:])]
    assert len(found) == 1, f"{block}: `{above[1:]}` stands {len(found)} times"
    assert all(line.startswith("+") for line in added), f"{block}: what is added starts with `+`"
    lines[found[0] + 1 : found[0] + 1] = [line[1:] for line in added]
    return "\n".join(lines) + "\n"


def with_places(block: Block, text: str) -> str:
    """A text with the lines of a block in the places that its lines without `-` and `+` show, each of them one."""
    for place in re.findall(r"(?:^ .*\n)+(?:^-.*\n)+(?:^\+.*\n)+", block.text, re.MULTILINE):
        lines = place.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        assert text.count(before) == 1, f"{block}: stands {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text


def compare(block: Block, printed: str) -> None:
    """Whether what a page shows is what was printed, but for what drifts and what `…` leaves out."""
    found = [*steady(printed)]
    at, skipping = 0, False
    for wanted in steady(block.text):
        if wanted == _LEFT_OUT:
            skipping = True
            continue
        here = found[at:].index(wanted) if skipping and wanted in found[at:] else 0
        at += here
        assert found[at : at + 1] == [wanted], f"{block}: shows\n{wanted}\nand not\n{found[at : at + 1]}\nof\n{printed}"
        at, skipping = at + 1, False
    assert skipping or at == len(found), f"{block}: leaves out\n" + "\n".join(found[at:])


def steady(text: str) -> Iterator[str]:
    """The lines of a text without what drifts."""
    for pattern, instead in _DRIFTING:
        text = pattern.sub(instead, text)
    yield from (line.rstrip() for line in text.rstrip("\n").splitlines())
