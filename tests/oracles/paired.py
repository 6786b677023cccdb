"""Random expressions over two series of numbers: whether they are comparable, and their correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.oracles.expressions import Writer


def question(writer: Writer, depth: int) -> str:
    """Whether two series have so many aligned points and a correlation."""
    return f"comparable({_series(writer, depth)}, {_series(writer, depth)}, {writer.one_of(('0', '2', 'thing.n'))})"


def answer(writer: Writer, depth: int) -> str:
    """The correlation of two series, more often asked for only where there is one."""
    pair = f"{_series(writer, depth)}, {_series(writer, depth)}"
    bare = f"correlation({pair})"
    return bare if writer.chance(0.15) else f"(comparable({pair}, 2) ? {bare} : {writer.write('double', 0)})"


def _series(writer: Writer, depth: int) -> str:
    return writer.pick(
        lambda: writer.write("list:double", depth),
        lambda: f"{writer.one_of(('thing.items', 'thing.more', '(thing.more + thing.items)'))}.map(s, s.amount)",
    )
