"""Deciding again what is on record: by one policy beside the record, or by two beside each other.

| module | does |
|---|---|
| `work` | one row group: from the file to a tally; what is replayed is small enough to be sent to other machines |
| `running` | all of them, in several processes or on a Dask cluster |
"""
