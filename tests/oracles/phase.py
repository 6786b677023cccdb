"""The phase engine BTC -> ETH -> LARGE -> ALT in plain Python, from SEEDS.md section 4.

Silent points:
- A missing reading makes its condition false.
- Scores are added in the order SEEDS lists the conditions, from 0.0; a tie goes to the earlier phase.
- `p` is the best score, also while the phase in force is still another one; `quality` is 1 when not told.
- No state yet: the phase observed first is in force, with a count of 1.
- The count is the length of the present run of one raw phase, the present observation included; it goes on after a
  switch and stops at 1 000 000.
"""

from __future__ import annotations

from tests.oracles.book import Facts, Verdict, failed, lacking

PHASES = ("BTC", "ETH", "LARGE", "ALT")
MOST_COUNTED = 1_000_000


def decide_phase(facts: Facts, consecutive: int = 3) -> Verdict:
    """The phase in force after one observation: {signals, state?} in."""
    cause = lacking(facts, "signals")
    if cause:
        return failed(cause)
    signals, state = facts["signals"], facts.get("state")
    scores = phase_scores(signals)
    raw = max(PHASES, key=lambda phase: scores[phase])
    quality = signals.get("quality", 1.0)
    confidence = min(1.0, max(0.3, scores[raw] * quality * 1.2))
    again = state is not None and state["raw"] == raw
    count = min(MOST_COUNTED, state["count"] + 1) if state is not None and again else 1
    current = raw if state is None else state["current"]
    if raw != current and count >= consecutive:
        current = raw
    return {
        "outcome": current,
        "phase": current,
        "raw": raw,
        "scores": scores,
        "confidence": confidence,
        "state": {"current": current, "raw": raw, "count": count},
    }


def phase_scores(signals: Facts) -> dict[str, float]:
    """What speaks for each phase."""
    s = signals
    dominance = s.get("dominance_change")
    return {
        "BTC": _added(
            (0.4, _above(dominance, 0.5)),
            (0.3, _below(s.get("eth_rs7"), 0.95)),
            (0.2, _below(s.get("large_rs7"), 0.95)),
            (0.1, _below(s.get("alt_rs7"), 0.95)),
        ),
        "ETH": _added(
            (0.5, _above(s.get("eth_rs7"), 1.05)),
            (0.2, _above(s.get("eth_rs30"), 1.02)),
            (0.2, dominance is not None and abs(dominance) < 0.5),
            (0.1, _below(s.get("large_rs7"), 1.05)),
        ),
        "LARGE": _added(
            (0.4, _above(s.get("large_rs7"), 1.05)),
            (0.2, _above(s.get("large_rs30"), 1.02)),
            (0.2, _above(s.get("eth_rs7"), 0.98)),
            (0.2, _above(s.get("breadth"), 0.5)),
        ),
        "ALT": _added(
            (0.3, _above(s.get("alt_rs7"), 1.05)),
            (0.3, _above(s.get("breadth"), 0.65)),
            (0.2, _above(s.get("dispersion"), 0.6)),
            (0.2, _below(s.get("concentration"), 0.7)),
        ),
    }


def _above(reading: float | None, threshold: float) -> bool:
    return reading is not None and reading > threshold


def _below(reading: float | None, threshold: float) -> bool:
    return reading is not None and reading < threshold


def _added(*parts: tuple[float, bool]) -> float:
    score = 0.0
    for weight, holds in parts:
        score += weight if holds else 0.0
    return score
