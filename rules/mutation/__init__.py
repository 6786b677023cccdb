"""Documents with one token changed: what suites and invariants should notice."""
