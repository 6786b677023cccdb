"""Whether a document has the shape of its kind: pydantic's findings, told in the words and places of the document."""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.findings import form, one_of, say
from rules.documents.kinds import DOCUMENTS, Document
from rules.source import Source, Span
from rules.yaml_nodes import Mapping, Node, Scalar, Sequence, at, plain

Step = str | int


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """A document whose shape is right: its model for values, its nodes for places and expressions."""

    source: Source
    root: Mapping
    model: Document
    kind: str

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.model.metadata.name

    @property
    def spec(self) -> Mapping:
        """The node under `spec`."""
        node = self.root.get("spec")
        assert isinstance(node, Mapping)
        return node

    def span(self, *path: Step) -> Span:
        """The span of the node at a path from the root (of the deepest that exists)."""
        return at(self.root, path).span

    def key_span(self, *path: Step) -> Span:
        """The span of the key at a path (of the node itself where it has none)."""
        parent = at(self.root, path[:-1])
        key = parent.key(str(path[-1])) if isinstance(parent, Mapping) else None
        return self.span(*path) if key is None else key.span


def shaped(
    source: Source, root: Node, diagnostics: Diagnostics, known: Lookup[str, type[Document]] = DOCUMENTS
) -> Shaped | None:
    """The document in a YAML root, or None when its shape is wrong (every fault is reported).

    `known` are the kinds that may stand there: those of a bundle, where nothing else is said.
    """
    if not isinstance(root, Mapping):
        diagnostics.error(
            "document-shape", root.span, "a document is a mapping", expected="`apiVersion`, `kind`, `metadata`, `spec`"
        )
        return None
    kind = _kind(root, known, diagnostics)
    if kind is None:
        return None
    try:
        model = known[kind].model_validate(plain(root))
    except ValidationError as error:
        _report(root, known[kind], error.errors(include_url=False, include_context=True), diagnostics)
        return None
    return Shaped(source, root, model, kind)


def _kind(root: Mapping, known: Lookup[str, type[Document]], diagnostics: Diagnostics) -> str | None:
    node = root.get("kind")
    kinds = ", ".join(f"`{kind}`" for kind in known)
    if node is None:
        diagnostics.error(
            "document-kind", root.span, "the document does not say its `kind`", expected=f"`kind:` one of {kinds}"
        )
        return None
    if isinstance(node, Scalar) and node.value in known:
        return node.text
    shown = node.text if isinstance(node, Scalar) else "this"
    near = did_you_mean(shown, known)
    diagnostics.error(
        "document-kind",
        node.span,
        f"`{shown}` is not a kind of document",
        expected=f"one of {kinds}",
        remedy=f"`kind: {near}`" if near else "",
    )
    return None


def _report(root: Mapping, model: type[BaseModel], errors: list[ErrorDetails], diagnostics: Diagnostics) -> None:
    """Every finding once: a mistyped key is not missing too, and the options of a union fail as one."""
    instead: dict[tuple[Step, ...], set[str]] = {}
    wrong: dict[tuple[Step, ...], list[ErrorDetails]] = {}
    for found in errors:
        path = _path(root, found)
        if found["type"] == "extra_forbidden":
            instead.setdefault(path[:-1], set()).add(_unknown_key(root, model, path, diagnostics))
        elif found["type"] != "missing":
            wrong.setdefault(path, []).append(found)
    for found in errors:
        missing, path = str(found["loc"][-1]), _path(root, found)
        if found["type"] == "missing" and missing not in instead.get(path[:-1], ()):
            head = _head(at(root, path))
            diagnostics.error("document-missing", head, f"`{missing}` is missing here", expected=f"`{missing}:`")
    for path, options in wrong.items():
        node = at(root, path)
        if options[0]["loc"][-1] == "[key]":
            _wrong_key(root, path, options[0], diagnostics)
            continue
        message, expected, remedy = say(options, node, path)
        diagnostics.error("document-value", node.span, message, expected=expected, remedy=remedy)


def _wrong_key(root: Mapping, path: tuple[Step, ...], found: ErrorDetails, diagnostics: Diagnostics) -> None:
    parent, key = at(root, path[:-1]), str(path[-1])
    node = parent.key(key) if isinstance(parent, Mapping) else None
    span = parent.span if node is None else node.span
    expected, remedy = form(str(found.get("ctx", {}).get("pattern", "")), key)
    diagnostics.error(
        "document-value", span, f"`{key}` is not a name that can stand here", expected=expected, remedy=remedy
    )


def _head(node: Node) -> Span:
    """A mapping's first key rather than the whole of it."""
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0][0].span
    return node.span


def _path(root: Node, found: ErrorDetails) -> tuple[Step, ...]:
    """Pydantic's location without the tags of its unions; the key it speaks of need not be there."""
    location, names_key = found["loc"], found["type"] in ("missing", "extra_forbidden")
    path: list[Step] = []
    node = root
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(node, Mapping) and node.get(str(step)) is not None:
            path.append(str(step))
            child = node.get(str(step))
            assert child is not None
            node = child
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            path.append(step)
            node = node.items[step]
        elif last and names_key:
            path.append(step)
    return tuple(path)


def _unknown_key(root: Mapping, model: type[BaseModel], path: tuple[Step, ...], diagnostics: Diagnostics) -> str:
    """Report a key that is not known; gives the known one that it stands for, or an empty string."""
    parent = at(root, path[:-1])
    key = str(path[-1])
    known = _known_keys(model, path[:-1], key)
    near = did_you_mean(key, known)
    span = parent.span
    if isinstance(parent, Mapping):
        node = parent.key(key)
        span = node.span if node is not None else span
    diagnostics.error(
        "document-unknown-key",
        span,
        f"`{key}` is not a key here",
        expected=one_of(known),
        remedy=f"`{near}`" if near else "",
    )
    return near


def _known_keys(model: type[BaseModel], path: tuple[Step, ...], refused: str) -> list[str]:
    """The keys a model allows at a path where one was refused, read from its JSON Schema."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    places = [schema]
    for step in path:
        places = [child for place in places for child in _children(_resolve(place, definitions), step, definitions)]
    keys: list[str] = []
    for place in places:
        for option in _resolve(place, definitions):
            properties = option.get("properties")
            if isinstance(properties, dict) and refused not in properties:  # else another kind of this is meant
                keys += [key for key in properties if key not in keys]
    return keys


def _resolve(schema: Lookup[str, object], definitions: Lookup[str, object]) -> list[dict[str, object]]:
    """A schema with its reference followed and its alternatives laid side by side."""
    if "$ref" in schema:
        target = definitions[str(schema["$ref"]).rpartition("/")[2]]
        assert isinstance(target, dict)
        return _resolve(target, definitions)
    alternatives = schema.get("anyOf", schema.get("oneOf"))
    if isinstance(alternatives, list):
        return [option for alternative in alternatives for option in _resolve(alternative, definitions)]
    return [dict(schema)]


def _children(
    options: list[dict[str, object]], step: Step, definitions: Lookup[str, object]
) -> list[dict[str, object]]:
    out: list[dict[str, object]] = []
    for option in options:
        properties = option.get("properties")
        candidates = [
            properties.get(str(step)) if isinstance(properties, dict) else None,
            option.get("items") if isinstance(step, int) else None,
            option.get("additionalProperties"),
            *_values(option.get("patternProperties")),
        ]
        out += [candidate for candidate in candidates if isinstance(candidate, dict)]
    return out


def _values(patterns: object) -> list[object]:
    return list(patterns.values()) if isinstance(patterns, dict) else []
