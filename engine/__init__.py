"""How a policy runs: readers of its expression tree, decisions with traces, and the pure folds."""
