"""Decisions on record: from the lines of decision logs to columns that can be decided on again, millions at a time.

| module | does |
|---|---|
| `lines` | reads the files that a service writes, and says of every line what it is or what is wrong with it |
| `recent` | where the most recent of them stand at the ends of those files, while they are written to |
| `facts` | the inputs of lines as facts of a glossary |
| `table` | the Parquet file: a column for each fact, one for what is known of the decision, a row for every line |
| `importing` | lines into a table; `merge` of tables |

Rules kept here: a line is never passed over in silence. What cannot be decided on again has its row, with the cause.
"""
