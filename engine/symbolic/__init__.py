"""The symbolic reader: a policy as terms of a solver, so that what holds of all inputs can be proved (extra `prove`).

| module | what it knows |
|---|---|
| `terms` | truths and numbers, constants folded; what else must hold of them |
| `rounding` | doubles as reals, each operation with the bounded error of its rounding |
| `words` | texts as numbers, and what is known of them |
| `values` | records, lists and maps of such terms; choosing between two, telling whether they are alike |
| `unknowns` | a value of a type of which nothing else is known |
| `expressions`, `loops`, `functions` | what each node of the typed tree gives, and where it fails |
| `deciding` | the cases of a plan, its outputs and requirements, the policies it asks |
| `witness` | from a solver's model to inputs that a person can read and the scalar reader decides |

Rules kept throughout: whatever is not modelled exactly may take any value of its type, or fail where it can. What is
held of values holds where they failed too, and lie outside their types: else a failure would be taken for impossible.
So a proof holds for the policy as it runs, and a witness is one only once the scalar reader has decided it.
"""
