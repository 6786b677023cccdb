"""Deciding again what is on record: by one policy beside the record, or by two beside each other.

| module | does |
|---|---|
| `versions` | the two sides: bundles by the names that people have for them |
| `in_words` | what is written otherwise, for which no log is needed |
| `comparing` | the report of both, with what is on record decided anew |
| `report`, `words` | what is said, as plain values, and in the words that every form has |
| `as_text`, `as_markdown`, `as_html`, `plots` | the forms |
| `work` | one row group: from the file to a tally; what is replayed is small enough to be sent to other machines |
| `running` | all of them, in several processes or on a Dask cluster |
"""
