"""The shipped policies whose suites are still to be written, or do not show them whole yet."""

PENDING = frozenset({"plan-lifecycle"})
"""Without a suite."""

PARTIAL = frozenset(
    {
        *("alert", "phases", "safety"),
        *("prudent", "hysteresis-var", "hysteresis-stale"),
    }
)
"""With a suite that leaves out a rule, an outcome or a reason, or that does not notice some change of its policy."""
