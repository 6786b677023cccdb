"""Benchmarks: ratios measured inside one run, each printing a table and failing when a bound is broken."""
