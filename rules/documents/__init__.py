"""What each kind of document looks like: pydantic models, from which the JSON Schemas in `schemas/` are generated."""
