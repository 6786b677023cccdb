"""Random aggregates over lists of records, few in kind so that many meet: one list, one filter, nested twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.oracles.expressions import Writer

SOURCES = ("thing.items", "thing.items", "thing.more", "(thing.items + thing.more)", "thing.items.tail(2)")
SIGNS = ("<", "<=", ">", ">=", "==", "!=")
FOLDED = ("bool", "int", "double")


def fold(writer: Writer, wanted: str, depth: int) -> str:
    """An aggregate of a type: filters over a list, and what is counted, summed or asked of what remains."""
    items = writer.one_of(SOURCES)
    for _ in range(writer.rng.choice((0, 0, 1, 1, 2))):
        with writer.over("Item") as p:
            items += f".filter({p}, {condition(writer, depth)})"
    if wanted == "int" and writer.chance(0.4):
        return f"size({items})"
    with writer.over("Item") as p:
        if wanted == "bool":
            macro = writer.one_of(("exists", "exists", "all", "all", "exists_one"))
            return f"{items}.{macro}({p}, {condition(writer, depth)})"
        mapped = f"{items}.map({p}, {value(writer, wanted, depth)})"
    word = writer.one_of(("sum", "sum", "min", "max"))
    if word == "sum" or writer.chance(0.3):
        return f"{mapped}.{word}()"
    return f"(size({items}) > 0 ? {mapped}.{word}() : {'0' if wanted == 'int' else '0.0'})"


def condition(writer: Writer, depth: int) -> str:
    """What is asked of an item, or of an item around it; now and then something that fails for some."""
    item, other = one_in_force(writer), one_in_force(writer)
    sign = writer.one_of(SIGNS)
    return writer.pick(
        lambda: f"{item}.amount {sign} {value(writer, 'double', depth - 1)}",
        lambda: f"{item}.count {sign} {value(writer, 'int', depth - 1)}",
        lambda: f"{item}.side == '{writer.one_of(('LONG', 'SHORT'))}'",
        lambda: f"{item}.name {sign} {other}.name",
        lambda: f"has({item}.score)",
        lambda: f"6 / ({item}.count - {writer.one_of(('0', '1', '2'))}) {sign} 3",
        lambda: f"({condition(writer, depth - 1)} {writer.one_of(('&&', '||'))} {condition(writer, depth - 1)})",
    )


def value(writer: Writer, wanted: str, depth: int) -> str:
    """A number: of an item in force, of everything, or of another aggregate."""
    field = "amount" if wanted == "double" else "count"
    choices = [f"{one_in_force(writer)}.{field}"] * 3 + writer.written.get(wanted, [])[-4:]
    if depth > 0 and writer.chance(0.4):
        return fold(writer, wanted, depth - 1)
    return writer.rng.choice([*choices, *(text for text, t in writer.names.reads if t == wanted)])


def one_in_force(writer: Writer) -> str:
    """A loop variable that is a record, the innermost more often."""
    names = [name for name, t in writer.locals if t == "Item"]
    return writer.rng.choice([*names, names[-1], names[-1]])
