"""The checked-in JSON Schemas of what Bascule reads and writes, and the loader for them."""

import json
from importlib.resources import files
from typing import Any


def names() -> tuple[str, ...]:
    """The names of all schemas, sorted: `rulelist` for `rulelist.json`."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


def load(name: str) -> dict[str, Any]:
    """The schema called `name`, freshly read; a `LookupError` names those there are."""
    if name not in names():
        raise LookupError(f"no schema is called `{name}`: there are {', '.join(names()) or 'none'}")
    schema: dict[str, Any] = json.loads(files(__name__).joinpath(f"{name}.json").read_bytes())
    return schema
