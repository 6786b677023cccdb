"""Names of documents that clash: an id written twice, a word that decisions keep for themselves, a shared variable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rules.diagnostics import Diagnostics
from rules.documents.kinds import LibrarySpec
from rules.documents.sections import AskingSpec, DecisionSpec
from rules.documents.shape import Shaped, Step
from rules.source import Span

RESERVED_IDS = frozenset(("error",))
"""What a decision calls itself when no rule decided."""


def report_clashes(documents: Iterable[Shaped], diagnostics: Diagnostics) -> None:
    """Report what clashes within each document, and environment variables that two parameters share."""
    variables: dict[str, tuple[Span, str]] = {}
    for document in documents:
        spec = document.model.spec
        if isinstance(spec, AskingSpec | LibrarySpec):
            _ids(document, diagnostics)
        if not isinstance(spec, DecisionSpec | LibrarySpec):
            continue
        for name, parameter in spec.parameters.items():
            if parameter.env is None:
                continue
            variable = parameter.env if isinstance(parameter.env, str) else parameter.env.name
            span = document.span("spec", "parameters", name, "env")
            first, owner = variables.setdefault(variable, (span, name))
            if first is not span:
                diagnostics.error(
                    "parameter-env",
                    span,
                    f"`{variable}` moves the parameter `{owner}` already",
                    expected="a variable of its own for each parameter, or one parameter in a library",
                    notes=[(first, "the other one")],
                )


def _ids(document: Shaped, diagnostics: Diagnostics) -> None:
    """Ids of `ensures` and `parametersRequire` that stand twice, and rules called by a reserved word."""
    for group in ("parametersRequire", "ensures"):
        seen: dict[str, Span] = {}
        for path, ident in _written(document, group):
            span = document.span(*path)
            first = seen.setdefault(ident, span)
            if first is not span:
                diagnostics.error(
                    "rule-duplicate",
                    span,
                    f"`{ident}` is the id of another requirement",
                    remedy="another id",
                    notes=[(first, "the other one")],
                )
    concluding = getattr(document.model.spec, "conclude", None)
    last = [] if concluding is None else list(_listed(("spec", "conclude", "rules"), concluding.rules))
    cases = (path for group in ("requires", "rules", "holds") for path in _written(document, group))
    for path, ident in (*cases, *last):
        if ident in RESERVED_IDS:
            diagnostics.error(
                "rule-reserved",
                document.span(*path),
                f"`{ident}` is what a decision that failed is called",
                remedy="another id",
            )


def _written(document: Shaped, group: str) -> Iterator[tuple[tuple[Step, ...], str]]:
    return _listed(("spec", group), getattr(document.model.spec, group, ()))


def _listed(group: tuple[Step, ...], entries: Iterable[Any]) -> Iterator[tuple[tuple[Step, ...], str]]:
    for index, entry in enumerate(entries):
        yield (*group, index, "id"), entry.id
