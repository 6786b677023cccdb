"""`python -m adapters.schema_files --write | --check`: the JSON Schemas of `schemas/`, made from the code that reads.

Editors complete and underline from them, so every key carries the words of its model, unknown keys are refused, and
nothing is in a schema that the reader of documents does not check. Output is stable: the same code, the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import click
import msgspec

import schemas
from adapters.cli.terminal import examples
from adapters.logs import LogRecord
from adapters.publishing import trust
from engine.decision import Decision
from rules.documents.kinds import DOCUMENTS, Document

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(schemas.__file__).parent


def generated() -> dict[str, str]:
    """Every schema by its file name, as text."""
    documents = {**DOCUMENTS, **trust.KINDS}
    found = {f"{kind.lower()}.json": document_schema(kind, model) for kind, model in documents.items()}
    found["decision.json"] = struct_schema(Decision, "Bascule decision")
    found["log-record.json"] = struct_schema(LogRecord, "Bascule log record")
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in sorted(found.items())}


def document_schema(kind: str, model: type[Document]) -> Schema:
    """The schema of a kind of document."""
    schema = _edited(model.model_json_schema(by_alias=True))
    for name, definition in schema.get("$defs", {}).items():
        definition.setdefault("title", name)
    _describe(schema)
    head = {"$schema": DIALECT, "title": f"Bascule {kind}", "description": _first_lines(model.__doc__)}
    return {**head, **{key: value for key, value in schema.items() if key not in head}}


def struct_schema(struct: type[msgspec.Struct], title: str) -> Schema:
    """The schema of what Bascule writes: a decision, as `bascule decide --json` prints it, or a log record.

    A reader of them ignores members it does not know, so these schemas do not refuse them.
    """
    schema: Schema = msgspec.json.schema(struct)
    definitions = {name: _edited(definition) for name, definition in schema["$defs"].items()}
    root = definitions.pop(struct.__name__)
    head = {"$schema": DIALECT, "title": title, "description": _first_lines(struct.__doc__)}
    return {**head, **{key: value for key, value in root.items() if key not in head}, "$defs": definitions}


def _edited(schema: Schema) -> Schema:
    """A schema without the titles and nulls that editors would offer, whose maps admit only the keys they name."""
    out: Schema = {}
    for key, value in schema.items():
        if key == "title" or (key == "default" and value is None):
            continue
        if key in ("properties", "patternProperties", "$defs"):
            out[key] = {name: _edited(inner) for name, inner in value.items()}
        elif isinstance(value, dict):
            out[key] = _edited(value)
        elif key in ("anyOf", "oneOf", "allOf"):
            out[key] = [_edited(inner) for inner in value]
        elif key == "description":
            out[key] = _first_lines(value)
        else:
            out[key] = value
    if "patternProperties" in out:
        out.setdefault("additionalProperties", False)
    return out


def _describe(schema: Schema) -> None:
    """Give a key that has no words of its own those of what stands under it."""
    definitions: Schema = schema.get("$defs", {})
    for holder in (schema, *definitions.values()):
        for held in holder.get("properties", {}).values():
            words = _words(held, definitions)
            if words and "description" not in held:
                held["description"] = words


def _words(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """What a schema says of itself, or what it refers to does: directly, as an alternative, an item, or a member."""
    if "description" in schema:
        return str(schema["description"])
    if "$ref" in schema:
        return str(definitions[schema["$ref"].rpartition("/")[2]].get("description", ""))
    below = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("patternProperties", {}).values()]
    below += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    return next((words for inner in below if (words := _words(inner, definitions))), "")


def _first_lines(text: str | None) -> str:
    """A docstring on one line."""
    return " ".join((text or "").split())


def stale(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """The files of a folder that are not as wanted: changed, missing, or of no kind."""
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def write(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """Bring a folder up to date; gives the names that changed."""
    changed = stale(wanted, folder)
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


EXAMPLES = examples(
    "python -m adapters.schema_files --write",
    "python -m adapters.schema_files --check",
)


@click.command(epilog=EXAMPLES)
@click.option("--write", "mode", flag_value="write", help="Bring the files up to date.")
@click.option("--check", "mode", flag_value="check", help="Exit with 1, naming the files that are not up to date.")
def main(mode: str | None) -> None:
    """Generate the JSON Schemas of `schemas/`."""
    if mode is None:
        raise click.UsageError("say --write or --check")
    wanted = generated()
    found = write(wanted, FOLDER) if mode == "write" else stale(wanted, FOLDER)
    for name in found:
        click.echo(f"{FOLDER / name}: {'written' if mode == 'write' else 'not up to date'}")
    if mode == "check" and found:
        click.echo("run `python -m adapters.schema_files --write`", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
