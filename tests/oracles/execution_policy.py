"""The execution policy of governance in plain Python, from SEEDS.md section 4.

In: {now, signals, state: {prudent?, stale?, cap_daily?}}. `stale` (a bool) given beside them stands for the latch,
`cut` (a number) for the alert policy's cut; without it `signals.alert_cut` is the cut.

Silent points:
- The prudent latch is stepped with this contradiction before the table is read; no latch yet is on (see `latches`).
- The stale latch reads the age in seconds, three readings and 15 minutes each way.
- The change that smoothing weighs is the target less the cap in force: 0.5 or less is not made; otherwise the cap is
  `0.8 * old + 0.2 * target`, at most `old + 2`. Without an old cap the target is taken as it is.
- The next state's cap is the cap after all minima: what was in force is what a later increase starts from.
- The minima are taken in the order of SEEDS: backend error, stale, alert. The alert cuts what is left by then.
- A backend error sets the mode to Freeze and leaves ramp_hours; the stale latch and an alert leave the mode.
- The cap is kept within 1..50 at the end.
- A negative age (signals from the future) is judged as the number it is: not stale.
"""

from __future__ import annotations

from tests.oracles.alert import cut_cap
from tests.oracles.book import Facts, Verdict, failed, lacking
from tests.oracles.latches import PRUDENT, STALE, length_us, step_latch

BACKEND_ERROR_US = 2 * 3600 * 1_000_000


def decide_execution(facts: Facts) -> Verdict:
    """The mode and its limits, and the state to hand back with the next signals."""
    cause = lacking(facts, "now", "signals")
    if cause:
        return failed(cause)
    signals, state = facts["signals"], facts.get("state") or {}
    prudent = _step(facts, state.get("prudent"), signals["contradiction"])
    age = length_us(signals["age"])
    stale = step_latch({"now": facts["now"], "reading": age / 1e6, "state": state.get("stale")}, STALE)
    is_stale = facts["stale"] if facts.get("stale") is not None else stale["on"]
    row, mode, target, ramp = table(signals, prudent=prudent["on"])
    cap = smoothed(state.get("cap_daily"), target)
    limits = []
    if age > BACKEND_ERROR_US:
        cap, mode = min(cap, 5.0), "Freeze"
        limits.append("backend_error")
    if is_stale:
        cap = min(cap, 8.0)
        limits.append("stale")
    cut = facts["cut"] if facts.get("cut") is not None else signals.get("alert_cut") or 0.0
    if cut > 0:
        cap = cut_cap(cap, cut)
        limits.append("alert")
    cap = min(50.0, max(1.0, cap))
    return {
        "outcome": mode,
        "row": row,
        "mode": mode,
        "target": target,
        "cap_daily": cap,
        "ramp_hours": ramp,
        "min_trade": 100.0,
        "slippage_limit_bps": 50,
        "no_trade_threshold_pct": min(10.0, 2 + signals["volatility"] / 2),
        "limits": limits,
        "prudent": prudent["on"],
        "stale": is_stale,
        "state": {"prudent": prudent["state"], "stale": stale["state"], "cap_daily": cap},
    }


def table(signals: Facts, *, prudent: bool) -> tuple[str, str, float, int]:
    """The first row that holds: its name, mode, cap and ramp."""
    c, confidence = signals["contradiction"], signals["confidence"]
    by_contradiction = max(3.0, 12 - 9 * c)
    if c > 0.8:
        return "contradiction_freeze", "Freeze", by_contradiction, 48
    if c > 0.7:
        return "contradiction_slow", "Slow", by_contradiction, 48
    if confidence < 0.3:
        return "low_confidence", "Slow", min(7.0, by_contradiction), 48
    if prudent or confidence < 0.6:
        return "prudent", "Slow", 7.0, 24
    if confidence > 0.8 and c < 0.2 and signals["blended"] >= 70:
        return "aggressive", "Aggressive", 12.0, 6
    return "normal", "Normal", 8.0, 12


def smoothed(old: float | None, target: float) -> float:
    """The cap on its way to the target: down at once, up by steps."""
    if old is None or target <= old:
        return target
    if target - old <= 0.5:
        return old
    return min(0.8 * old + 0.2 * target, old + 2)


def _step(facts: Facts, state: Facts | None, reading: float) -> Verdict:
    return step_latch({"now": facts["now"], "reading": reading, "state": state}, PRUDENT)
