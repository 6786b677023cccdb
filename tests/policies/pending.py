"""The shipped policies whose suites are still to be written."""

PENDING = frozenset({"plan-lifecycle"})
"""Without a suite."""
