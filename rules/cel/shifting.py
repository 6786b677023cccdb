"""Syntax moved to another place: a cell of a table is parsed by itself and stands somewhere in its document."""

from __future__ import annotations

from dataclasses import replace

from rules.cel.syntax import Apply, Constant, Entries, Items, Member, Name, Subscript, Syntax


def shifted(node: Syntax, by: int) -> Syntax:
    """The same syntax with all offsets moved."""
    start, end = node.start + by, node.end + by
    match node:
        case Constant() | Name():
            return replace(node, start=start, end=end)
        case Member(operand=operand):
            return replace(node, operand=shifted(operand, by), start=start, end=end)
        case Subscript(operand=operand, index=index):
            return replace(node, operand=shifted(operand, by), index=shifted(index, by), start=start, end=end)
        case Apply(target=target, args=args):
            moved = None if target is None else shifted(target, by)
            return replace(node, target=moved, args=tuple(shifted(arg, by) for arg in args), start=start, end=end)
        case Items(items=items):
            return replace(node, items=tuple(shifted(item, by) for item in items), start=start, end=end)
        case Entries(entries=entries):
            pairs = tuple((shifted(key, by), shifted(value, by)) for key, value in entries)
            return replace(node, entries=pairs, start=start, end=end)
