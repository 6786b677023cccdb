"""`--suppose NAME=VALUE`: deciding as if a parameter stood at another value within its bounds.

It is for looking: what a change would do, or what a refutation with other parameters shows. Such decisions are marked
as simulated, name what is not as published among their parameters, and carry the digest of the bundle with those, so
that none is taken for one of the policy that is in force.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from adapters.cli.failures import Unusable
from adapters.cli.opening import no_such, typed_policy
from adapters.cli.terminal import printable

if TYPE_CHECKING:
    from engine.policy import Machine, Policy
    from rules.plan import Parameter, ParameterValue

MOST_SHOWN = 100
"""Characters of what was said that a message shows."""
F = TypeVar("F", bound=Callable[..., object])


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The parameters of the policy that was typed, for the shell."""
    policy = typed_policy(ctx)
    known = {} if policy is None else policy.program.reached
    return [CompletionItem(f"{n}=", help=p.description) for n, p in known.items() if f"{n}=".startswith(incomplete)]


def suppose_option(command: F) -> F:
    """The `--suppose NAME=VALUE` option."""
    return click.option(
        "--suppose", metavar="NAME=VALUE", multiple=True, shell_complete=_complete,
        help="Decide as if a parameter stood at another value within its bounds, as suites write it.",
    )(command)  # fmt: skip


def read_supposed(said: Sequence[str], policy: Policy) -> dict[str, ParameterValue]:
    """The values that were said, by parameter. Raises `Unusable` where there is none of a name or it does not fit."""
    known = policy.program.reached
    found: dict[str, ParameterValue] = {}
    for text in said:
        name, equals, value = text.partition("=")
        shown = printable(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")
        if not equals:
            raise Unusable(f"`--suppose {shown}`: write NAME=VALUE")
        if name not in known:
            raise no_such("parameter", name, known, policy.plan.name)
        if name in found:
            raise Unusable(f"`--suppose {shown}`: `{name}` is said twice")
        try:
            found[name] = _value(known[name], value)
        except ValueError as error:
            raise Unusable(f"`--suppose {shown}`: the value does not fit: {_why(error)}") from None
    return found


def supposing(machine: Machine, policy: Policy, values: Mapping[str, ParameterValue]) -> Policy:
    """The policy with parameters at other values. Raises `Unusable` where they cannot stand together."""
    from rules.diagnostics import Refused

    try:
        return machine.supposing(policy, values)
    except Refused as refused:
        why = "; ".join(printable(one.message) for one in refused.diagnostics)
        raise Unusable(f"these parameters cannot stand together: {why}") from None


def _value(parameter: Parameter, text: str) -> ParameterValue:
    """A value as a suite writes it: JSON, or the text alone. Raises ValueError where it does not fit."""
    try:
        written = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        written = text
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    json.dumps(written, ensure_ascii=False).encode()  # half of a character is none
    return parameter.read(written)


def _why(error: ValueError) -> str:
    why = "it has half of a character" if isinstance(error, UnicodeError) else printable(error)
    return why if len(why) <= 3 * MOST_SHOWN else f"{why[: 3 * MOST_SHOWN]}…"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is said twice")
    return found
