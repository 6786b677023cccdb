"""Paths: what a read is called when facts are kept about it, and which reads need to be known present."""

from __future__ import annotations

from typing import TypeAlias

from rules.cel.tree import Constant, Entry, Local, Node, Root, Select, Variable

Path: TypeAlias = tuple[str, ...]


def path_of(node: Node) -> Path | None:
    """What a read is called when facts are kept about it; None when the node is not a path.

    A path is a root, a loop variable or a variable, then fields and map entries whose key is a literal or a path.
    """
    match node:
        case Root():
            return (f"{node.kind}:{node.name}",)
        case Local():
            return (f"local:{node.key}",)
        case Variable():
            inner = path_of(node.definition.node)
            return inner if inner is not None else (f"variable:{id(node.definition)}",)
        case Select():
            base = path_of(node.operand)
            return None if base is None else (*base, node.field.name)
        case Entry():
            base = path_of(node.operand)
            if base is None:
                return None
            if isinstance(node.key, Constant):
                return (*base, f"[{node.key.value!r}]")
            key = path_of(node.key)
            return None if key is None else (*base, f"[{'.'.join(key)}]")
        case _:
            return None


def is_guarded(node: Node) -> bool:
    """Whether a read needs to be known present: an optional or nullable field or input, or a map entry."""
    match node:
        case Root():
            return node.guarded
        case Select():
            return node.field.guarded
        case Entry():
            return True
        case _:
            return False
