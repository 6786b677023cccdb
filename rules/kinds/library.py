"""Library: parameters and expressions that several policies share, checked once in its own scope."""

from __future__ import annotations

from rules.documents.kinds import LibraryDocument
from rules.kinds.lowering import Library, Lowering


def lower_library(lowering: Lowering) -> Library | None:
    """The library of a document, or None when it has faults."""
    model = lowering.document.model
    assert isinstance(model, LibraryDocument)
    lowering.read_inputs(model.spec.inputs)
    lowering.read_parameters()
    lowering.read_requirements()
    lowering.read_definitions(("spec", "variables"), model.spec.variables)
    if lowering.failed:
        return None
    return Library(
        name=lowering.document.name,
        inputs=lowering.inputs,
        parameters=tuple(lowering.parameters),
        requirements=tuple(lowering.requirements),
        definitions={definition.name: definition for definition in lowering.definitions},
    )
