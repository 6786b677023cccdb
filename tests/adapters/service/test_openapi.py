"""The document of the service: every way is in it, its examples work, and what is answered is as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS as ALL_CHECKS
from schemathesis.checks import load_all_checks

from adapters.service.app import Way
from adapters.service.openapi import OPERATIONS, document
from engine.policy import Machine
from tests.adapters.service.running import EACH_ROLE, Served, served
from tests.adapters.service.snapshots import BODIES, asked


@pytest.fixture(scope="module")
def service(shipped: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service asked by whoever may do everything."""
    with served(shipped, tmp_path_factory.mktemp("openapi"), tokens=EACH_ROLE) as found:
        yield found.as_("admin")


@pytest.fixture(scope="module")
def told(service: Served) -> Any:
    found = service.as_(None).ask("GET", "/openapi.json")
    assert (found.status, found.headers["Content-Type"]) == (200, "application/json")
    return found.json


def test_every_way_is_told(service: Served, told: Any) -> None:
    paths = {one.canonical for one in service.application.router.resources()} - {"/{path}"}
    assert paths == told["paths"].keys()
    told_ways = {(method.upper(), path) for path, one in told["paths"].items() for method in one}
    assert told_ways == OPERATIONS.keys()
    for path, one in told["paths"].items():
        allowed = service.ask("TRACE", asked(path)).headers["Allow"].split(", ")
        assert set(allowed) - {"HEAD"} == {method.upper() for method in one}


def test_a_way_that_is_not_told_keeps_it_from_starting() -> None:
    async def answer(*_: object) -> Any:
        raise AssertionError

    with pytest.raises(KeyError):
        document({"/v1/secret": (Way("GET", None, answer),)})


def test_every_reference_leads_somewhere(told: Any) -> None:
    schemas = told["components"]["schemas"]
    assert set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(told))) <= schemas.keys()
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_its_examples_work(shipped: Machine, tmp_path: Path, method: str, path: str, told: Any) -> None:
    """Nothing is published yet: what may be rolled back to is not there, and that is what is said."""
    with served(shipped, tmp_path / "desk", tokens=EACH_ROLE) as fresh:
        headers = {"If-Match": '"0"'} if "publish" in path or "rollback" in path else {}
        found = fresh.as_("admin").ask(method, asked(path), BODIES[method, path], headers)
    assert found.status == (409 if "rollback" in path else 200), found.body
    said = told["paths"][path][method.lower()]["responses"][str(found.status)]["content"]
    form = found.headers["Content-Type"].partition(";")[0]
    if form != "text/plain":
        schema = {**said[form]["schema"], "components": told["components"]}
        jsonschema.Draft202012Validator(schema).validate(found.json)


load_all_checks()
CHECKS = ALL_CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "allow_header_conformance",
    ]
)
EXAMPLES = 25
"""Of each operation and kind."""


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_is_answered_is_as_it_says(service: Served, told: Any, method: str, path: str) -> None:
    """Requests that fit the document and requests that do not: no 5xx, and no status, head or body that it lacks."""
    schema = schemathesis.openapi.from_dict(told)
    schema.config.update(base_url=f"http://127.0.0.1:{service.port}")
    operation = schema[path][method]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(cases)
    def answered(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": "Bearer admin"}, checks=CHECKS)

    answered()
