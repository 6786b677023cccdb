"""`bascule eval`: the type and the value of one expression, or of one a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.failures import DOES_NOT_HOLD, DONE, BundleFails, Unusable
from adapters.cli.inputs import member_names, read_all, takes_clock, with_clock
from adapters.cli.opening import complete_policy, environment, find_policy, open_machine, policies_option
from adapters.cli.terminal import examples, printable

if TYPE_CHECKING:
    from engine.evaluation import Setting
    from rules.cel.tree import Node
    from rules.diagnostics import Diagnostics


EXAMPLES = examples(
    "bascule eval '0.7 + 0.3 * 0.85'",
    "bascule eval -- '-7 % 3'                                   -- where it starts with a minus",
    "bascule eval 'params.min_confidence' --policy entry",
    "bascule eval 'total_exposure' --policy entry --inputs snapshot.json",
    "bascule eval 'size(portfolio.positions)' --inputs snapshot.json",
    'echo \'{"expr": "x * 2.0", "types": {"x": "double"}, "inputs": {"x": 1.5}}\' | bascule eval --jsonl',
)


@click.command("eval", epilog=EXAMPLES, short_help="The type and the value of an expression.")
@click.argument("text", metavar="[EXPR]", required=False)
@click.option("--inputs", "source", metavar="FILE", help="A JSON object of inputs; - for standard input.")
@click.option("--policy", metavar="NAME", shell_complete=complete_policy, help="Read this policy's names and types.")
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--jsonl", is_flag=True, help='Read one {"expr", "types"?, "inputs"?} a line from standard input.')
@click.pass_context
def evaluate(
    ctx: click.Context,
    text: str | None,
    source: str | None,
    policy: str | None,
    folder: Path,
    as_json: bool,
    jsonl: bool,
) -> int:
    """Evaluate EXPR, a CEL expression, and print its type and value.

    With --policy it may read the policy's inputs, parameters, calls and variables. With --inputs alone it may read
    the facts given there, by the glossary of the bundle. Without either it stands alone.
    """
    if jsonl:
        from adapters.cli.eval_lines import evaluate_lines

        if text is not None or source is not None or policy is not None:
            raise click.UsageError("`--jsonl` takes its expressions and inputs from standard input alone", ctx)
        return evaluate_lines()
    if text is None:
        raise click.UsageError("give an expression, as in `bascule eval '1 + 1'`, or `--jsonl`", ctx)
    setting, data = _setting(source, policy, folder)
    return _evaluated(text, setting, data, as_json=as_json)


def _setting(source: str | None, policy: str | None, folder: Path) -> tuple[Setting, bytes | None]:
    """What the expression stands in, and the inputs it may read."""
    from adapters.bootstrap import clock
    from engine.evaluation import setting_of_inputs, setting_of_policy

    data = None if source is None else read_all(source, "eval")
    if policy is not None:
        machine = open_machine(folder, environment(), asked=(policy,))
        setting = setting_of_policy(find_policy(machine, policy, folder), machine.bundle.plans)
    elif data is not None:
        return _among_facts(data, folder)
    else:
        setting = setting_of_inputs()
    if data is not None and takes_clock(setting.program.plan.inputs):
        data = with_clock(data, clock())
    return setting, data


def _among_facts(data: bytes, folder: Path) -> tuple[Setting, bytes]:
    """The facts that the inputs say, and the clock, as the bundle's glossary has them."""
    from adapters.bootstrap import clock
    from engine.evaluation import setting_of_inputs
    from rules.diagnostics import did_you_mean
    from rules.types import Field

    facts = open_machine(folder, {}, asked=()).bundle.types.facts
    said = member_names(data) or frozenset()
    for name in sorted(said - facts.keys()):
        near = did_you_mean(name, facts)
        hint = f"; did you mean `{near}`?" if near else ""
        raise Unusable(f"`{printable(name)}` is not a fact of the glossary in `{folder}`{hint}")
    fields = tuple(Field(fact.name, fact.type) for fact in facts.values() if fact.name in said | {"now"})
    return setting_of_inputs(fields), with_clock(data, clock()) if takes_clock(fields) else data


def _evaluated(text: str, setting: Setting, data: bytes | None, *, as_json: bool) -> int:
    from adapters.cli.json_values import json_text
    from engine.policy import ERRORS
    from engine.scalar.runtime import EvaluationError
    from rules.types import show

    node = _checked(text, setting)
    shown = show(node.type)
    try:
        value = setting.evaluate(node, _inputs(node, setting, data))
    except EvaluationError as error:
        told = ERRORS.get(error.code, error.code)
        if as_json:
            terminal.say_json({"type": shown, "error": told, "code": error.code})
        else:
            terminal.say(f"type: {shown}\nerror: {told}")
        return DOES_NOT_HOLD
    written = json_text(node.type, setting.plain(node, value))
    if as_json:
        terminal.say(f'{{"type": {json_string(shown)}, "value": {written}}}')
    else:
        terminal.say(f"type: {shown}\nvalue: {written}")
    return DONE


def json_string(text: str) -> str:
    """A text as JSON."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _checked(text: str, setting: Setting) -> Node:
    from rules.diagnostics import Diagnostics
    from rules.source import Source

    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unusable("the expression is not UTF-8 text") from None
    diagnostics = Diagnostics()
    node = setting.check(Source("<expression>", text), diagnostics)
    if node is None:
        raise ExpressionRefused(diagnostics)
    return node


class ExpressionRefused(BundleFails):
    """An expression with errors."""

    consequence = ""

    def __init__(self, diagnostics: Diagnostics) -> None:
        super().__init__("the expression has errors", diagnostics)
        first = diagnostics.errors[0]
        self.detail = {"error": first.message, "code": first.code, **self.detail}


def _inputs(node: Node, setting: Setting, data: bytes | None) -> object | None:
    """The decoded inputs, where the expression reads any. Raises `Unusable` when they cannot be read."""
    from engine.evaluation import needs_inputs
    from engine.faults import InputsRefused

    if data is None:
        if needs_inputs(node):
            raise Unusable("the expression reads inputs: give `--inputs FILE`")
        return None
    try:
        found: object = setting.decoder.decode(data)
    except InputsRefused as refused:
        faults = [fault.as_json() for fault in refused.faults]
        places = "".join(f"\n  {fault.pointer or 'the document'}: {fault.message}" for fault in refused.faults)
        raise Unusable(f"the inputs cannot be used:{places}", {"faults": faults}) from None
    return found
