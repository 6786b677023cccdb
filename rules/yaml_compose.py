"""Composes the nodes of a YAML document from the parser's events.

Rules kept here: a document is bounded before it is built (depth, number of values, both counted
with aliases written out), and a node that may not be used is reported and mended, not dropped
silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

from yaml import events as ev

from rules import yaml_traps as traps
from rules.diagnostics import Diagnostics
from rules.source import Source, Span
from rules.yaml_flow import flow_mapping, flow_sequence
from rules.yaml_indent import colon_before_bracket, entries_without_dash
from rules.yaml_nodes import Mapping, Node, Scalar, Sequence
from rules.yaml_parser import YamlParser, extent
from rules.yaml_scalars import NumberFault, decode, resolve
from rules.yaml_syntax import bad_escape
from rules.yaml_traps import Place, at_key, quoted, shown

MAX_NODES = 50_000
MAX_DEPTH = 50

_Written: TypeAlias = ev.ScalarEvent | ev.CollectionStartEvent
_PROPERTY = re.compile(r"(?:&[0-9A-Za-z_-]+|!\S*)(?:\s|#[^\n]*)*")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Stop(Exception):
    """The document cannot be read further; its reason is among the diagnostics."""


def compose(source: Source, parser: YamlParser, found: Diagnostics) -> Node | None:
    """The root of the only document of a text; none for a text without a document.

    Raises `Stop`, and whatever the parser raises.
    """
    parser.next_event()  # the stream starts
    event = parser.next_event()
    if isinstance(event, ev.DocumentStartEvent):
        event = parser.next_event()
    if isinstance(event, ev.StreamEndEvent) or _is_nothing(event):
        return None
    root = _Composer(source, parser, found).node(event, 1, Place())
    parser.next_event()  # the document ends
    after = parser.next_event()
    if isinstance(after, ev.DocumentStartEvent):
        found.error(
            "yaml-second-document",
            source.span(*extent(after)),
            "a second document starts here",
            expected="one document in a file",
            remedy="each document in a file of its own",
            notes=[(root.span, "the first document")],
        )
    return root


def _is_nothing(event: ev.Event) -> bool:
    start, end = extent(event)
    return isinstance(event, ev.ScalarEvent) and start == end


@dataclass(slots=True)
class _Anchor:
    """A node that aliases may repeat: how many nodes each alias adds, and how deep they reach."""

    span: Span
    node: Node | None = None
    """None while the node is still being built."""
    nodes: int = 0
    height: int = 0


class _Composer:
    """Builds the nodes of one document from the parser's events."""

    def __init__(self, source: Source, parser: YamlParser, found: Diagnostics) -> None:
        self._source = source
        self._parser = parser
        self._found = found
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = 0
        self._deepest = 0
        self._flow_depth = 0
        self._end = 0
        """Where the text of the last node read ends."""
        self._split_off: list[Node] = []
        """Entries of the list being read that were written without their `- `."""

    def node(self, event: ev.Event, depth: int, place: Place) -> Node:
        self._count(event, nodes=1, depth=depth)
        if isinstance(event, ev.ScalarEvent) and event.anchor is None and event.tag is None:
            return self._scalar(event, extent(event)[0], place)
        if isinstance(event, ev.AliasEvent):
            return self._alias(event, depth, place)
        event = cast(_Written, event)
        anchor = self._open_anchor(event)
        nodes_before, deepest_before = self._nodes, self._deepest
        self._deepest = depth
        start, tag_at = self._content(event)
        if isinstance(event, ev.ScalarEvent):
            node = self._scalar(event, start, place)
        elif isinstance(event, ev.SequenceStartEvent):
            node = self._sequence(start, bool(event.flow_style), depth)
        else:
            node = self._mapping(start, bool(event.flow_style), depth, place)
        if tag_at is not None:
            node = traps.tag(self._source, tag_at, node, place, self._found)
        if anchor is not None:
            anchor.node = node
            anchor.nodes = self._nodes - nodes_before + 1
            anchor.height = self._deepest - depth + 1
        self._deepest = max(self._deepest, deepest_before)
        return node

    def _span(self, event: ev.Event) -> Span:
        return self._source.span(*extent(event))

    def _count(self, event: ev.Event, nodes: int, depth: int) -> None:
        """Refuse what would be too much to read, before it is built."""
        self._nodes += nodes
        self._deepest = max(self._deepest, depth)
        if depth <= MAX_DEPTH and self._nodes <= MAX_NODES:
            return
        if depth > MAX_DEPTH:
            self._found.error(
                "yaml-depth",
                self._span(event),
                f"lists and mappings are nested more than {MAX_DEPTH} deep",
                expected=f"at most {MAX_DEPTH} levels",
            )
            raise Stop
        repeated = isinstance(event, ev.AliasEvent)
        self._found.error(
            "yaml-alias-explosion" if repeated else "yaml-too-large",
            self._span(event),
            f"the document has more than {MAX_NODES} values"
            + (" once its aliases are written out" if repeated else ""),
            expected=f"at most {MAX_NODES} values",
            remedy="fewer aliases of aliases" if repeated else "several files",
        )
        raise Stop

    def _alias(self, event: ev.AliasEvent, depth: int, place: Place) -> Node:
        span = self._span(event)
        self._end = span.end
        anchor = self._anchors.get(str(event.anchor))
        if anchor is None:
            self._found.error(
                "yaml-alias",
                span,
                f"{shown(span.text)} is an alias, and no anchor `&{event.anchor}` stands before it",
                expected="an anchor written earlier, or a text in quotes",
                remedy=at_key(place.key, quoted(span.text)),
            )
            return traps.text_scalar(self._source, span.start, span.end)
        if anchor.node is None:
            self._found.error(
                "yaml-alias",
                span,
                f"{shown(span.text)} stands inside its own anchor and would never end",
                expected="an alias of something written before",
                notes=[(anchor.span, "the anchor")],
            )
            raise Stop
        self._count(event, nodes=anchor.nodes - 1, depth=depth + anchor.height - 1)
        return anchor.node

    def _open_anchor(self, event: _Written) -> _Anchor | None:
        if event.anchor is None:
            return None
        name = str(event.anchor)
        start = self._source.text.index(f"&{name}", extent(event)[0])
        anchor = _Anchor(self._source.span(start, start + 1 + len(name)))
        if name in self._anchors:
            self._found.error(
                "yaml-alias",
                anchor.span,
                f"the anchor {shown(anchor.span.text)} is written twice",
                expected="a name of its own for each anchor",
                notes=[(self._anchors[name].span, "first written here")],
            )
        self._anchors[name] = anchor
        return anchor

    def _content(self, event: _Written) -> tuple[int, int | None]:
        """Where a node begins behind its anchor and tag, and where its tag begins."""
        at, tag_at = extent(event)[0], None
        for _ in range((event.anchor is not None) + (event.tag is not None)):
            if self._source.text[at] == "!":
                tag_at = at
            match = _PROPERTY.match(self._source.text, at)
            at = match.end() if match else at
        if isinstance(event, ev.ScalarEvent):
            at = min(at, extent(event)[1])
        return at, tag_at

    def _scalar(self, event: ev.ScalarEvent, start: int, place: Place) -> Node:
        end, style, source = extent(event)[1], event.style, self._source
        indent = self._parser.parent_indents.get(start, -1)
        text, offsets = decode(source.text, start, end, style, indent)
        end = start + len(source.text[start:end].rstrip())
        self._end = end
        span = source.span(start, end)
        if style:
            for match in _SURROGATE.finditer(text):
                self._found.add(bad_escape(source, offsets[match.start()]))
            text = _SURROGATE.sub("\ufffd", text)
            scalar = Scalar(text, text, span, offsets)
            return traps.block_scalar(scalar, place, self._found)
        value = resolve(text)
        if isinstance(value, NumberFault):
            if not place.is_key:
                self._found.error("yaml-number", span, value.message, expected=value.expected)
            value = text
        scalar = Scalar(value, text, span, offsets)
        traps.plain_scalar(scalar, place, self._found)
        return scalar

    def _sequence(self, start: int, flow: bool, depth: int) -> Node:
        items: list[Node] = []
        self._flow_depth += flow
        while not isinstance(event := self._parser.next_event(), ev.SequenceEndEvent):
            items.append(self.node(event, depth + 1, Place(flow=self._flow_depth > 0, is_item=True)))
            items.extend(self._split_off)
            self._split_off.clear()
        self._flow_depth -= flow
        span = self._collection_span(start, event)
        if flow:
            items = flow_sequence(items, self._found)
        return Sequence(tuple(items), span)

    def _mapping(self, start: int, flow: bool, depth: int, place: Place) -> Node:
        pairs: list[tuple[Node, Node]] = []
        self._flow_depth += flow
        in_flow = self._flow_depth > 0
        key_place = Place(flow=in_flow, is_key=True)
        while not isinstance(event := self._parser.next_event(), ev.MappingEndEvent):
            key = self.node(event, depth + 1, key_place)
            name = key.span.text if isinstance(key, Scalar) else ""
            pairs.append((key, self.node(self._parser.next_event(), depth + 1, Place(name, in_flow))))
        self._flow_depth -= flow
        span = self._collection_span(start, event)
        if self._source.text[start] == "{":
            mended = flow_mapping(span, pairs, place, self._found)
            if isinstance(mended, Scalar):
                return mended
            pairs = mended
        elif place.is_item:
            pairs, *others = entries_without_dash(pairs, self._found)
            self._split_off = [Mapping(tuple(self._entries(each)), self._over(each)) for each in others]
        return Mapping(tuple(self._entries(pairs)), span)

    def _over(self, pairs: list[tuple[Node, Node]]) -> Span:
        return self._source.span(pairs[0][0].span.start, pairs[-1][1].span.end)

    def _collection_span(self, start: int, event: ev.Event) -> Span:
        """From the first character to the closing bracket, or to the end of the last entry."""
        if self._source.text[start : start + 1] in ("[", "{"):
            self._end = max(self._end, extent(event)[1])
        return self._source.span(start, max(start, self._end))

    def _entries(self, pairs: list[tuple[Node, Node]]) -> Iterator[tuple[Scalar, Node]]:
        """The entries whose keys may be used: text, no merge key, each once."""
        first: dict[str, Scalar] = {}
        for key, value in pairs:
            if not isinstance(key, Scalar) or key.value is None:
                self._bad_key(key)
            elif key.text == "<<" and traps.is_plain(key):
                self._found.error(
                    "yaml-merge-key",
                    key.span,
                    "merge keys are not part of YAML 1.2",
                    expected="a mapping with all its entries",
                    remedy="the entries themselves in place of `<<`",
                )
            elif key.text in first:
                self._found.error(
                    "yaml-duplicate-key",
                    key.span,
                    f"the key {shown(key.text)} is written twice",
                    expected="each key once",
                    remedy="one of the two entries",
                    notes=[(first[key.text].span, "first written here")],
                )
            elif colon := colon_before_bracket(key, value):
                self._found.add(colon)
                name_end = key.span.start + len(colon.remedy.partition(":")[0])
                yield traps.text_scalar(self._source, key.span.start, name_end), value
            else:
                first[key.text] = key
                yield key, value

    def _bad_key(self, key: Node) -> None:
        what = "nothing" if isinstance(key, Scalar) else "a list or mapping"
        text = key.span.text
        self._found.error(
            "yaml-key",
            key.span,
            f"{shown(text)} is read as {'null' if text else what} and cannot be a key"
            if isinstance(key, Scalar) and text
            else f"the key is {what}",
            expected="a key that is text",
            remedy=f"{quoted(text)}: …" if text and "\n" not in text else "",
        )
