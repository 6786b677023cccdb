"""The columnar reader: the same plan over columns, for replaying millions of recorded decisions.

`reader.Reader(policy)` decides what the policy decides. Rows come as a `Chunk` of at most 65 536, made from decoded
inputs (`Reader.chunk`, `Reader.chunks`) or read from Parquet (`adapters.parquet`); memory is bounded by the chunk.

- A column holds a value for each row: bool, int64, float64 arrays; timestamps and durations int64 microseconds; texts
  and enums codes into a vocabulary; records one column for each field; lists and maps a layout and columns of items
  (`columns`, `ragged`). Nothing is padded: items lie position by position, lanes ordered by length.
- `Reader.decide` gives, in the order of the rows, the case that applied (int16[rows], a place in the plan's rows), the
  number of the error where deciding failed (int32[rows]) and the outputs as columns (`reader.Decided`).
- Reasons, log lines and traces are text for people: `Reader.decisions` has the scalar reader make them for chosen rows.

It agrees with the scalar reader in outcome, rule, outputs to the last bit, and errors. A value and its error are
computed in every lane where that is cheap and only where asked for when it is dear; which of the two is a matter of
speed alone, since a lane depends on no other.
"""
