"""A bundle as bytes reads as the same bundle, and nothing but such bytes reads as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.policy import compile_bundle
from rules.bundle import read_content
from rules.canonical import NoContent, content_of, digest_of, text_of
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml
from tests.engine.shipped import HISTORY, bundle
from tests.engine.small import checked
from tests.oracles.programs import bundle_texts

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(SCALARS, lambda some: st.lists(some, max_size=4) | st.dictionaries(st.text(), some, max_size=4))


@pytest.mark.parametrize("folder", ["policies", HISTORY])
def test_the_shipped_policies_read_as_themselves(folder: str) -> None:
    first = bundle(folder)
    again = read_content(first.content)
    assert again.bundle is not None
    assert (again.bundle.digest, again.bundle.name, again.bundle.version) == (first.digest, first.name, first.version)
    machines = compile_bundle(first), compile_bundle(again.bundle)
    for name in first.plans:
        sources = [machine.policies[name].program.source for machine in machines]
        assert sources[0] == sources[1], name
        told = [[(p.name, p.type, p.default) for p in machine.policies[name].plan.parameters] for machine in machines]
        assert told[0] == told[1], name


@pytest.mark.parametrize("seed", range(40))
def test_generated_bundles_read_as_themselves(tmp_path: Path, seed: int) -> None:
    first = checked(tmp_path, *bundle_texts(seed)).bundle
    if first is None:
        pytest.skip("the checker refuses it")
    again = read_content(first.content).bundle
    assert again is not None
    machines = compile_bundle(first), compile_bundle(again)
    for name in first.plans:
        assert len({machine.policies[name].program.source for machine in machines}) == 1


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_a_document_reads_as_itself(document: dict[str, object]) -> None:
    read = read_yaml("a.yaml", text_of(document).encode())
    assert read.root is not None, [d.message for d in read.diagnostics]
    again = plain(read.root)
    assert repr(again) == repr(document), "in the same order, and doubles as doubles"


def test_the_order_of_steps_and_doubles_make_other_digests() -> None:
    one, other = {"a": {"x": 1.0, "y": 2.0}}, {"a": {"y": 2.0, "x": 1.0}}
    assert len({digest_of(content_of("desk", "1.0.0", said)) for said in (one, other, {"a": {"x": 1, "y": 2.0}})}) == 3


def test_a_text_that_does_not_read_is_a_finding() -> None:
    found = read_content(
        json.dumps({"documents": {"a": "kind: ["}, "name": "d", "version": "1"}, separators=(",", ":")).encode()
    )
    assert found.bundle is None
    assert found.diagnostics


def shaken(change: dict[str, object]) -> bytes:
    """The content of the shipped policies with members changed."""
    told = json.loads(bundle().content) | change
    return json.dumps(told, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (bundle().content[:-1], "cannot be read"),
        (bundle().content + b" ", "canonical form"),
        (shaken({"more": 1}), "cannot be read"),
        (shaken({"documents": {"a": 1}}), "cannot be read"),
        (b" " * (32 * 1024 * 1024 + 1), "at most"),
    ],
)
def test_what_is_no_content(content: bytes, why: str) -> None:
    with pytest.raises(NoContent, match=why):
        read_content(content)


def test_a_document_in_another_form_is_no_content() -> None:
    """Else two contents, and two digests, would say the same."""
    texts = json.loads(bundle().content)["documents"]
    with pytest.raises(NoContent, match="does not read as what it says"):
        read_content(shaken({"documents": texts | {"entry": "# a comment\n" + texts["entry"]}}))


def test_a_document_under_another_name_is_no_content() -> None:
    texts = json.loads(bundle().content)["documents"]
    with pytest.raises(NoContent, match="does not read as what it says"):
        read_content(
            shaken({"documents": {("other" if name == "entry" else name): one for name, one in texts.items()}})
        )
