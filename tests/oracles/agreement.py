"""Where the columnar reader decides otherwise than the scalar one: in outcome, rule, outputs or error.

Doubles are compared by their bits, errors by code and by the expression that failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET

from engine.columnar.building import natives
from engine.columnar.reader import Reader
from engine.scalar.runtime import EvaluationError
from engine.scalar.shapes import key_of

Told = tuple[Any, ...]


def compare(reader: Reader, decoded: Sequence[Any], ended: Counter[str] | None = None) -> Iterator[str]:
    """A text for each row on which the readers differ; counts in `ended` how the rows ended."""
    by_columns = list(told_by_columns(reader, decoded))
    for at, inputs in enumerate(decoded):
        mine, wanted = by_columns[at], told_by_scalar(reader, inputs)
        if ended is not None:
            ended[str(wanted[1] if wanted[0] == "error" else wanted[1][2])] += 1
        if repr(mine) != repr(wanted):  # tells 0.0 from -0.0 and 1 from 1.0
            yield f"{reader.plan.name} row {at}:\n  columns {mine!r}\n  scalar  {wanted!r}\n  {inputs!r}"


def told_by_scalar(reader: Reader, inputs: Any) -> Told:
    """What the scalar reader decides."""
    program, structs = reader.policy.program, reader.structs
    try:
        row, _, values = program.full(*reader.policy.unpack(inputs))
    except EvaluationError as error:
        node, rule = program.where(error)
        return "error", error.code, rule, key_of(node)
    outputs = zip(reader.plan.outputs, values, strict=True)
    return "row", row, {o.name: structs.plain(o.type, value) for o, value in outputs if value is not UNSET}


def told_by_columns(reader: Reader, decoded: Sequence[Any]) -> Iterator[Told]:
    """What the columnar reader decides, row by row."""
    found = reader.decide(reader.chunk(decoded))
    columns = {
        output.name: natives(output.type, found.outputs[output.name], len(decoded), reader.structs)
        for output in reader.plan.outputs
    }
    for at in range(len(decoded)):
        failed = found.error(at)
        if failed is not None:
            yield "error", failed[0], found.row(at)[1], key_of(failed[1])
            continue
        held = {output.name: (output.type, columns[output.name][at]) for output in reader.plan.outputs}
        plain = {name: reader.structs.plain(t, value) for name, (t, value) in held.items() if value is not UNSET}
        yield "row", found.row(at), plain
