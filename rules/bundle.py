"""A bundle: a folder of documents, read, checked and lowered together, under one digest.

`bundle.yaml` names the files; an overlay lays them over another folder's bundle, document by document. The digest is
the sha256 of the deciding documents (types, libraries, policies) in canonical JSON (RFC 8785); suites and invariants
are checked with the bundle and are no part of what decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rules.canonical import NoContent, content_of, digest_of, read_bytes
from rules.diagnostics import Diagnostic, Diagnostics
from rules.documents.clashes import report_clashes
from rules.documents.kinds import InvariantDocument, SuiteDocument
from rules.documents.pipeline import PipelineSpec
from rules.documents.sections import AskingSpec
from rules.documents.shape import Shaped, Step
from rules.documents.types_document import TypeTable, type_table
from rules.folder import MANIFEST, Folder, Unreadable, read_folder, take
from rules.in_vain import report_in_vain
from rules.invariants import Invariant, read_invariant
from rules.kinds import LOWER
from rules.kinds.cost import check_cost
from rules.kinds.library import lower_library
from rules.kinds.lowering import Library, Lowering, Surroundings
from rules.plan import Plan
from rules.source import Source
from rules.suites import Suite, read_suite
from rules.yaml_nodes import plain


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything a desk decides with, checked. `plans` are ordered so that a policy stands after those it calls."""

    name: str
    version: str
    digest: str
    content: bytes = field(repr=False)
    """The deciding documents in canonical JSON, which the digest is of: what a store keeps."""
    types: TypeTable
    libraries: Mapping[str, Library]
    plans: Mapping[str, Plan]
    suites: tuple[Suite, ...]
    invariants: tuple[Invariant, ...]
    documents: tuple[Shaped, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading a bundle gave: the bundle unless something refuses it, and every finding."""

    bundle: Bundle | None
    diagnostics: tuple[Diagnostic, ...]
    files: int


def load(folder: Path, *, with_suites: bool = True, within: Path | None = None) -> Checked:
    """Read, check and lower the bundle of a folder; its suites and invariants only where they are wanted.

    `within` is a folder that no overlay may lead out of. Raises `Unreadable` when there is no folder, or no manifest
    in it.
    """
    diagnostics = Diagnostics()
    found = read_folder(folder, diagnostics, with_suites=with_suites, within=within)
    bundle = None
    if found.manifest is not None and found.complete:
        metadata = found.manifest.model.metadata
        bundle = _assemble(found, metadata.name, metadata.version, diagnostics)
    return _checked(bundle, found.files, diagnostics)


def read_content(content: bytes) -> Checked:
    """Check and lower the bundle of a content, as a store keeps it: without suites, invariants. Raises `NoContent`."""
    said = read_bytes(content)
    diagnostics = Diagnostics()
    found = Folder(files=len(said.documents))
    for name, text in said.documents.items():
        take(found, f"{name}.yaml", text.encode(), diagnostics)
    bundle = _assemble(found, said.name, said.version, diagnostics)
    if bundle is not None and bundle.content != content and not diagnostics.errors:
        raise NoContent("it does not read as what it says")
    return _checked(bundle, found.files, diagnostics)


def _checked(bundle: Bundle | None, files: int, diagnostics: Diagnostics) -> Checked:
    if bundle is not None and not diagnostics.errors:
        plans = {**bundle.plans, **{invariant.name: invariant.plan for invariant in bundle.invariants}}
        report_in_vain(bundle.documents, plans, bundle.types, diagnostics)
    refused = bool(diagnostics.errors)
    return Checked(None if refused else bundle, _without_echoes(diagnostics), files)


def _without_echoes(diagnostics: Diagnostics) -> tuple[Diagnostic, ...]:
    """The findings but those about a stretch of text that YAML could not read as it was meant.

    An input that is missing is told once, where it is needed first.
    """
    misread = [d.span for d in diagnostics if d.code.startswith("yaml-") and d.severity == "error"]
    heard = [
        d
        for d in diagnostics
        if d.code.startswith("yaml-")
        or not any(s.source is d.span.source and s.start <= d.span.start < max(s.end, s.start + 1) for s in misread)
    ]
    missing: dict[tuple[Source, str], Diagnostic] = {}
    for d in heard:
        if d.remedy.endswith(("` under `inputs`", "` under `forAll`")):
            missing.setdefault((d.span.source, d.remedy), d)
    return tuple(d for d in heard if missing.get((d.span.source, d.remedy), d) is d)


def _assemble(found: Folder, name: str, version: str, diagnostics: Diagnostics) -> Bundle | None:
    """The bundle of the documents found; None when their types cannot be told, on which all else rests."""
    documents = found.documents
    types = _types(found, diagnostics)
    if types is None:
        return None
    broken = found.unusable - {document.name for document in documents}
    report_clashes(documents, diagnostics)
    libraries: dict[str, Library] = {}
    for document in documents:
        if document.kind == "Library":
            library = lower_library(Lowering(document, Surroundings(types, {}, {}, frozenset()), diagnostics))
            if library is None:
                broken.add(document.name)
            else:
                libraries[document.name] = library
    plans, costs = _plans(documents, types, libraries, broken, diagnostics)
    around = Surroundings(types, libraries, plans, frozenset(broken), frozenset(plans))
    invariants = _invariants(documents, around, costs, diagnostics)
    suites = _suites(documents, types, plans, broken, diagnostics)
    content = _content(name, version, documents)
    return Bundle(
        name, version, digest_of(content), content, types, libraries, plans, suites, invariants, tuple(documents)
    )


def _suites(
    documents: Iterable[Shaped], types: TypeTable, plans: Mapping[str, Plan], broken: set[str], diagnostics: Diagnostics
) -> tuple[Suite, ...]:
    """The suites, but those of policies of which it cannot be told what they say."""
    misread = {d.span.source for d in diagnostics if d.code.startswith("yaml-")}
    untold = broken | {document.name for document in documents if document.root.span.source in misread}
    asked = (d for d in documents if isinstance(d.model, SuiteDocument) and d.model.spec.policy not in untold)
    found = [read_suite(document, plans, diagnostics, types.facts) for document in asked]
    return tuple(suite for suite in found if suite is not None)


def _invariants(
    documents: Iterable[Shaped], around: Surroundings, costs: Mapping[str, int], diagnostics: Diagnostics
) -> tuple[Invariant, ...]:
    """The invariants, each of which may ask any policy; `costs` are those of the policies."""
    written = [document for document in documents if isinstance(document.model, InvariantDocument)]
    found = [read_invariant(document, around, diagnostics) for document in written]
    for invariant in found:
        if invariant is not None:
            check_cost(invariant.plan, costs, diagnostics)
    return tuple(invariant for invariant in found if invariant is not None)


def _types(found: Folder, diagnostics: Diagnostics) -> TypeTable | None:
    """The types of the bundle's one Types document; None when it has faults, or may be a document that has."""
    documents = [document for document in found.documents if document.kind == "Types"]
    for extra in documents[1:]:
        diagnostics.error(
            "bundle-types",
            extra.span("kind"),
            "a bundle has one Types document, its one glossary",
            remedy=f"its types and facts in `{documents[0].name}`",
            notes=[(documents[0].span("kind"), "the other one")],
        )
    own = Diagnostics()
    table = type_table(documents[0], own) if documents else TypeTable()
    diagnostics.extend(own)
    unsure = len(documents) > 1 or (not documents and "Types" in found.unusable_kinds)
    return None if unsure or own.errors else table


def _plans(
    documents: Iterable[Shaped],
    types: TypeTable,
    libraries: Mapping[str, Library],
    broken: set[str],
    diagnostics: Diagnostics,
) -> tuple[dict[str, Plan], dict[str, int]]:
    """Every deciding document lowered after those it calls, and what a decision of each may cost."""
    deciding = {document.name: document for document in documents if document.kind in LOWER}
    plans: dict[str, Plan] = {}
    costs: dict[str, int] = {}
    for name in _call_order(deciding, broken, diagnostics):
        document = deciding[name]
        around = Surroundings(types, libraries, plans, frozenset(broken), frozenset(deciding))
        lowering = Lowering(document, around, diagnostics)
        plan = LOWER[document.kind](lowering)
        if plan is None:
            broken.add(name)
        else:
            plans[name] = plan
            costs[name] = check_cost(plan, costs, diagnostics)
    return plans, costs


def _call_order(deciding: Mapping[str, Shaped], broken: set[str], diagnostics: Diagnostics) -> list[str]:
    """Policies, callees first; a cycle of calls is reported, and its members are nothing that others could call."""
    order: list[str] = []
    done: set[str] = set()
    for start in deciding:
        chain = {start: _called(deciding[start])} if start not in done else {}
        while chain:
            name, rest = next(reversed(chain.items()))
            step = next(rest, None)
            if step is None:
                chain.popitem()
                done.add(name)
                order.append(name)
            elif step[1] in chain:
                _report_cycle(deciding[name], step[0], [*chain, step[1]], diagnostics)
                broken.update(list(chain)[list(chain).index(step[1]) :])
            elif step[1] in deciding and step[1] not in done:
                chain[step[1]] = _called(deciding[step[1]])
    return order


def _called(document: Shaped) -> Iterator[tuple[tuple[Step, ...], str]]:
    """The calls and steps of a document, each with the policy it asks."""
    spec = document.model.spec
    assert isinstance(spec, AskingSpec)
    for name, call in spec.calls.items():
        yield ("calls", name), call.policy
    if isinstance(spec, PipelineSpec):
        for index, step in enumerate(spec.steps):
            yield ("steps", index), step.policy


def _report_cycle(document: Shaped, call: tuple[Step, ...], chain: list[str], diagnostics: Diagnostics) -> None:
    cycle = chain[chain.index(chain[-1]) :]
    shown = " → ".join(f"`{name}`" for name in cycle)
    diagnostics.error(
        "call-cycle",
        document.span("spec", *call, "policy"),
        f"`{cycle[0]}` calls itself" if len(cycle) == 2 else f"policies call each other in a circle: {shown}",
        expected="calls that lead nowhere back",
    )


def _content(name: str, version: str, documents: Iterable[Shaped]) -> bytes:
    deciding = {d.name: d for d in documents if d.kind in ("Types", "Library", *LOWER)}
    return content_of(name, version, {of: plain(document.root) for of, document in deciding.items()})


__all__ = ["MANIFEST", "Bundle", "Checked", "Source", "Unreadable", "load"]
