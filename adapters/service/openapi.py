"""`/openapi.json`: what the service can be asked, in the form of OpenAPI 3.1.

Rules kept here: it is made of the table of ways that the application is made of, and a way that nothing here tells of
keeps the service from starting; the schemas are those of the structures that read requests and write answers; every
status that a caller may meet is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from aiohttp import web

from adapters.service.admin_bodies import Check, Diff, Halting, Publish, Rollback
from adapters.service.app import Service, Way
from adapters.service.checking import Finding, SuiteReport
from adapters.service.openapi_answers import ANSWERS, Schema, ref
from adapters.service.problems import CONTENT_TYPE
from adapters.version import own_version
from engine.decision import Decision
from engine.published import Halt

Table: TypeAlias = Mapping[str, tuple[Way, ...]]
PATH = "/openapi.json"
JSON = "application/json"
EXAMPLE = Path(__file__).parent / "example"
_STRUCTS = (Decision, Check, Diff, Publish, Rollback, Halting, Finding, SuiteReport, Halt)
_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """What is told of a way."""

    summary: str
    answer: str
    """The schema of the answer, by its name."""
    description: str = ""
    body: str | None = None
    """The schema of the body, by its name."""
    example: object = None
    """A body that a service with the shipped policies answers."""
    form: str = JSON
    also: tuple[int, ...] = ()
    """More statuses, beside those that follow from what the way is: 202, with the same answer, and problems."""
    asks: tuple[str, ...] = ()
    """Headers, by their names."""
    gives: tuple[str, ...] = ()


def _entry() -> dict[str, Any]:
    """What an example asks of `entry`."""
    held = {"id": "p1", "symbol": "ETHUSDT", "side": "LONG", "exposure": 600.0, "leverage": 5.0, "confidence": 0.75}
    portfolio = {
        "equity": 10000.0,
        "available_capital": 3000.0,
        "positions": [{**held, "regime": "RANGE", "adds": 0}],
        "pending": [],
        "last_trade_at": None,
        "last_trade_at_by_symbol": {},
    }
    intent = {"symbol": "BTCUSDT", "side": "LONG", "confidence": 0.85, "regime": "TREND_STRONG", "price": 50000.0}
    return {"intent": {**intent, "leverage": 10.0, "risk_score": 0.8}, "portfolio": portfolio}


def _files() -> dict[str, str]:
    """The smallest bundle that may be published."""
    return {path.name: path.read_text("utf-8") for path in sorted(EXAMPLE.glob("*.yaml"))}


_SIMULATED = {"inputs": {"now": "2026-02-03T12:00:00Z", **_entry()}}
_SIGNED = "Where signatures are wanted, `statement` is what `/v1/policies:check` told, and `signatures` are of it."
_WRITES = (409, 412, 428, 503)
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/v1/decide/{policy}"): Operation(
        "Decide",
        "Decision",
        "Any decision has status 200, whatever its effect: `BLOCKED_NO_POLICY` too. Only `allow` permits anything, "
        "and one that arrives after its `valid_until` is a block. Facts that the service supplies are left out.",
        body="One",
        example={"inputs": _entry()},
        also=(503,),
    ),
    ("POST", "/v1/decide"): Operation(
        "Decide several times",
        "Decisions",
        "In the order of the requests; a request with faults has a problem in its place.",
        body="Several",
        example={"requests": [{"policy": "entry", "inputs": _entry()}]},
    ),
    ("POST", "/v1/simulate/{policy}"): Operation(
        "Decide on inputs that are all given",
        "Decision",
        "The decision says `simulated`, and is neither logged nor counted.",
        body="One",
        example=_SIMULATED,
    ),
    ("GET", "/v1/policies"): Operation("The policies in force", "Policies", gives=("ETag",)),
    ("GET", "/v1/policies/{policy}"): Operation("A policy in force: what it reads, and what it may say", "Policy"),
    ("POST", "/v1/policies:check"): Operation(
        "Check and test documents",
        "Checked",
        "What `bascule check` and `bascule test` say, and the statement that is signed to publish them: the bytes of "
        "`to_sign` in UTF-8, by ed25519. With `revision` or `digest` the same of an earlier publication.",
        body="Check",
        example={"files": _files(), "note": "an example"},
        also=(409, 503),
        gives=("ETag",),
    ),
    ("POST", "/v1/policies:diff"): Operation(
        "Compare documents with what is live, in words and in what was decided",
        "Compared",
        "What `bascule diff` says: what `files`, or an earlier `revision` or `digest`, changes in what is live, or in "
        "`old`, and what both make of the most recent `decisions` on the log of the service. Nothing is written.",
        body="Diff",
        example={"files": _files(), "decisions": 1000},
        also=(409, 503),
    ),
    ("POST", "/v1/policies:publish"): Operation(
        "Put documents in force",
        "Publication",
        f"Only what checks, and whose suites pass. {_SIGNED} Under four eyes the first owner proposes (202).",
        body="Publish",
        example={"files": _files(), "note": "an example"},
        also=(202, *_WRITES),
        asks=("If-Match",),
        gives=("ETag",),
    ),
    ("POST", "/v1/policies:rollback"): Operation(
        "Put an earlier publication in force again",
        "Publication",
        f"By its revision or digest, under a new revision. {_SIGNED}",
        body="Rollback",
        example={"revision": 1770120000000, "note": "an example"},
        also=(202, *_WRITES),
        asks=("If-Match",),
        gives=("ETag",),
    ),
    ("GET", "/v1/policies:halt"): Operation("The halt in force", "Halted", also=(409, 503)),
    ("POST", "/v1/policies:halt"): Operation(
        "Halt all openings, or clear that",
        "Halted",
        "With `note` all openings are halted. With `clear`, the id of the halt, one of two clears it, which needs the "
        "role `admin`, and a signature of `to_sign` where signatures are wanted.",
        body="Halting",
        example={"note": "the feed is wrong"},
        also=(409, 503),
    ),
    ("GET", "/metrics"): Operation("Counts, for Prometheus", "Text", form="text/plain"),
    ("GET", "/healthz"): Operation("Whether the process answers", "Health"),
    ("GET", "/readyz"): Operation("Whether openings are decided on, and why not", "Readiness", also=(503,)),
    ("GET", PATH): Operation("This document", "Document"),
}
_HEADERS: Mapping[str, Schema] = {
    "If-Match": {
        "description": 'The revision that you have seen, as `"1770120000000"`; `*` names none; `"0"`: nothing is.',
        "required": True,
        "schema": {"type": "string"},
        "example": '"0"',
    },
    "X-Request-Id": {
        "description": "An id of yours; one of other characters than `A-Za-z0-9._-`, or of more than 64, is replaced.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The revision.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to say who asks.", "schema": {"type": "string"}},
}
_PROBLEMS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    400: ("The request is not HTTP as it should be, or its body not in the encoding that it says.", ()),
    401: ("No token, or one that is not known.", ("WWW-Authenticate",)),
    403: ("The token has not the role; or there are no tokens, and this is not for anyone.", ()),
    404: ("There is no such policy.", ()),
    408: ("The body did not arrive in time.", ()),
    409: ("What is asked for does not go with what the store holds.", ()),
    412: ("The store holds another revision.", ("ETag",)),
    413: ("The body is too large.", ()),
    415: ("The body is not sent as JSON.", ()),
    417: ("`Expect` asks for what is not given.", ()),
    422: ("The body has faults, each with its place; or the documents do not check, or their suites fail.", ()),
    428: ("`If-Match` is missing.", ()),
    503: (
        "The store does not answer, the decision log is full, or other documents are being checked.",
        ("Retry-After",),
    ),
}
_ALWAYS, _WITH_BODY, _WITH_ROLE = (400, 417), (408, 413, 415, 422), (401, 403)


def document(ways: Table) -> Schema:
    """The document of a table of ways. Raises KeyError for a way that nothing is told of."""
    paths = {path: {way.method.lower(): _operation(path, way) for way in found} for path, found in ways.items()}
    _, structs = msgspec.json.schema_components(_STRUCTS, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bascule",
            "version": own_version(),
            "description": 'Decides when a trading system may open a position. Only `"effect": "allow"` permits.',
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**structs, **ANSWERS},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": "X-Admin-Token"},
            },
        },
    }


def _operation(path: str, way: Way) -> Schema:
    told = OPERATIONS[way.method, path]
    named = _NAMED.findall(path)
    found: Schema = {
        "summary": told.summary,
        "operationId": f"{way.method.lower()}{re.sub(r'[^a-z0-9]+', '-', path.lower()).rstrip('-')}",
        **({"description": told.description} if told.description else {}),
        "parameters": [_in_path(name) for name in named] + [_header(name) for name in (*told.asks, "X-Request-Id")],
    }
    if way.role is not None:
        found["security"] = [{"bearer": []}, {"token": []}]
        found["x-role"] = way.role
    if told.body is not None:
        content = {"schema": ref(told.body), "example": told.example}
        found["requestBody"] = {"required": True, "content": {JSON: content}}
    statuses = {*_ALWAYS, *told.also, *(_WITH_BODY if told.body else ()), *(_WITH_ROLE if way.role else ())}
    found["responses"] = {
        "200": _answer(told),
        **{str(status): _other(told, status) for status in sorted(statuses | ({404} if named else set()))},
    }
    return found


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": "entry"}


def _header(name: str) -> Schema:
    return {"name": name, "in": "header", **_HEADERS[name]}


def _answer(told: Operation, description: str = "") -> Schema:
    headers = {name: _given(name) for name in (*told.gives, "X-Request-Id")}
    content = {told.form: {"schema": ref(told.answer)}}
    return {"description": description or told.summary, "headers": headers, "content": content}


def _other(told: Operation, status: int) -> Schema:
    if status == HTTPStatus.ACCEPTED:
        return _answer(told, "It is proposed, and waits for another owner.")
    if told.answer == "Readiness" and status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _answer(told, "Nothing opens.")
    description, headers = _PROBLEMS[status]
    given = {name: _given(name) for name in headers}
    return {"description": description, "headers": given, "content": {CONTENT_TYPE: {"schema": ref("Problem")}}}


def _given(name: str) -> Schema:
    return {key: value for key, value in _HEADERS[name].items() if key in ("description", "schema")}


def ways(service: Service, others: Table) -> dict[str, tuple[Way, ...]]:
    """The way to the document, which tells of the others and of itself."""
    told: list[bytes] = []

    async def answer(request: web.Request, caller: str) -> web.Response:
        del caller
        return service.json(request, told[0])

    own: dict[str, tuple[Way, ...]] = {PATH: (Way("GET", None, answer),)}
    told.append(json.dumps(document({**others, **own})).encode())
    return own
