"""The files of a bundle's folder: the manifest, what it includes, and the folder it is laid over.

Rules kept here: a document that cannot be used is remembered by every name it may have, so that what depends on it is
not reported as missing; and when files are missing altogether, nothing is said of what the others lack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from rules.diagnostics import Diagnostics
from rules.documents.kinds import DOCUMENTS, BundleDocument
from rules.documents.shape import Shaped, shaped
from rules.source import Source
from rules.yaml_reader import read_yaml

MANIFEST = "bundle.yaml"
MAX_FILES = 2_000


class Unreadable(Exception):
    """There is no bundle to check: the folder or its manifest is missing. Says what to do."""


@dataclass(slots=True)
class Folder:
    """What was found in a folder. `complete` says whether every file meant to be there was found and may be read."""

    manifest: Shaped | None = None
    documents: list[Shaped] = field(default_factory=list)
    unusable: set[str] = field(default_factory=set)
    """Names that documents with faults have, or may have."""
    unusable_kinds: set[str] = field(default_factory=set)
    files: int = 1
    complete: bool = True


def read_folder(
    folder: Path,
    diagnostics: Diagnostics,
    above: tuple[Path, ...] = (),
    *,
    with_suites: bool = True,
    within: Path | None = None,
) -> Folder:
    """The manifest and the documents of a folder, those it is laid over first. Raises `Unreadable`.

    Without suites, these and invariants are passed over where their first lines say what they are. `within` is a
    folder that no overlay may lead out of, for documents of strangers.
    """
    if folder.is_file():
        whole = next((parent for parent in folder.parents if (parent / MANIFEST).is_file()), Path("policies"))
        raise Unreadable(f"`{folder}` is a file, and a bundle is a folder, as `{whole}` is")
    if not folder.is_dir():
        raise Unreadable(f"there is no folder `{folder}`")
    path = folder / MANIFEST
    if not path.is_file():
        raise Unreadable(f"`{folder}` has no `{MANIFEST}`: it names the bundle, its version and its files")
    found = Folder()
    manifest = _read(path, found, diagnostics)
    if manifest is not None and not isinstance(manifest.model, BundleDocument):
        diagnostics.error(
            "bundle-manifest", manifest.span("kind"), f"`{MANIFEST}` is of kind Bundle", remedy="`kind: Bundle`"
        )
        manifest = None
    if manifest is None:
        found.complete = False
        return found
    found.manifest = manifest
    _lay_under(found, folder, manifest, diagnostics, above, with_suites=with_suites, within=within)
    files = _included(found, folder, manifest, diagnostics)
    read = (_read(file, found, diagnostics, with_suites=with_suites) for file in files)
    own = [document for document in read if document is not None]
    found.files += len(files)
    _report_unread(folder, manifest, files, diagnostics)
    found.documents = _distinct(_laid_over(found.documents, _distinct(own, diagnostics)), diagnostics)
    return found


def _lay_under(
    found: Folder,
    folder: Path,
    manifest: Shaped,
    diagnostics: Diagnostics,
    above: tuple[Path, ...],
    *,
    with_suites: bool,
    within: Path | None,
) -> None:
    """Take the documents of the folder that this one is laid over."""
    assert isinstance(manifest.model, BundleDocument)
    overlay = manifest.model.spec.overlay
    if overlay is None:
        return
    span = manifest.span("spec", "overlay")
    if "\0" in overlay or (within is not None and not (folder / overlay).resolve().is_relative_to(within.resolve())):
        _report_no_bundle(found, manifest, overlay, diagnostics)
        return
    target = (folder / overlay).resolve()
    if target in (*above, folder.resolve()):
        diagnostics.error(
            "bundle-overlay", span, f"`{overlay}` leads back to this bundle", expected="the folder of another bundle"
        )
        found.complete = False
        return
    try:
        below = _display(folder / overlay)
        base = read_folder(below, diagnostics, (*above, folder.resolve()), with_suites=with_suites, within=within)
    except Unreadable:
        _report_no_bundle(found, manifest, overlay, diagnostics)
        return
    found.documents = base.documents
    found.unusable |= base.unusable
    found.unusable_kinds |= base.unusable_kinds
    found.files += base.files
    found.complete &= base.complete


def _report_no_bundle(found: Folder, manifest: Shaped, overlay: str, diagnostics: Diagnostics) -> None:
    found.complete = False
    diagnostics.error(
        "bundle-overlay",
        manifest.span("spec", "overlay"),
        f"`{overlay}` holds no bundle",
        expected=f"a folder with a `{MANIFEST}`, seen from the folder of this one",
    )


def _display(path: Path) -> Path:
    """The path without `x/..`, as a person would write it."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)


def _included(found: Folder, folder: Path, manifest: Shaped, diagnostics: Diagnostics) -> list[Path]:
    assert isinstance(manifest.model, BundleDocument)
    files: dict[Path, None] = {}
    for index, pattern in enumerate(manifest.model.spec.includes):
        fault, expected = "", "a path below it, as `*.yaml`"
        if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
            fault = f"`{pattern}` leaves the folder"
        else:
            matches = _matches(folder, pattern)
            files.update(dict.fromkeys(matches))
            if not matches:
                fault, expected = f"no file matches `{pattern}`", ""
        if fault:
            found.complete = False
            diagnostics.error("bundle-include", manifest.span("spec", "includes", index), fault, expected=expected)
    if len(files) > MAX_FILES:
        diagnostics.error(
            "bundle-include",
            manifest.span("spec", "includes"),
            f"the folder holds {len(files)} files for it",
            expected=f"at most {MAX_FILES}",
        )
        found.complete = False
        return []
    return list(files)


def _report_unread(folder: Path, manifest: Shaped, files: list[Path], diagnostics: Diagnostics) -> None:
    """Warn of documents in the folder that no include reads; folders that are bundles themselves stand apart."""
    read, waiting = {*files, folder / MANIFEST}, [folder]
    for _ in range(MAX_FILES):
        if not waiting:
            return
        for path in sorted(waiting.pop().iterdir()):
            shown = path.relative_to(folder).as_posix()
            if path.is_dir() and not path.is_symlink():
                apart = path.name.startswith(".") or (path / MANIFEST).is_file()
                waiting += [] if apart else [path]
            elif path.suffix in (".yaml", ".yml") and path not in read:
                diagnostics.warning(
                    "bundle-unread",
                    manifest.span("spec", "includes"),
                    f"`{shown}` lies in the folder and no include reads it",
                    remedy=f'"{shown}" among the includes, or the file elsewhere',
                )


def _matches(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file() and path.name != MANIFEST)
    except (ValueError, NotImplementedError, OSError):  # not a pattern: `**a`, an empty one, a null character
        return []


def _read(path: Path, found: Folder, diagnostics: Diagnostics, *, with_suites: bool = True) -> Shaped | None:
    """The document of a file; one with faults leaves its names behind."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        nowhere = Source(str(path), "").span(0, 0)
        diagnostics.error("bundle-file", nowhere, f"the file cannot be read: {(error.strerror or 'no reason').lower()}")
        found.complete = False
        return None
    if not with_suites and _CHECKS.match(raw):
        return None
    return _shaped(str(path), raw, found, diagnostics)


def take(found: Folder, name: str, raw: bytes, diagnostics: Diagnostics) -> None:
    """Read a document into what was found, as one of a folder is read."""
    document = _shaped(name, raw, found, diagnostics)
    if document is not None:
        found.documents.append(document)


def _shaped(name: str, raw: bytes, found: Folder, diagnostics: Diagnostics) -> Shaped | None:
    read = read_yaml(name, raw)
    diagnostics.extend(read.diagnostics)
    document = None if read.root is None else shaped(read.source, read.root, diagnostics)
    if document is None:
        found.unusable |= {Path(name).stem, *_written(read.source, _NAME)}
        found.unusable_kinds |= _written(read.source, _KIND) & DOCUMENTS.keys() or set(DOCUMENTS)
    return document


CHECKING = ("Suite", "Invariant")
"""Kinds of documents that are checked with a bundle and are no part of what decides."""
_CHECKS = re.compile(rb"(?:#[^\n]*\n)*apiVersion: [a-z0-9/]+\r?\nkind: (?:Suite|Invariant)\r?\n")
"""How one of these begins. What begins so is one or cannot be used at all, whatever follows: a key stands once."""
_NAME = re.compile(r"^metadata:[^\n]*?(?:\n [^\n]*?)*?[{, ]name: *[\"']?([a-z][a-z0-9-]*)", re.MULTILINE)
_KIND = re.compile(r"^kind: *[\"']?(\w+)", re.MULTILINE)


def _written(source: Source, pattern: re.Pattern[str]) -> set[str]:
    """What a text that cannot be used seems to say."""
    match = pattern.search(source.text)
    return {match[1]} if match else set()


def _distinct(documents: list[Shaped], diagnostics: Diagnostics) -> list[Shaped]:
    """The documents, those left out whose name another one has."""
    named: dict[str, Shaped] = {}
    for document in documents:
        first = named.setdefault(document.name, document)
        if first is not document:
            diagnostics.error(
                "bundle-duplicate",
                document.span("metadata", "name"),
                f"`{document.name}` is the name of two documents",
                remedy="another name",
                notes=[(first.span("metadata", "name"), "the other one")],
            )
    return list(named.values())


def _laid_over(base: list[Shaped], own: list[Shaped]) -> list[Shaped]:
    """The documents of both; one of the base gives way to one of its name, but no policy to a suite or an invariant."""
    replaced = {_standing(document) for document in own}
    return [*(one for one in base if _standing(one) not in replaced), *own]


def _standing(document: Shaped) -> tuple[str, str]:
    """The name of a document, and its kind where it does not decide: only what both are alike gives way."""
    return document.name, document.kind if document.kind in CHECKING else ""
