"""A bundle: a folder of documents, read, checked and lowered together, under one digest.

`bundle.yaml` names the files; an overlay lays them over another folder's bundle, document by document. The digest is
the sha256 of the deciding documents (types, libraries, policies) in canonical JSON (RFC 8785); suites are checked with
the bundle and are no part of what decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import rfc8785

from rules.diagnostics import Diagnostic, Diagnostics
from rules.documents.kinds import BundleDocument, SuiteDocument
from rules.documents.sections import DecisionSpec
from rules.documents.shape import Shaped, shaped
from rules.documents.types_document import TypeTable, type_table
from rules.kinds import LOWER
from rules.kinds.library import lower_library
from rules.kinds.lowering import Abandoned, Library, Lowering, Surroundings
from rules.plan import Plan
from rules.source import Source
from rules.suites import Suite, read_suite
from rules.yaml_nodes import Mapping as MappingNode
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml

MANIFEST = "bundle.yaml"
MAX_FILES = 2_000


class Unreadable(Exception):
    """There is no bundle to check: the folder or its manifest is missing. Says what to do."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything a desk decides with, checked. `plans` are ordered so that a policy stands after those it calls."""

    name: str
    version: str
    digest: str
    types: TypeTable
    libraries: Mapping[str, Library]
    plans: Mapping[str, Plan]
    suites: tuple[Suite, ...]
    documents: tuple[Shaped, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading a bundle gave: the bundle unless something refuses it, and every finding."""

    bundle: Bundle | None
    diagnostics: tuple[Diagnostic, ...]
    files: int


def load(folder: Path) -> Checked:
    """Read, check and lower the bundle of a folder.

    Raises `Unreadable` when there is no folder or no manifest in it.
    """
    diagnostics = Diagnostics()
    manifest, documents, files = _documents(folder, diagnostics, ())
    bundle = None
    if manifest is not None:
        bundle = _assemble(manifest, documents, diagnostics)
    refused = bool(diagnostics.errors)
    return Checked(None if refused else bundle, tuple(diagnostics), files)


def _documents(
    folder: Path, diagnostics: Diagnostics, above: tuple[Path, ...]
) -> tuple[Shaped | None, list[Shaped], int]:
    """The manifest and the documents of a folder, those it is laid over first."""
    if not folder.is_dir():
        raise Unreadable(f"there is no folder `{folder}`: give the folder of a bundle, as in `bascule check policies`")
    path = folder / MANIFEST
    if not path.is_file():
        raise Unreadable(f"`{folder}` has no `{MANIFEST}`: it names the bundle, its version and its files")
    manifest = _read(path, diagnostics)
    if manifest is None:
        return None, [], 1
    if not isinstance(manifest.model, BundleDocument):
        diagnostics.error(
            "bundle-manifest", manifest.span("kind"), f"`{MANIFEST}` is of kind Bundle", remedy="`kind: Bundle`"
        )
        return None, [], 1
    base: list[Shaped] = []
    files = 1
    overlay = manifest.model.spec.overlay
    if overlay is not None:
        base, files = _base(folder, overlay, manifest, diagnostics, above)
    found = _included(folder, manifest, diagnostics)
    own = [document for file in found if (document := _read(file, diagnostics)) is not None]
    _unique(own, diagnostics)
    return manifest, _laid_over(base, own), files + len(found)


def _base(
    folder: Path, overlay: str, manifest: Shaped, diagnostics: Diagnostics, above: tuple[Path, ...]
) -> tuple[list[Shaped], int]:
    target = (folder / overlay).resolve()
    span = manifest.span("spec", "overlay")
    if target in (*above, folder.resolve()):
        diagnostics.error("bundle-overlay", span, f"`{overlay}` leads back to this bundle")
        return [], 1
    try:
        _, base, files = _documents(_display(folder / overlay), diagnostics, (*above, folder.resolve()))
    except Unreadable as error:
        diagnostics.error("bundle-overlay", span, str(error))
        return [], 1
    return base, files + 1


def _display(path: Path) -> Path:
    """The path without `x/..`, as a person would write it."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)


def _included(folder: Path, manifest: Shaped, diagnostics: Diagnostics) -> list[Path]:
    assert isinstance(manifest.model, BundleDocument)
    found: dict[Path, None] = {}
    for index, pattern in enumerate(manifest.model.spec.includes):
        span = manifest.span("spec", "includes", index)
        if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
            diagnostics.error("bundle-include", span, f"`{pattern}` leaves the folder", expected="a path below it")
            continue
        matches = sorted(p for p in folder.glob(pattern) if p.is_file() and p.name != MANIFEST)
        if not matches:
            diagnostics.error("bundle-include", span, f"no file matches `{pattern}`")
        found.update(dict.fromkeys(matches))
    if len(found) > MAX_FILES:
        diagnostics.error("bundle-include", manifest.span("spec", "includes"), f"more than {MAX_FILES} files")
        return []
    return list(found)


def _read(path: Path, diagnostics: Diagnostics) -> Shaped | None:
    read = read_yaml(str(path), path.read_bytes())
    diagnostics.extend(read.diagnostics)
    if read.root is None or any(d.severity == "error" for d in read.diagnostics):
        return None
    return shaped(read.source, read.root, diagnostics)


def _unique(documents: list[Shaped], diagnostics: Diagnostics) -> None:
    seen: dict[str, Shaped] = {}
    for document in documents:
        first = seen.setdefault(document.name, document)
        if first is not document:
            diagnostics.error(
                "bundle-duplicate",
                document.span("metadata", "name"),
                f"`{document.name}` is the name of two documents",
                remedy="another name",
                notes=[(first.span("metadata", "name"), "the other one")],
            )


def _laid_over(base: list[Shaped], own: list[Shaped]) -> list[Shaped]:
    replaced = {document.name for document in own}
    return [*(document for document in base if document.name not in replaced), *own]


def _assemble(manifest: Shaped, documents: list[Shaped], diagnostics: Diagnostics) -> Bundle:
    types = _types(documents, diagnostics)
    broken: set[str] = set()
    libraries: dict[str, Library] = {}
    for document in documents:
        if document.kind == "Library":
            library = lower_library(Lowering(document, Surroundings(types, {}, {}, frozenset()), diagnostics))
            if library is None:
                broken.add(document.name)
            else:
                libraries[document.name] = library
    plans = _plans(documents, types, libraries, broken, diagnostics)
    suites: list[Suite] = []
    for document in documents:
        if isinstance(document.model, SuiteDocument) and document.model.spec.policy not in broken:
            suite = read_suite(document, plans, diagnostics)
            if suite is not None:
                suites.append(suite)
    metadata = manifest.model.metadata
    digest = _digest(manifest, documents, diagnostics)
    return Bundle(metadata.name, metadata.version, digest, types, libraries, plans, tuple(suites), tuple(documents))


def _types(documents: list[Shaped], diagnostics: Diagnostics) -> TypeTable:
    found = [document for document in documents if document.kind == "Types"]
    for extra in found[1:]:
        diagnostics.error(
            "bundle-types",
            extra.span("kind"),
            "a bundle has one Types document, its one glossary",
            notes=[(found[0].span("kind"), "the other one")],
        )
    return type_table(found[0], diagnostics) if found else TypeTable()


def _plans(
    documents: Iterable[Shaped],
    types: TypeTable,
    libraries: Mapping[str, Library],
    broken: set[str],
    diagnostics: Diagnostics,
) -> dict[str, Plan]:
    """Every deciding document lowered after those it calls."""
    deciding = {document.name: document for document in documents if document.kind in LOWER}
    plans: dict[str, Plan] = {}
    for name in _call_order(deciding, broken, diagnostics):
        document = deciding[name]
        lowering = Lowering(document, Surroundings(types, libraries, plans, frozenset(broken)), diagnostics)
        try:
            plan = LOWER[document.kind](lowering)
        except Abandoned:
            plan = None
        if plan is None:
            broken.add(name)
        else:
            plans[name] = plan
    return plans


def _call_order(deciding: Mapping[str, Shaped], broken: set[str], diagnostics: Diagnostics) -> list[str]:
    """Policies, callees first; a cycle of calls is reported and its members are broken."""
    order: list[str] = []
    state: dict[str, str] = {}

    def visit(name: str, chain: tuple[str, ...]) -> None:
        if state.get(name) == "done" or name not in deciding:
            return
        if state.get(name) == "open":
            cycle = [*chain[chain.index(name) :], name]
            document = deciding[chain[-1]]
            diagnostics.error(
                "call-cycle",
                document.span("spec", "calls"),
                "policies call each other in a circle: " + " → ".join(f"`{n}`" for n in cycle),
            )
            broken.update(cycle)
            return
        state[name] = "open"
        spec = deciding[name].model.spec
        assert isinstance(spec, DecisionSpec)
        for call in spec.calls.values():
            visit(call.policy, (*chain, name))
        state[name] = "done"
        order.append(name)

    for name in deciding:
        visit(name, ())
    return [name for name in order if name not in broken]


def _digest(manifest: Shaped, documents: Iterable[Shaped], diagnostics: Diagnostics) -> str:
    metadata = manifest.model.metadata
    deciding = sorted((d for d in documents if d.kind in ("Types", "Library", *LOWER)), key=lambda d: d.name)
    content = {"name": metadata.name, "version": metadata.version, "documents": [_canonical(d.root) for d in deciding]}
    try:
        return "sha256:" + hashlib.sha256(rfc8785.dumps(content)).hexdigest()  # type: ignore[arg-type]  # plain JSON
    except rfc8785.CanonicalizationError as error:
        diagnostics.error("bundle-digest", manifest.span("metadata"), f"a value has no canonical form: {error}")
        return ""


def _canonical(root: MappingNode) -> object:
    return plain(root)


__all__ = ["MANIFEST", "Bundle", "Checked", "Source", "Unreadable", "load"]
