"""Whether a document has the shape of its kind: pydantic's findings, told in the words and places of the document."""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rules.diagnostics import Diagnostics, did_you_mean
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


def shaped(source: Source, root: Node, diagnostics: Diagnostics) -> Shaped | None:
    """The document in a YAML root, or None when its shape is wrong (every fault is reported)."""
    if not isinstance(root, Mapping):
        diagnostics.error(
            "document-shape", root.span, "a document is a mapping", expected="`apiVersion`, `kind`, `metadata`, `spec`"
        )
        return None
    kind = _kind(root, diagnostics)
    if kind is None:
        return None
    try:
        model = DOCUMENTS[kind].model_validate(plain(root))
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=True):
            _report(root, DOCUMENTS[kind], found, diagnostics)
        return None
    return Shaped(source, root, model, kind)


def _kind(root: Mapping, diagnostics: Diagnostics) -> str | None:
    node = root.get("kind")
    kinds = ", ".join(f"`{kind}`" for kind in DOCUMENTS)
    if node is None:
        diagnostics.error(
            "document-kind", root.span, "the document does not say its `kind`", expected=f"`kind:` one of {kinds}"
        )
        return None
    if isinstance(node, Scalar) and node.value in DOCUMENTS:
        return node.text
    shown = node.text if isinstance(node, Scalar) else "this"
    near = did_you_mean(shown, DOCUMENTS)
    diagnostics.error(
        "document-kind",
        node.span,
        f"`{shown}` is not a kind of document",
        expected=f"one of {kinds}",
        remedy=f"`kind: {near}`" if near else "",
    )
    return None


def _report(root: Mapping, model: type[BaseModel], found: ErrorDetails, diagnostics: Diagnostics) -> None:
    path = _path(root, found["loc"])
    node = at(root, path)
    kind = found["type"]
    if kind == "extra_forbidden":
        _unknown_key(root, model, path, diagnostics)
    elif kind == "missing":
        missing = str(found["loc"][-1])
        diagnostics.error("document-missing", _head(node), f"`{missing}` is missing here", expected=f"`{missing}:`")
    else:
        message, expected = _say(found, node)
        diagnostics.error("document-value", node.span, message, expected=expected)


def _head(node: Node) -> Span:
    """A mapping's first key rather than the whole of it."""
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0][0].span
    return node.span


def _path(root: Node, location: tuple[int | str, ...]) -> tuple[Step, ...]:
    """Pydantic's location without the tags of its unions."""
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
        elif last and step != "[key]":
            path.append(step)
    return tuple(path)


def _unknown_key(root: Mapping, model: type[BaseModel], path: tuple[Step, ...], diagnostics: Diagnostics) -> None:
    parent = at(root, path[:-1])
    key = str(path[-1])
    known = _known_keys(model, path[:-1])
    near = did_you_mean(key, known)
    span = parent.span
    if isinstance(parent, Mapping):
        node = parent.key(key)
        span = node.span if node is not None else span
    diagnostics.error(
        "document-unknown-key",
        span,
        f"`{key}` is not a key here",
        expected=("one of " + ", ".join(f"`{k}`" for k in known)) if known else "",
        remedy=f"`{near}`" if near else "",
    )


def _known_keys(model: type[BaseModel], path: tuple[Step, ...]) -> list[str]:
    """The keys a model allows at a path, read from its JSON Schema."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    places = [schema]
    for step in path:
        places = [child for place in places for child in _children(_resolve(place, definitions), step, definitions)]
    keys: list[str] = []
    for place in places:
        for option in _resolve(place, definitions):
            properties = option.get("properties")
            keys += [key for key in properties if key not in keys] if isinstance(properties, dict) else []
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


def _say(found: ErrorDetails, node: Node) -> tuple[str, str]:
    """What was found and what was expected, without a word of the host language."""
    shown = f"`{node.text}`" if isinstance(node, Scalar) else ("a list" if isinstance(node, Sequence) else "a mapping")
    context = found.get("ctx", {})
    kind = found["type"]
    if found["loc"] and found["loc"][-1] == "[key]":
        key = str(found["loc"][-2])
        return f"`{key}` is not a name that can stand here", f"a name that matches `{context.get('pattern', '')}`"
    match kind:
        case "string_type":
            hint = (
                "text"
                if not isinstance(node, Scalar) or isinstance(node.value, str)
                else f'text: put it in quotes, "{node.text}"'
            )
            return f"{shown} is not text", hint
        case "string_pattern_mismatch":
            return f"{shown} does not have the right form", f"text that matches `{context['pattern']}`"
        case "string_too_long" | "too_long":
            return f"{shown} is too long", f"at most {context.get('max_length')}"
        case "string_too_short" | "too_short":
            return f"{shown} is empty", f"at least {context.get('min_length')}"
        case "literal_error" | "enum":
            return f"{shown} is not a word known here", f"one of {context['expected']}".replace("'", "`")
        case (
            "int_type" | "float_type" | "bool_type" | "list_type" | "dict_type" | "model_type" | "model_attributes_type"
        ):
            wanted = {"int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list"}
            return f"{shown} cannot stand here", wanted.get(kind.partition("_")[0], "a mapping")
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            bound = next(iter(context.values()), "")
            return f"{shown} is out of range", f"{'at least' if 'greater' in kind else 'at most'} {bound}"
        case _:
            return f"{shown} cannot stand here", "a value of the kind the schema shows"
