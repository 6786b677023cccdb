"""The shipped policies whose suites are not written yet."""

PENDING = frozenset(
    {
        *("active-positions", "governor", "router", "execution-policy", "open-position", "one-order"),
        *("safety", "plan-lifecycle", "phases", "alert", "prudent", "hysteresis-var", "hysteresis-stale"),
    }
)
