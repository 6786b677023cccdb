"""Presence: where an optional field, a nullable field or a map entry is known to be there.

A fact is a path known present. `facts` says what the truth (or falsity) of an expression tells; `on_error` what is
known although it failed, because `&&` and `||` then look at their other side; `needs` lists the guarded reads of an
expression that the facts at hand do not cover. `ALL` stands for "this cannot happen", under which everything is known.

A definition is closed: its loop variables are not those of the expression that reads it, whatever their keys, so
facts about loop variables neither enter nor leave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from rules.cel.paths import Path, is_guarded, path_of
from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Definition,
    Entries,
    Entry,
    Has,
    Local,
    Logic,
    Loop,
    Member,
    Node,
    RecordOf,
    Root,
    Select,
    Variable,
    children,
)
from rules.source import Span

Facts: TypeAlias = frozenset[Path] | None
ALL: Facts = None
NONE: frozenset[Path] = frozenset()


def unite(*sets: Facts) -> Facts:
    """What is known when all of several things hold."""
    out: frozenset[Path] = NONE
    for facts in sets:
        if facts is None:
            return ALL
        out |= facts
    return out


def intersect(*sets: Facts) -> Facts:
    """What is known when one of several things holds."""
    known = [facts for facts in sets if facts is not None]
    if not known:
        return ALL
    return known[0].intersection(*known[1:])


def facts(node: Node, truth: bool) -> Facts:
    """The paths known present when a boolean expression evaluated to `truth`."""
    return _told(node)[0 if truth else 1]


def _told(node: Node) -> tuple[Facts, Facts]:
    """What the truth and what the falsity of a boolean expression tell, each part looked at once."""
    match node:
        case Constant(value=value):
            return (NONE, ALL) if value else (ALL, NONE)
        case Has(path=path):
            return _only(path_of(path)), NONE
        case Variable(definition=definition):
            return _definition_told(definition)
        case Logic(operator="&&", left=left, right=right):
            (yes, no), (yes_too, no_too) = _told(left), _told(right)
            return unite(yes, yes_too), intersect(no, no_too)
        case Logic(left=left, right=right):
            (yes, no), (yes_too, no_too) = _told(left), _told(right)
            return intersect(yes, yes_too), unite(no, no_too)
        case Conditional(test=test, then=then, other=other):
            chosen, passed = _told(test)
            true_then, false_then = (unite(chosen, told) for told in _told(then))
            true_other, false_other = (unite(passed, told) for told in _told(other))
            return intersect(true_then, true_other), intersect(false_then, false_other)
        case Call(overload=overload, args=args) if overload.id == "not":
            yes, no = _told(args[0])
            return no, yes
        case Call(overload=overload, args=(key, mapping)) if overload.id == "in_map":
            return _only(path_of(Entry(mapping, key, node.type, node.span))), NONE
        case _:
            return NONE, NONE


def _only(path: Path | None) -> frozenset[Path]:
    return NONE if path is None else frozenset({path})


@lru_cache(maxsize=4096)
def _definition_told(definition: Definition) -> tuple[Facts, Facts]:
    return _told(definition.node)


@lru_cache(maxsize=4096)
def _definition_needs(definition: Definition, known: frozenset[Path]) -> tuple[Need, ...]:
    return tuple(needs(definition.node, known))


def closed(known: frozenset[Path]) -> frozenset[Path]:
    """The facts that are about no loop variable, by itself or as the key of a map."""
    return frozenset(path for path in known if not any(step.startswith("local:") or "[local:" in step for step in path))


def on_error(node: Node) -> Facts:
    """The paths that may be read although the expression failed (`ALL` when it cannot fail).

    A presence test fails only where what holds the path fails, and there a read of the path fails in the same way.
    """
    if not node.fails:
        return ALL
    match node:
        case Has(path=path):
            return _only(path_of(path))
        case Call(overload=overload, args=(key, mapping)) if overload.id == "in_map":
            return _only(path_of(Entry(mapping, key, node.type, node.span)))
        case Variable(definition=definition):
            return on_error(definition.node)
        case Logic(operator=operator, left=left, right=right):
            undecided = operator == "&&"  # an error survives only where neither side decides
            failed = on_error(right)
            of_left = unite(on_error(left), intersect(facts(right, undecided), failed))
            return intersect(of_left, unite(facts(left, undecided), failed))
        case Conditional(test=test, then=then, other=other):
            return intersect(
                on_error(test),
                unite(facts(test, True), on_error(then)),
                unite(facts(test, False), on_error(other)),
            )
        case Call(overload=overload, args=args) if overload.id == "not":
            return on_error(args[0])
        case _:
            return NONE


def beyond(left: Node, operator: str) -> Facts:
    """What the right side of `&&` or `||` knows from the left one."""
    return intersect(facts(left, operator == "&&"), on_error(left))


@dataclass(frozen=True, slots=True)
class Need:
    """A guarded read that nothing covers: the path as written, and the variables through which it is reached."""

    node: Node
    span: Span
    through: tuple[tuple[str, Span], ...] = ()


def needs(node: Node, known: Facts) -> list[Need]:
    """The guarded reads under `node` that are not covered by `known`."""
    if known is None:
        return []
    match node:
        case Constant() | Local():
            return []
        case Variable(definition=definition, span=span):
            inner = _definition_needs(definition, closed(known))
            return [Need(need.node, span, ((definition.name, need.span), *need.through)) for need in inner]
        case Has(path=path):
            return _below(path, known)
        case Logic(operator=operator, left=left, right=right):
            return [*needs(left, known), *needs(right, unite(known, beyond(left, operator)))]
        case Conditional(test=test, then=then, other=other):
            return [
                *needs(test, known),
                *needs(then, unite(known, facts(test, True))),
                *needs(other, unite(known, facts(test, False))),
            ]
        case RecordOf(members=members):
            return [need for member in members for need in _member_needs(member, known)]
        case Loop():
            inside = unite(known, item_facts(node))
            return [*needs(node.source, known), *(n for body in node.bodies for n in needs(body, inside))]
        case Root() | Select() | Entry():
            found = _below(node, known)
            if is_guarded(node) and not _covered(node, known):
                found.append(Need(node, node.span))
            return found
        case _:
            return [need for child in children(node) for need in needs(child, known)]


def _member_needs(member: Member, known: frozenset[Path]) -> list[Need]:
    """The needs of a record's field: its value is read where it is there."""
    there = known if member.when is None else unite(known, facts(member.when, True))
    asked = [] if member.when is None else needs(member.when, known)
    return asked + ([] if member.value is None else needs(member.value, there))


def _below(node: Node, known: frozenset[Path]) -> list[Need]:
    return [need for child in children(node) for need in needs(child, known)]


def _covered(node: Node, known: frozenset[Path]) -> bool:
    path = path_of(node)
    if path is not None and path in known:
        return True
    if isinstance(node, Entry) and _is_written(node):
        return True
    relative: tuple[str, ...] = ()
    while isinstance(node, Select):
        relative = (node.field.name, *relative)
        node = node.operand
        if relative in value_facts(node):
            return True
    return False


def _is_written(node: Entry) -> bool:
    """Whether an entry is of a map that is written out with its key."""
    mapping = node.operand
    while isinstance(mapping, Variable):
        mapping = mapping.definition.node
    return (
        isinstance(mapping, Entries)
        and isinstance(node.key, Constant)
        and any(key.value == node.key.value for key, _ in mapping.entries)
    )


def item_facts(loop: Loop) -> Facts:
    """What is known of the loop variable inside the bodies of a macro."""
    root = path_of(loop.local)
    assert root is not None
    source = loop.source
    known = {(*root, *relative) for relative in element_facts(source)}
    while isinstance(source, Loop) and source.macro == "filter":
        source = source.source
    source_path = path_of(source)
    if source_path is not None:
        known.add((*source_path, f"[{'.'.join(root)}]"))  # over a map, or some of its keys: the entry of each key
    return frozenset(known)


def element_facts(node: Node) -> frozenset[Path]:
    """Paths, relative to an item, that every item of a list is known to have."""
    match node:
        case Variable(definition=definition):
            return closed(element_facts(definition.node))
        case Loop(macro="filter", source=source, local=local, bodies=(predicate,)):
            root = path_of(local)
            assert root is not None
            told = facts(predicate, True)
            refined = {path[1:] for path in told or () if path[:1] == root and len(path) > 1}
            return element_facts(source) | refined
        case Loop(macro="map", source=source, local=local, bodies=(body,)):
            same_item = isinstance(body, Local) and body.key == local.key
            return element_facts(source) if same_item else value_facts(body)
        case Call(overload=overload, args=args) if overload.id == "add_list":
            return element_facts(args[0]) & element_facts(args[1])
        case Call(overload=overload, args=args) if overload.id == "tail":
            return element_facts(args[0])
        case Conditional(then=then, other=other):
            return element_facts(then) & element_facts(other)
        case _:
            return NONE


def value_facts(node: Node) -> frozenset[Path]:
    """Paths, relative to a record, that the record an expression gives is known to have."""
    match node:
        case Variable(definition=definition):
            return closed(value_facts(definition.node))
        case Loop(macro="leastBy", source=source):
            return element_facts(source)
        case RecordOf(members=members):
            return frozenset(path for member in members for path in _member_facts(member))
        case Call(overload=overload, args=args) if overload.id == "index_list":
            return element_facts(args[0])
        case Conditional(then=then, other=other):
            return value_facts(then) & value_facts(other)
        case _:
            return NONE


def _member_facts(member: Member) -> Iterator[Path]:
    """Paths, relative to a record that is made, that a field of it is known to give."""
    if member.value is not None and member.when is None:
        yield (member.field.name,)
        yield from ((member.field.name, *path) for path in value_facts(member.value))


def united(conditions: Iterable[tuple[Node, bool]], known: Facts = NONE) -> Facts:
    """What is known after several conditions came out as said."""
    for node, truth in conditions:
        known = unite(known, facts(node, truth))
    return known
