"""The active positions controller in plain Python: the order of checks of SEEDS.md section 5, and the seed's log lines.

`check` names what decided: policy, universe, margin, correlation, slots, rotation, or `none` when all passed.

Silent points:
- Regime is computed in its place and blocks nothing.
- Slots are looked at before correlation only to learn which position a rotation would close; a candidate that would not
  rotate is correlated with the whole book, and correlation names the outcome before full slots do.
- A candidate that is too correlated with the very position it would replace may rotate.
- Several symbols spelled alike in the universe count once. One entry that is no text makes the whole universe invalid.
- A slots verdict that cannot be computed blocks in the place of slots.
- Log lines: the seed shows no line for a symbol outside the universe, for an account without equity, for a correlation
  that cannot be computed or for a missing score; here these say `none`. An allowed expansion keeps its slots' count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.oracles.book import BLOCK, Facts, Verdict, allowed, failed, is_error, lacking
from tests.oracles.correlation import CorrelationParameters, decide_correlation
from tests.oracles.margin import MarginParameters, decide_margin
from tests.oracles.regime import RegimeParameters, decide_regime
from tests.oracles.slots import ROTATION, SlotParameters, decide_slots, symbols_of

NO_POLICY = "BLOCKED_NO_POLICY"
UNREADABLE = "quantum:policy:current missing or invalid"


@dataclass(frozen=True)
class ActiveParameters:
    """The parameters of each check."""

    regime: RegimeParameters = field(default_factory=RegimeParameters)
    slots: SlotParameters = field(default_factory=SlotParameters)
    margin: MarginParameters = field(default_factory=MarginParameters)
    correlation: CorrelationParameters = field(default_factory=CorrelationParameters)


ACTIVE_DEFAULTS = ActiveParameters()


def decide_universe(facts: Facts) -> Verdict:
    """Whether there is a policy, and whether the symbol is in its universe."""
    symbols = symbols_of(facts.get("universe"))
    if symbols is None:
        return {"outcome": NO_POLICY, "effect": BLOCK, "check": "policy"}
    if facts["intent"]["symbol"] not in symbols:
        return {"outcome": NO_POLICY, "effect": BLOCK, "check": "universe"}
    return allowed("ALLOW", check="none")


def decide_active_positions(facts: Facts, parameters: ActiveParameters = ACTIVE_DEFAULTS) -> Verdict:
    """The first check that blocks, with what every check found out."""
    p, cause = parameters, lacking(facts, "intent", "portfolio")
    if cause:
        return failed(cause)
    universe = decide_universe(facts)
    regime = decide_regime(facts, p.regime)
    slots = decide_slots({**facts, "regime_slots": regime["slots"]}, p.slots)
    margin = decide_margin(facts, p.margin)
    correlation = decide_correlation({**facts, "excluding": slots.get("closes")}, p.correlation)
    told = {
        "regime": regime["regime"],
        "regime_confidence": regime["confidence"],
        **{name: slots.get(name) for name in ("desired", "open", "available")},
        "usage_pct": margin.get("usage_pct"),
        "max_correlation": correlation.get("max_correlation"),
        **{name: slots.get(name) for name in ("over_by", "weakest", "weakest_score", "improvement")},
    }
    rotates = slots["outcome"] == ROTATION
    checks = (
        (universe["check"], universe),
        ("margin", margin),
        ("correlation", correlation),
        ("rotation" if rotates else "slots", slots),
    )
    for check, verdict in checks:
        if verdict["effect"] == BLOCK:
            named = {"outcome": verdict["outcome"], "effect": BLOCK, "check": check, "kind": verdict.get("kind")}
            return {**named, **told, "closes": slots.get("closes") if check == "rotation" else None}
    return allowed("ALLOW", check="none", kind=slots["kind"], **told, closes=None)


def log_lines(facts: Facts, verdict: Verdict, parameters: ActiveParameters = ACTIVE_DEFAULTS) -> list[str]:
    """The grep-friendly lines of a verdict, as the seed shows them."""
    if is_error(verdict):
        return []
    status = (
        f"ACTIVE_SLOTS desired={verdict['desired']} open={verdict['open']} available={verdict['available']} "
        f"regime={verdict['regime']} regime_confidence={verdict['regime_confidence']:.2f} "
        f"symbol={facts['intent']['symbol']}"
    )
    return [status, _line(facts["intent"], verdict, parameters)]


def _line(intent: Facts, verdict: Verdict, p: ActiveParameters) -> str:
    symbol, score = intent["symbol"], _text(intent.get("score"), 2)
    match verdict["check"]:
        case "policy":
            return f'BLOCKED_NO_POLICY symbol={symbol} reason="{UNREADABLE}"'
        case "universe":
            return f'BLOCKED_NO_POLICY symbol={symbol} reason="none"'
        case "margin":
            usage = _text(verdict["usage_pct"], 1)
            return (
                f"BLOCKED_MARGIN symbol={symbol} margin_usage_pct={usage} max_margin_pct={p.margin.max_margin_pct:.1f}"
            )
        case "correlation":
            found = _text(verdict["max_correlation"], 3)
            return f"CORR_BLOCK symbol={symbol} corr={found} threshold={p.correlation.max_correlation:.2f}"
        case "slots":
            return f"BLOCKED_SLOTS_FULL symbol={symbol} score={score} slots={verdict['open']}/{verdict['desired']}"
        case "rotation":
            return (
                f"ROTATION_CLOSE weakest={verdict['weakest']} weakest_score={verdict['weakest_score']:.2f} "
                f"new_symbol={symbol} new_score={score} threshold={p.slots.rotation_threshold * 100:.2f}% "
                f"improvement={verdict['improvement'] * 100:.2f}%"
            )
        case _:
            taken = verdict["open"] + (0 if verdict["kind"] == "takes_no_slot" else 1)
            return f"ACTIVE_SLOTS_ALLOW symbol={symbol} score={score} slots={taken}/{verdict['desired']}"


def _text(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"
