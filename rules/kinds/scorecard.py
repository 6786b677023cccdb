"""Scorecard: what speaks for each word of an enum, weighed row by row; the word with the highest sum is the best.

The weights of the rows that hold are added from 0.0 in the order of the rows. Of equal sums the word wins that stands
first in its enum. `scores`, `best` and `best_score` are then names like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rules.cel.bounds import result_of
from rules.cel.expressions import covered, report, text_of, typed
from rules.cel.functions import BY_ID
from rules.cel.presence import NONE
from rules.cel.syntax_faults import SyntaxFault
from rules.cel.tree import Call, Conditional, Constant, Entries, Node, Variable, define
from rules.diagnostics import did_you_mean
from rules.documents.scorecard import ScorecardSpec
from rules.documents.sections import NAME
from rules.documents.type_specs import type_meant
from rules.kinds.assembly import plan_of
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import concluded, preconditions, unique_ids
from rules.plan import Plan
from rules.plan import Row as CardRow
from rules.source import Span
from rules.tables.cells import read_expression
from rules.tables.pipe import Cell, PipeTable, Row, read_table
from rules.types import BOOL, DoubleType, EnumType, IntType, MapType, StringType, Type, join, show

ID, WHEN, WEIGHT = "id", "when", "weight"
SCORES, BEST, BEST_SCORE = "scores", "best", "best_score"


def lower_scorecard(lowering: Lowering) -> Plan | None:
    """The plan of a Scorecard, or None when it has faults."""
    spec = lowering.spec
    assert isinstance(spec, ScorecardSpec)
    return plan_of(lowering, {("spec", "variables"): spec.variables}, scorecard_body)


def scorecard_body(lowering: Lowering) -> Body:
    """The body: the scores are named, then come the variables and the rules over them."""
    spec = lowering.spec
    assert isinstance(spec, ScorecardSpec)
    card = _card(lowering, spec)
    if card is None:
        lowering.faulty(SCORES, BEST, BEST_SCORE)
    else:
        _name(lowering, card)
    lowering.read_definitions(("spec", "conclude", "variables"), spec.conclude.variables)
    rules = spec.conclude.rules
    spans = [lowering.document.span("spec", "conclude", "rules", i, "id") for i in range(len(rules))]
    unique_ids(lowering, [(span, rule.id) for span, rule in zip(spans, rules, strict=True)])
    return concluded(lowering, ("spec", "conclude"), rules, spec.conclude.otherwise, preconditions(lowering))


@dataclass(frozen=True, slots=True)
class Card:
    """The words that are scored, in the order of their enum, each with the contributions of its rows."""

    enum: EnumType
    parts: Mapping[str, list[Node]]
    span: Span


def _card(lowering: Lowering, spec: ScorecardSpec) -> Card | None:
    (column, name), *_ = spec.by.items()
    enum = _enum(lowering, column, name)
    table = read_table(lowering.scalar("spec", "table"), lowering.diagnostics)
    places = None if table is None else _header(lowering, table, column)
    if enum is None or table is None or places is None:
        lowering.failed = True
        return None
    words = _scored(lowering, spec, enum)
    parts: dict[str, list[Node]] = {word: [] for word in words}
    ids: set[tuple[str, str]] = set()
    for row in table.rows:
        word, part = row.cells[places[column]], _contribution(lowering, row, column, places)
        if _is_new(lowering, word, row.cells[places[ID]], ids) and _is_word(lowering, word, enum, words) and part:
            parts[word.text].append(part)
    seen = {row.cells[places[column]].text for row in table.rows}
    for silent in (name for name in words if name not in seen):
        message = f"no row speaks for `{silent}`"
        lowering.error("scorecard-word", ("spec", "by", column), message, remedy=f"a row, or `unscored: [{silent}]`")
    return None if lowering.failed else Card(enum, parts, lowering.document.span("spec", "table"))


def _enum(lowering: Lowering, column: str, name: str) -> EnumType | None:
    """The enum whose words are scored."""
    named, path = lowering.around.types.named, ("spec", "by", column)
    found = named.get(name)
    if isinstance(found, EnumType) and not found.open:
        return found
    if found is None:
        lowering.error("types-unknown", path, f"there is no type `{name}`", remedy=type_meant(name, named))
    else:
        lowering.error(
            "scorecard-word", path, f"`{name}` is {show(found)}", expected="an enum all of whose words are known"
        )
    return None


def _scored(lowering: Lowering, spec: ScorecardSpec, enum: EnumType) -> list[str]:
    """The words of the enum but those that are said to have no rows."""
    for index, word in enumerate(spec.unscored):
        if word not in enum.members:
            near = did_you_mean(word, enum.members)
            message = f"`{word}` is not a word of `{enum.name}`"
            lowering.error("scorecard-word", ("spec", "unscored", index), message, remedy=f"`{near}`" if near else "")
    return [word for word in enum.members if word not in spec.unscored]


def _header(lowering: Lowering, table: PipeTable, column: str) -> dict[str, int] | None:
    """Where each column stands."""
    wanted = (column, ID, WHEN, WEIGHT)
    places = {cell.text: at for at, cell in enumerate(table.header)}
    odd = [cell for cell in table.header if cell.text not in wanted]
    if not odd and len(places) == len(wanted) == len(table.header):
        return places
    expected = "| " + " | ".join(wanted) + " |"
    cell = odd[0] if odd else table.header[0]
    message = f"there is no column `{cell.text}`" if odd else "the header lacks a column, or names one twice"
    lowering.diagnostics.error("table-header", cell.span, message, expected=f"`{expected}`")
    return None


def _is_new(lowering: Lowering, word: Cell, ident: Cell, ids: set[tuple[str, str]]) -> bool:
    """Whether a row has an id, as rules have one, that no other row of its word has."""
    if not re.fullmatch(NAME, ident.text):
        message = f"`{ident.text}` is no id" if ident.text else "the row has no id"
        expected = "small letters, digits and dashes, as `global-cooldown`"
        lowering.diagnostics.error("table-row", ident.span, message, expected=expected)
    elif (word.text, ident.text) in ids:
        message = f"`{ident.text}` is the id of another row of `{word.text}`"
        lowering.diagnostics.error("rule-duplicate", ident.span, message, remedy="another id")
    else:
        ids.add((word.text, ident.text))
        return True
    lowering.failed = True
    return False


def _is_word(lowering: Lowering, word: Cell, enum: EnumType, words: list[str]) -> bool:
    if word.text in words:
        return True
    near = did_you_mean(word.text, words)
    message = f"`{word.text}` is not a word of `{enum.name}`"
    if word.text in enum.members:
        near, message = "", f"`{word.text}` stands under `unscored`"
    lowering.diagnostics.error("scorecard-word", word.span, message, remedy=f"`{near}`" if near else "")
    lowering.failed = True
    return False


def _contribution(lowering: Lowering, row: Row, column: str, places: Mapping[str, int]) -> Node | None:
    """What a row adds: its weight where its condition holds, else 0.0."""
    when = _cell(lowering, row.cells[places[WHEN]], BOOL)
    weight = _weight(lowering, row.cells[places[WEIGHT]])
    if when is None or weight is None:
        lowering.failed = True
        return None
    word, ident = (row.cells[places[name]] for name in (column, ID))
    lowering.rows.append(CardRow(f"{word.text}/{ident.text}", when, ident.span))
    nothing = Constant(0.0, DoubleType(0.0, 0.0), weight.span)
    return Conditional(when, weight, nothing, join(weight.type, nothing.type), row.span)


def _weight(lowering: Lowering, cell: Cell) -> Node | None:
    """A double; a whole number may stand for one."""
    node = _cell(lowering, cell, None)
    if isinstance(node, Constant) and isinstance(node.type, IntType) and isinstance(node.value, int):
        value = float(node.value)
        return Constant(value, DoubleType(value, value), node.span)
    if node is None or isinstance(node.type, DoubleType):
        return node
    message = f"a weight is a number, and `{cell.text}` is {show(node.type)}"
    lowering.diagnostics.error("scorecard-weight", cell.span, message, expected="a double")
    return None


def _cell(lowering: Lowering, cell: Cell, wanted: Type | None) -> Node | None:
    """The expression in a cell."""
    text = text_of(cell.scalar)
    try:
        parsed = read_expression(cell)
    except SyntaxFault as fault:
        report(fault, text, lowering.diagnostics)
        return None
    node = typed(parsed, text, lowering.scope, lowering.diagnostics, expected=wanted, known=None)
    if node is None or not covered(node, NONE, lowering.diagnostics):
        return None
    lowering.written.append(node)
    return node


def _name(lowering: Lowering, card: Card) -> None:
    """Give the scores, the best and its score their names."""
    span = card.span
    scores = {word: Variable(define(word, _sum(parts, span)), span) for word, parts in card.parts.items()}
    greatest = BY_ID["greatest_double"]
    t, raises = result_of(greatest, [score.type for score in scores.values()])
    best_score = define(BEST_SCORE, Call(greatest, tuple(scores.values()), t, span, raises))
    entries = tuple((Constant(word, StringType(len(word)), span), score) for word, score in scores.items())
    mapping = Entries(entries, MapType(t, max_entries=len(entries)), span)
    *others, last = scores
    best: Node = Constant(last, card.enum, span)
    for word in reversed(others):
        is_best = Call(BY_ID["equal"], (scores[word], Variable(best_score, span)), BOOL, span, raises=False)
        best = Conditional(is_best, Constant(word, card.enum, span), best, card.enum, span)
    for definition in (define(SCORES, mapping), best_score, define(BEST, best)):
        if lowering.check_name("variable-name", ("spec", "table"), definition.name, lowering.scope.names):
            lowering.definitions.append(definition)
            lowering.scope = lowering.scope.with_names({definition.name: definition})


def _sum(parts: list[Node], span: Span) -> Node:
    """The contributions added left to right from 0.0."""
    total: Node = Constant(0.0, DoubleType(0.0, 0.0), span)
    add = BY_ID["add_double"]
    for part in parts:
        t, raises = result_of(add, [total.type, part.type])
        total = Call(add, (total, part), t, span, raises)
    return total
