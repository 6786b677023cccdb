"""The fixed rule of exits: an order that only reduces what is held, told from the signal and the filled positions.

It is a CLOSE, or the opposite side, of a symbol held on exactly one side. `engine.exits` has the same rule for inputs
that cannot be read as a whole.
"""

from __future__ import annotations

from rules.cel import presence
from rules.cel.expressions import Template, expression, text_of_source
from rules.cel.tree import Node, Placeholder
from rules.diagnostics import Diagnostics
from rules.kinds.lowering import Lowering
from rules.plan import Case
from rules.source import Source
from rules.types import BOOL

EXIT = "exit"
"""The id of the rule that lets exits through."""

_LONG = 'portfolio.positions.filter(p, p.symbol == signal.symbol).exists(p, p.side == "LONG")'
_SHORT = 'portfolio.positions.filter(p, p.symbol == signal.symbol).exists(p, p.side == "SHORT")'
_CLOSES_LONG = f'(signal.final_action == "CLOSE" || signal.final_action == "SELL") && {_LONG} && !{_SHORT}'
_CLOSES_SHORT = f'(signal.final_action == "CLOSE" || signal.final_action == "BUY") && {_SHORT} && !{_LONG}'
_IS_EXIT = Source("exits", f"{_CLOSES_LONG} || {_CLOSES_SHORT}")
_REASON = Source("exits", f'{_CLOSES_LONG} ? "close_long" : "close_short"')


def exit_case(lowering: Lowering) -> Case | None:
    """The case of an exit, before all others; None when the document lacks what tells one."""
    spec = lowering.spec
    outcome = getattr(spec, "exits", None)
    assert isinstance(outcome, str)
    path = ("spec", "exits")
    lowering.outcome(path, outcome)
    if lowering.outcomes.get(outcome, "allow") != "allow":
        lowering.error(
            "pipeline-exits", path, f"`{outcome}` does not allow", expected="an outcome with `effect: allow`"
        )
    for index, one in enumerate(getattr(spec, "exempt", ())):
        if one.id == EXIT:  # what it allows would pass for an exit, which does not expire
            lowering.error(
                "rule-reserved",
                ("spec", "exempt", index, "id"),
                f"`{EXIT}` is what the rule of exits is called",
                remedy="another id",
            )
    if lowering.scope.is_faulty("signal") or lowering.scope.is_faulty("portfolio"):
        return None
    when, reason = _parsed(lowering, _IS_EXIT), _parsed(lowering, _REASON)
    if when is None or reason is None:
        lowering.error(
            "pipeline-exits",
            path,
            "an exit cannot be told from the inputs here",
            expected="`signal` with `symbol` and `final_action`, and `portfolio.positions` with `symbol` and `side`",
        )
        return None
    span = lowering.document.span(*path)
    told = Template((Placeholder(reason, ""),), span)
    return Case(EXIT, when, (), outcome, told, span, "the order only reduces what is held on one side")


def _parsed(lowering: Lowering, source: Source) -> Node | None:
    own = Diagnostics()
    expected = BOOL if source is _IS_EXIT else None
    node = expression(text_of_source(source), lowering.scope, own, expected=expected, known=presence.NONE)
    return None if own.errors else node
