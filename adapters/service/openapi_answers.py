"""The schemas of what the service answers and is sent, where no structure of the code has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}


def ref(name: str) -> Schema:
    """Another schema, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] = {}, *, closed: bool = False) -> Schema:
    """An object; a reader of answers ignores members that it does not know."""
    found: Schema = {"type": "object", "properties": {**required, **optional}, "required": list(required)}
    return {**found, "additionalProperties": False} if closed else found


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


_INPUTS: Schema = {
    "type": "object",
    "description": "Facts by their names; `/v1/policies/{policy}` tells which, and which the service supplies.",
}
_SOME: Schema = {"description": "As for one decision; what is no object has a problem in its place."}
_FAULTY: Schema = {"description": "Anything else: a problem stands in its place, and the others are decided on."}
_STATE = {"bundle": TEXT, "digest": TEXT}
_PLAN = {"name": TEXT, "version": TEXT, "title": TEXT}
_STATEMENT = {
    "store": TEXT,
    "revision": WHOLE,
    "digest": TEXT,
    "bundle": TEXT,
    "published_at": TEXT,
    "published_by": TEXT,
    "note": TEXT,
    "valid_until": or_null(TEXT),
}
_CAUSE = record({"cause": TEXT, "found": TEXT})
_UNIVERSE = or_null(listed(TEXT))

_CHANGE: Schema = {"enum": ["block-to-allow", "allow-to-block", "outcome", "rule", "same"]}
_AMOUNTS: Schema = {"type": "object", "additionalProperties": {"type": "number"}}
_COUNTS: Schema = {"type": "object", "additionalProperties": WHOLE}
_SUMS = listed(record({"change": _CHANGE, "decisions": WHOLE, "old": _AMOUNTS, "new": _AMOUNTS}))
_VERDICT: Schema = {
    **listed(TEXT),
    "description": "The outcome, its effect, and the rule.",
    "minItems": 3,
    "maxItems": 3,
}
_PAIR = {
    "change": _CHANGE,
    "old": _VERDICT,
    "new": _VERDICT,
    "decisions": WHOLE,
    "old_amounts": _AMOUNTS,
    "new_amounts": _AMOUNTS,
    "examples": listed(TEXT),
}
_SIDE = record({"given": TEXT, "bundle": TEXT, "version": TEXT, "digest": TEXT})
_REPLAYED = record(
    {
        "policy": TEXT,
        "decisions": {**WHOLE, "description": "How many were decided anew."},
        "as_recorded": {**WHOLE, "description": "Of them, those that the old side decides as they are on record."},
        "left_out": listed(record({"cause": TEXT, "place": TEXT, "means": TEXT, "decisions": WHOLE})),
        "bundles": {**_COUNTS, "description": "By the digest of the bundle that decided them."},
        "sums": _SUMS,
        "pairs": listed(record(_PAIR)),
        "by_day": listed(record({"day": TEXT, "sums": _SUMS})),
        "by_symbol": listed(record({"symbol": TEXT, "sums": _SUMS})),
    }
)
_RECENT = record(
    {
        "wanted": WHOLE,
        "looked_at": WHOLE,
        "first": or_null(TEXT),
        "last": or_null(TEXT),
        "left_out": {**_COUNTS, "description": "Lines that no policy can decide on again, by cause."},
        "why_not": {**TEXT, "description": "Why nothing was decided anew; empty where something was."},
    }
)

ANSWERS: Mapping[str, Schema] = {
    "One": record({"inputs": _INPUTS}, closed=True),
    "Several": record(
        {"requests": listed({"anyOf": [record({"policy": TEXT, "inputs": _SOME}, closed=True), _FAULTY]})},
        closed=True,
    ),
    "Decisions": record({"decisions": listed({"anyOf": [ref("Decision"), ref("Problem")]})}),
    "Problem": record(
        {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "effect": {"const": "block"}},
        {
            "faults": listed(record({"pointer": TEXT, "message": TEXT}, {"expected": TEXT})),
            "diagnostics": listed(ref("Finding")),
            "suites": listed(ref("SuiteReport")),
        },
    ),
    "Policies": record({"revision": WHOLE, "policies": listed(record(_PLAN))}, _STATE),
    "Policy": record(
        {
            **_PLAN,
            "inputs": {
                "type": "object",
                "additionalProperties": record({"type": TEXT, "supplied": or_null(TEXT)}),
            },
            "outcomes": {"type": "object", "additionalProperties": {"enum": ["allow", "block", "info"]}},
            "outputs": {"type": "object", "additionalProperties": TEXT},
            "parameters": {
                "type": "object",
                "additionalProperties": record({"default": {}, "description": TEXT}),
            },
        }
    ),
    "Readiness": record(
        {"ready": {"type": "boolean"}, "revision": WHOLE},
        {**_STATE, "policy_age_ms": WHOLE, "cause": TEXT, "detail": TEXT},
    ),
    "Health": record({"status": {"const": "ok"}}),
    "Text": TEXT,
    "Document": {"type": "object"},
    "Checked": record(
        {
            "ok": {"type": "boolean"},
            "bundle": TEXT,
            "version": TEXT,
            "diagnostics": listed(ref("Finding")),
            "suites": listed(ref("SuiteReport")),
        },
        {
            "why_not": TEXT,
            "digest": TEXT,
            "withheld": {**TEXT, "description": "Why there is nothing to be signed now."},
            "statement": record(_STATEMENT),
            "to_sign": {**TEXT, "description": "What is signed: its bytes in UTF-8."},
            "proposes": {"type": "boolean", "description": "Whether one signature puts nothing in force."},
            "completes": or_null(TEXT),
            "universe": _UNIVERSE,
            "notices": listed(TEXT),
        },
    ),
    "Compared": record(
        {"schema": TEXT, "new": _SIDE},
        {
            "old": {**_SIDE, "description": "Left out where nothing is live: the new side stands beside the record."},
            "logs": {**listed(TEXT), "description": "The files of the log that were read."},
            "recent": {**_RECENT, "description": "What was looked at of the log; left out where nothing was wanted."},
            "changes": listed(record({"policy": TEXT, "sort": TEXT, "name": TEXT, "what": TEXT})),
            "replays": listed(_REPLAYED),
            "not_compared": {**_COUNTS, "description": "By policies on record that a side lacks."},
        },
    ),
    "Publication": record(
        {
            "step": {"enum": ["proposed", "published"]},
            "change": {"enum": ["publish", "rollback"]},
            **_STATEMENT,
            "signatures": listed(record({"by": TEXT, "key": TEXT})),
            "universe": _UNIVERSE,
            "before": or_null(record({"revision": WHOLE, "digest": TEXT})),
            "notices": listed(TEXT),
            "refusal": or_null(_CAUSE),
        }
    ),
    "Halted": record(
        {"halted": {"type": "boolean"}},
        {
            "halt": ref("Halt"),
            "cleared_by": listed(TEXT),
            "missing": WHOLE,
            "to_sign": {**or_null(TEXT), "description": "What is signed to clear it: its bytes in UTF-8."},
        },
    ),
}
"""By the names that the operations use."""
