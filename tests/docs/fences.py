"""The fenced blocks of a Markdown page: what tests of the documentation run.

The info string of a block says what it is (`cel accepted`, `yaml refused yaml-tag`, `sh exit=1`); options are written
`name=value`. `test_language.py` gives the words of `docs/language.md` their force, `pages.py` those of other pages.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(.*)$")
_OPTION = re.compile(r"([a-z]+)=(\S+)")


@dataclass(frozen=True)
class Block:
    """One fenced block: its words and options, its lines, and where it stands."""

    page: str
    line: int
    words: tuple[str, ...]
    options: dict[str, str]
    text: str
    section: str
    after: "Block | None" = field(repr=False)
    """The block directly above, when only blank lines stand between the two."""

    @property
    def lines(self) -> list[str]:
        """The lines that say something; `//` starts a remark."""
        return [line for line in self.text.splitlines() if line.strip() and not line.startswith("//")]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}:{'-'.join(self.words)}"


def blocks(path: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    found: list[Block] = []
    opened: list[str] | None = None
    info, start, section, last = "", 0, "", None
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and opened is None:
            info, start, opened = fence[1], number, []
        elif fence and opened is not None:
            last = _block(path.name, start, info, opened, section, last)
            found.append(last)
            opened = None
        elif opened is not None:
            opened.append(line)
        else:
            section = line.lstrip("# ") if line.startswith("## ") else section
            last = last if not line.strip() else None
    assert opened is None, f"{path.name}:{start}: the block is not closed"
    return found


def _block(page: str, line: int, info: str, lines: list[str], section: str, after: Block | None) -> Block:
    options = dict(_OPTION.findall(info))
    words = tuple(word for word in info.split() if not _OPTION.fullmatch(word))
    return Block(page, line, words, options, "\n".join(lines) + "\n", section, after)
