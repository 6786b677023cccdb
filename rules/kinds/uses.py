"""What a document takes of libraries with `uses:`, and the parameters that this needs."""

from __future__ import annotations

from dataclasses import replace

from rules.cel.tree import Definition, Root, walk
from rules.diagnostics import did_you_mean
from rules.documents.shape import Step
from rules.kinds.lowering import Library, Lowering
from rules.types import Field, same, show

Path = tuple[Step, ...]


def take_libraries(lowering: Lowering) -> None:
    """The names taken with `uses:`, and the parameters they need."""
    offered: dict[str, str] = {}
    for library in lowering.around.libraries.values():
        offered |= dict.fromkeys(library.definitions, library.name)
        offered |= dict.fromkeys((f"params.{p.name}" for p in library.parameters), library.name)
    lowering.scope = replace(lowering.scope, offered=offered)
    for library_name, names in lowering.asking.uses.items():
        path: Path = ("spec", "uses", library_name)
        if library_name in lowering.around.broken:
            lowering.faulty("params.*", *names)
            continue
        taken = lowering.around.libraries.get(library_name)
        if taken is None:
            _unknown_library(lowering, path, library_name)
            lowering.faulty("params.*", *names)
            continue
        _take(lowering, taken, names, path)


def _unknown_library(lowering: Lowering, path: Path, name: str) -> None:
    near = did_you_mean(name, lowering.around.libraries)
    lowering.error_at_key("uses-unknown", path, f"there is no library `{name}`", remedy=f"`{near}`" if near else "")


def _take(lowering: Lowering, library: Library, names: list[str], path: Path) -> None:
    by_name = {p.name: p for p in library.parameters}
    needed: set[str] = set()
    for index, name in enumerate(names):
        if name in by_name:
            needed.add(name)
        elif name in library.definitions:
            _take_definition(lowering, (*path, index), library, library.definitions[name], needed)
        else:
            near = did_you_mean(name, [*by_name, *library.definitions])
            lowering.error(
                "uses-unknown",
                (*path, index),
                f"`{library.name}` has no `{name}`",
                remedy=f"`{near}`" if near else "",
            )
            lowering.faulty(name, f"params.{name}")
    for requirement in library.requirements:  # who takes one parameter takes what it must agree with
        lowering.requirements.append(requirement)
        needed |= {root.name for root in walk(requirement.that) if isinstance(root, Root)}
    lowering.add_parameters(p for p in library.parameters if p.name in needed)


def _take_definition(
    lowering: Lowering, path: Path, library: Library, definition: Definition, needed: set[str]
) -> None:
    mine = {f.name: f for f in lowering.inputs}
    for node in walk(definition.node, into_variables=True):
        if isinstance(node, Root) and node.kind == "parameter":
            needed.add(node.name)
        elif isinstance(node, Root):
            theirs = next(f for f in library.inputs if f.name == node.name)
            _check_input(lowering, path, definition.name, mine.get(node.name), theirs)
    lowering.add_definition(path, definition)


def _check_input(lowering: Lowering, path: Path, reader: str, own: Field | None, theirs: Field) -> None:
    """An input that a library's variable reads must be this document's too, and of the same type."""
    wanted = f"{theirs.name}{'?' if theirs.optional else ''}: {show(theirs.type)}"
    if own is None:
        found = "which this document does not have"
    elif not same(own.type, theirs.type):
        found = f"which is {show(own.type)} here and {show(theirs.type)} there"
    elif own.guarded != theirs.guarded:
        found = f"which may be absent {'here' if own.guarded else 'there'} only"
    else:
        return
    if lowering.scope.is_faulty(theirs.name) or theirs.name in lowering.told:
        lowering.failed = True
        return
    lowering.told.add(theirs.name)
    message = f"`{reader}` reads the input `{theirs.name}`, {found}"
    lowering.error("uses-input", path, message, remedy=f"`{wanted}` under `{lowering.section('inputs')[-1]}`")
