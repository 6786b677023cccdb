"""A bundle with another text in the place of one document: only that and what rests on it is read anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rules.bundle import Bundle
from rules.diagnostics import Diagnostics
from rules.documents.kinds import InvariantDocument, LibraryDocument
from rules.documents.sections import AskingSpec
from rules.documents.shape import Shaped, shaped
from rules.documents.types_document import TypeTable, type_table
from rules.invariants import Invariant, read_invariant
from rules.kinds import LOWER
from rules.kinds.library import lower_library
from rules.kinds.lowering import Library, Lowering, Surroundings
from rules.plan import Plan
from rules.yaml_reader import read_yaml


@dataclass(frozen=True, slots=True)
class Replaced:
    """A bundle with one document changed. Digest, content and suites are those of the bundle as it was."""

    bundle: Bundle
    policies: tuple[str, ...]
    """The policies that may decide otherwise: the document and those that rest on it, after those that they ask."""
    own: tuple[str, ...]
    """Of these the ones that show all that has changed: the document, or those that take it up themselves."""
    invariants: tuple[str, ...]
    """The invariants that ask any of them."""


def replaced(bundle: Bundle, name: str, text: str) -> Replaced | None:
    """The bundle with a text in the place of the document of a name; None where it would be refused."""
    diagnostics = Diagnostics()
    was = next(one for one in bundle.documents if one.name == name and one.kind not in ("Suite", "Invariant"))
    read = read_yaml(was.source.name, text.encode())
    diagnostics.extend(read.diagnostics)
    document = None if read.root is None else shaped(read.source, read.root, diagnostics)
    if document is None or diagnostics.errors or (document.name, document.kind) != (was.name, was.kind):
        return None
    documents = tuple(document if one is was else one for one in bundle.documents)
    own, resting = _resting(bundle.plans, documents, document)
    types = _types(bundle, document, diagnostics)
    libraries = dict(_libraries(bundle, documents, document, types, diagnostics))
    plans = dict(bundle.plans)
    deciding = {one.name: one for one in documents if one.kind in LOWER}
    for policy in (one for one in bundle.plans if one in resting):
        around = Surroundings(types, libraries, plans, frozenset(), frozenset(deciding))
        plan = None if diagnostics.errors else LOWER[deciding[policy].kind](
            Lowering(deciding[policy], around, diagnostics)
        )  # fmt: skip
        if plan is None or diagnostics.errors:
            return None
        plans[policy] = plan
    changed = replace(bundle, types=types, libraries=libraries, plans=plans, documents=documents)
    invariants = dict(_invariants(changed, resting, document, diagnostics))
    if diagnostics.errors:
        return None
    kept = tuple(invariants.get(one.name, one) for one in bundle.invariants)
    order = tuple(one for one in bundle.plans if one in resting)
    return Replaced(
        replace(changed, invariants=kept), order, tuple(one for one in order if one in own), tuple(invariants)
    )


def _resting(plans: Mapping[str, Plan], documents: Iterable[Shaped], changed: Shaped) -> tuple[set[str], set[str]]:
    """The policies that take up a document themselves, and all that rest on it."""
    own = {one.name for one in documents if one.name in plans and _takes_up(one, changed)}
    resting = set(own)
    for name, plan in plans.items():  # a policy stands after those it asks
        if any(call.policy in resting for call in plan.calls):
            resting.add(name)
    return own, resting


def _takes_up(document: Shaped, changed: Shaped) -> bool:
    """Whether a document is the one that changed, or uses it."""
    spec = document.model.spec
    uses = isinstance(spec, AskingSpec) and changed.name in spec.uses
    return document.name == changed.name or changed.kind == "Types" or uses


def _types(bundle: Bundle, document: Shaped, diagnostics: Diagnostics) -> TypeTable:
    return type_table(document, diagnostics) if document.kind == "Types" else bundle.types


def _libraries(
    bundle: Bundle, documents: Iterable[Shaped], changed: Shaped, types: TypeTable, diagnostics: Diagnostics
) -> Iterator[tuple[str, Library]]:
    """The libraries, those anew that may be others now."""
    for one in (document for document in documents if isinstance(document.model, LibraryDocument)):
        if one is not changed and changed.kind != "Types":
            yield one.name, bundle.libraries[one.name]
            continue
        library = lower_library(Lowering(one, Surroundings(types, {}, {}, frozenset()), diagnostics))
        if library is not None:
            yield one.name, library


def _invariants(
    bundle: Bundle, resting: set[str], changed: Shaped, diagnostics: Diagnostics
) -> Iterator[tuple[str, Invariant]]:
    """The invariants that ask a policy which may decide otherwise, or use what has changed themselves."""
    around = Surroundings(bundle.types, bundle.libraries, bundle.plans, frozenset(), frozenset(bundle.plans))
    for one in (document for document in bundle.documents if isinstance(document.model, InvariantDocument)):
        spec = one.model.spec
        assert isinstance(spec, AskingSpec)
        if _takes_up(one, changed) or any(call.policy in resting for call in spec.calls.values()):
            invariant = read_invariant(one, around, diagnostics)
            if invariant is not None:
                yield invariant.name, invariant
