"""What commands print: results on standard output, everything else on standard error, colour only on a terminal.

Rules kept here: JSON is UTF-8 whatever the locale; text from inputs or policies never steers the terminal; marks fall
back to ASCII where the stream cannot say them.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock, Timer
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import click

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

PIPE_WIDTH = 100
NARROWEST = 40
PATIENCE_S = 1.0
"""Nothing is said of progress before this."""
EVERY_S = 0.1

_MARKS: Mapping[str, tuple[str, str]] = {
    "applied": ("\u2713", "+"),
    "passed-over": ("\u2717", "x"),
    "untried": ("\u2013", "-"),
    "failed": ("!", "!"),
    "leads": ("\u2192", "->"),
    "names": ("\u2190", "<-"),
}

Row: TypeAlias = tuple[str, str]


def colour_forbidden(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment asks for no colour (https://no-color.org, or a terminal that has none)."""
    return bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"


def say(text: str = "") -> None:
    """A line of the result, on standard output."""
    with _below():
        click.echo(text, color=_colour())


def note(text: str) -> None:
    """A line about the work, on standard error."""
    with _below():
        click.echo(text, err=True, color=_colour())


def _colour() -> bool | None:
    """False where no colour is wanted, also outside any command; else as the stream is."""
    return False if colour_forbidden() else None


def say_json(value: object) -> None:
    """A value as one line of JSON on standard output; bytes are JSON already."""
    import msgspec

    with _below():
        click.echo(value if isinstance(value, bytes) else msgspec.json.encode(value))


def asks() -> bool:
    """Whether somebody sits there who can be asked: a terminal for the answer, and one for the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def mark(name: str) -> str:
    """A mark by its name, as the stream can write it."""
    mark_, plain = _MARKS[name]
    return mark_ if _writes(mark_) else plain


def _writes(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def width() -> int:
    """How many columns a line may have: the terminal's, or 100 in a pipe."""
    return max(NARROWEST, shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)


def printable(text: object) -> str:
    """Text with its control characters shown escaped, so that what was sent cannot steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


def wrapped(text: str, indent: int, first: str = "") -> list[str]:
    """Text folded at spaces into lines of the width, indented; `first` stands in the indentation of the first line."""
    room = max(NARROWEST // 2, width() - indent)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    out = [first.ljust(indent) + lines[0]]
    return [line.rstrip() for line in [*out, *(" " * indent + line for line in lines[1:])]]


def wrapped_items(items: Iterable[str], indent: int) -> list[str]:
    """Items with commas between them, folded after a comma where every item has room on a line."""
    listed = list(items)
    if any(len(item) >= width() - indent for item in listed):
        return wrapped(", ".join(listed), indent)
    together = "\0"  # in no printable text
    lines = wrapped(", ".join(item.replace(" ", together) for item in listed), indent)
    return [line.replace(together, " ") for line in lines]


def table(rows: Iterable[Row], indent: int = 0) -> list[str]:
    """Two columns, aligned; the second is folded under itself."""
    listed = list(rows)
    column = max((len(name) for name, _ in listed), default=0) + 2 + indent
    return [line for name, text in listed for line in wrapped(text, column, " " * indent + name)]


def heading(text: str) -> str:
    """A heading: bold on a terminal."""
    return click.style(text, bold=True)


def examples(*lines: str) -> str:
    """The epilog of a command's help; click leaves the lines of a paragraph that starts with a backspace alone."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 policy`, `2 policies`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def lowered(message: str) -> str:
    """A library's message in the house's form: no capital in front (save that of an acronym), no full stop."""
    first, rest = message[:1], message[1:].removesuffix(".")
    return first.lower() + rest if rest[:1].islower() or rest[:1] == " " else first + rest


class Progress:
    """Progress on standard error, once the work has taken a second and only where a person looks on.

    `total` is in the units that `reached` is told. It stands below what `say` and `note` print meanwhile, and is not
    shown where `results` scroll by that are written otherwise. Where somebody is asked first, it `waits` for `reached`.
    """

    _latest: ClassVar[Progress | None] = None
    """The one that is, or may be, on the terminal."""

    def __init__(self, label: str, total: int | None, *, results: bool = False, waits: bool = False) -> None:
        self._label, self._total, self._done, self._waits = label, total, 0, waits
        self._next = time.monotonic() + PATIENCE_S
        self._watched = sys.stderr.isatty() and not (results and sys.stdout.isatty())
        self._due = Timer(PATIENCE_S, self._show)
        self._lock, self._ended = RLock(), False
        self._before: Progress | None = None
        self._shown: RichProgress | None = None

    def reached(self, done: int) -> None:
        """Say how far the work is; cheap to call often."""
        self._done = done
        if not self._watched or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_S
        self._show()

    def reached_of(self, done: int, total: int) -> None:
        """Say how far the work is, of how much."""
        self._total = total
        self.reached(done)

    def through(self, names: Iterable[str]) -> Iterator[str]:
        """Names as they are taken to be worked on, each said beside the label."""
        label = self._label
        for name in names:
            self._label = f"{label} {printable(name)}"
            if self._shown is not None:
                self._show()
            yield name

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Off the terminal, for what is printed meanwhile."""
        with self._lock:
            shown = self._shown
            if shown is not None:
                shown.stop()
            try:
                yield
            finally:
                if shown is not None:
                    shown.start()

    def _show(self) -> None:
        """Draw it, or draw it anew; from whatever thread."""
        with self._lock:
            if self._ended:
                return
            if self._shown is None:
                self._shown = _bar()
                self._shown.add_task(self._label)
                self._shown.start()
            (task,) = self._shown.task_ids
            self._shown.update(task, description=self._label, total=self._total, completed=self._done)

    def __enter__(self) -> Progress:
        self._before, Progress._latest = Progress._latest, self
        if self._watched and not self._waits:
            self._due.daemon = True
            self._due.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        Progress._latest = self._before
        self._due.cancel()
        with self._lock:
            self._ended = True
            if self._shown is not None:
                self._shown.stop()
                self._shown = None


def _bar() -> RichProgress:
    """A bar that leaves nothing behind; the streams stay as they are, for results go to another one."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    label = TextColumn("{task.description}", markup=False)
    columns = (label, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return RichProgress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)


def _below() -> AbstractContextManager[None]:
    """Print above the progress that is drawn, if any."""
    latest = Progress._latest
    return latest.aside() if latest is not None else nullcontext()
