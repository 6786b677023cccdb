"""`bascule eval --jsonl`: one expression a line in, its type and value or its error a line out.

A faulty line gives `{"error": …}` in its place, so that answers and questions keep step. Conformance suites run
through here.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from adapters.cli.failures import DONE
from adapters.cli.inputs import STDIN, Line, read_lines
from adapters.cli.json_values import json_text
from adapters.cli.terminal import lowered
from adapters.cli.type_expressions import read_fields
from engine.evaluation import Setting, needs_inputs, setting_of_inputs
from engine.faults import InputsRefused
from engine.inspection import repeats_a_name
from engine.policy import ERRORS
from engine.scalar.runtime import EvaluationError
from rules.cel.tree import Node
from rules.diagnostics import Diagnostics
from rules.source import Source
from rules.types import show


class _Question(msgspec.Struct, forbid_unknown_fields=True):
    """One line: an expression, the types of the names it reads, and their values."""

    expr: str
    types: dict[str, Any] = {}
    inputs: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Unanswerable(Exception):
    """What is wrong with a line, as its answer says it."""

    def __init__(self, error: str, code: str, shown_type: str | None = None) -> None:
        super().__init__(error)
        self.answer = {"type": shown_type} if shown_type is not None else {}
        self.answer |= {"error": error, "code": code}


_read = msgspec.json.Decoder(_Question).decode


def evaluate_lines() -> int:
    """Answer every line of standard input."""
    out = sys.stdout.buffer
    for line in read_lines(STDIN, "eval --jsonl"):
        out.write(_answer(line).encode() + b"\n")
        out.flush()  # whoever asks may wait for this answer before the next question
    return DONE


def _answer(line: Line) -> str:
    try:
        return _evaluated(_question(line))
    except _Unanswerable as fault:
        return json.dumps(fault.answer, ensure_ascii=False)
    except Exception as error:  # noqa: BLE001 -- a line that fails must not take the others with it
        return json.dumps({"error": f"internal error: {type(error).__name__}", "code": "internal"})


def _question(line: Line) -> _Question:
    if line.blank or line.too_long:
        raise _Unanswerable("a blank line" if line.blank else "a line that is too long", "line")
    try:
        line.data.decode()
        question = _read(line.data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _Unanswerable(f"the line cannot be read: {lowered(str(error))}", "line") from None
    if repeats_a_name(line.data):
        raise _Unanswerable("the line says a name twice", "line")
    return question


def _evaluated(question: _Question) -> str:
    setting = _setting(question)
    node = _checked(question.expr, setting)
    shown = show(node.type)
    try:
        value = setting.evaluate(node, _inputs(question, node, setting))
    except InputsRefused as refused:
        raise _Unanswerable(f"inputs: {refused}", "inputs", shown) from None
    except EvaluationError as error:
        raise _Unanswerable(ERRORS.get(error.code, error.code), error.code, shown) from None
    written = json_text(node.type, setting.plain(node, value))
    return f'{{"type": {json.dumps(shown, ensure_ascii=False)}, "value": {written}}}'


def _inputs(question: _Question, node: Node, setting: Setting) -> object | None:
    """The decoded inputs; none where none were given and none are read."""
    if isinstance(question.inputs, msgspec.UnsetType):
        return setting.decoder.decode(b"{}") if needs_inputs(node) else None
    found: object = setting.decoder.decode(bytes(question.inputs))
    return found


def _setting(question: _Question) -> Setting:
    try:
        return setting_of_inputs(read_fields(question.types))
    except ValueError as error:
        raise _Unanswerable(str(error), "types") from None


def _checked(text: str, setting: Setting) -> Node:
    diagnostics = Diagnostics()
    node = setting.check(Source("<expression>", text), diagnostics)
    if node is None:
        first = diagnostics.errors[0]
        raise _Unanswerable(first.message, first.code)
    return node
