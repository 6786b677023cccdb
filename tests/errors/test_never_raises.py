"""Whatever stands in a document, the checker says what is wrong with it, and raises nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.policy import compile_bundle
from rules.bundle import load
from rules.cel.expressions import template
from rules.codes import CODES
from rules.diagnostics import Diagnostic, Diagnostics, Refused, render
from rules.documents.shape import shaped
from rules.plan import Plan
from rules.suites import read_suite
from rules.yaml_nodes import Mapping as MappingNode
from rules.yaml_nodes import Scalar
from rules.yaml_reader import read_yaml
from tests.errors.corpus import BASE, ROOT, copied
from tests.rules.small_scope import judge, scope

TOKENS = [
    *(
        "&&",
        "||",
        "!",
        "!=",
        "==",
        "=",
        "<",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "?",
        ":",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
    ),
    *(
        ",",
        ".",
        "'",
        '"',
        "#",
        " # ",
        "|",
        ">-",
        "&a",
        "*a",
        "!a",
        "\t",
        "\u00a0",
        "“",
        "\u202e",
        "\x00",
        "é",
        "😀",
        "\\",
    ),
    *("null", "true", "false", "in", "has(", "size(", "0", "1", "-1", "1.5", "1e999", "9223372036854775808", "60s"),
    *("~", "[]", "{}", "intent", "intent.score", "params.", "p", "held", "inputs.intent", "decision.effect", "now"),
    *("type:", "when:", "reason:", "id:", "extends:", "policy:", "uses:", "double", "string", "int", "Intent", "Usd"),
    *("Portfolio | null", "{list: Usd}", "timestamp", "BLOCK_COOLDOWN", "allocation", "entry", "limits", "<<:", "- "),
]


@dataclass(frozen=True)
class Slip:
    """One change of a text, by places that are shares of its length."""

    kind: str
    at: float
    other: float
    token: str

    def apply(self, text: str) -> str:
        lines = text.split("\n")
        row, other = int(self.at * (len(lines) - 1)), int(self.other * (len(lines) - 1))
        place = int(self.at * len(text))
        match self.kind:
            case "delete line":
                del lines[row]
            case "duplicate line":
                lines.insert(row, lines[row])
            case "move line":
                lines.insert(other, lines.pop(row))
            case "copy line":
                lines[row] = lines[other]
            case "indent line":
                lines[row] = "  " + lines[row]
            case "dedent line":
                lines[row] = lines[row].removeprefix("  ")
            case "cut":
                return text[:place]
            case "delete character":
                return text[:place] + text[place + 1 :]
            case "insert token":
                return text[:place] + self.token + text[place:]
            case "replace token":
                start, end = _word(text, place)
                return text[:start] + self.token + text[end:]
            case "swap tokens":
                start, end = _word(text, place)
                first, last = _word(text, int(self.other * len(text)))
                if end <= first:
                    return text[:start] + text[first:last] + text[end:first] + text[start:end] + text[last:]
            case _:
                raise AssertionError(self.kind)
        return "\n".join(lines)


KINDS = [
    *("delete line", "duplicate line", "move line", "copy line", "indent line", "dedent line", "cut"),
    *("delete character", "insert token", "replace token", "replace token", "swap tokens"),
]


def _word(text: str, place: int) -> tuple[int, int]:
    """The word round a place."""
    start = end = min(place, max(0, len(text) - 1))
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return start, max(end, min(start + 1, len(text)))


slips = st.builds(
    Slip, st.sampled_from(KINDS), st.floats(0, 1, exclude_max=True), st.floats(0, 1), st.sampled_from(TOKENS)
)


def said(folder: Path) -> Iterator[Diagnostic]:
    """What is said of a bundle; that it compiles when nothing is."""
    checked = load(folder)
    assert (checked.bundle is None) == any(d.severity == "error" for d in checked.diagnostics)
    yield from checked.diagnostics
    if checked.bundle is not None:
        try:
            compile_bundle(checked.bundle)
        except Refused as refused:
            yield from refused.diagnostics


def tell(diagnostic: Diagnostic) -> None:
    assert diagnostic.code in CODES
    assert render(diagnostic)
    assert json.dumps(diagnostic.as_json())
    assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(diagnostic.span.source.text)


ONE_OF_EACH_KIND = (
    *("entry", "allocation", "regime", "shorting", "route", "freeze", "freeze-limits", "prudent", "phases", "safety"),
    *("quality", "exploration", "router"),
)
"""And what these ask."""


@pytest.fixture(scope="module", params=["shipped", "base"])
def bundle_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a right bundle; tests put back what they change."""
    folder = tmp_path_factory.mktemp("slips") / "bundle"
    if request.param == "shipped":
        copied(folder, *ONE_OF_EACH_KIND)
        shutil.rmtree(folder / "suites")
        manifest = folder / "bundle.yaml"
        manifest.write_text(manifest.read_text("utf-8").replace(', "suites/*.yaml"', ""), encoding="utf-8")
    else:
        shutil.copytree(BASE, folder)
    assert list(said(folder)) == []
    return folder


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(which=st.floats(0, 1, exclude_max=True), changes=st.lists(slips, min_size=1, max_size=4))
def test_no_slip_in_a_policy_makes_the_checker_raise(bundle_folder: Path, which: float, changes: list[Slip]) -> None:
    files = sorted(bundle_folder.rglob("*.yaml"))
    file = files[int(which * len(files))]
    before = file.read_text("utf-8")
    text = before
    for change in changes:
        text = change.apply(text)
    file.write_bytes(text.encode("utf-8", errors="replace"))
    try:
        for diagnostic in said(bundle_folder):
            tell(diagnostic)
    finally:
        file.write_text(before, encoding="utf-8")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.lists(slips, min_size=1, max_size=4), which=st.floats(0, 1, exclude_max=True))
def test_no_slip_in_a_suite_makes_the_checker_raise(changes: list[Slip], which: float) -> None:
    suites = sorted((ROOT / "policies" / "suites").glob("*.yaml"))
    text = "\n".join(suites[int(which * len(suites))].read_text("utf-8").split("\n")[:120]) + "\n"
    for change in changes:
        text = change.apply(text)
    read = read_yaml("suite.yaml", text.encode("utf-8", errors="replace"))
    diagnostics = Diagnostics()
    document = None if read.root is None else shaped(read.source, read.root, diagnostics)
    if document is not None and document.kind == "Suite":
        read_suite(document, plans(), diagnostics)
    for diagnostic in (*read.diagnostics, *diagnostics):
        tell(diagnostic)


@cache
def plans() -> Mapping[str, Plan]:
    """The shipped plans."""
    bundle = load(ROOT / "policies").bundle
    assert bundle is not None
    return bundle.plans


words = st.sampled_from(
    [
        *TOKENS,
        *("r", "r.a", "r.b", "r.items", "r.prices", "k", "s", "inputs.s", "r.side", '"LONG"', ".exists(p, ", "p.score"),
        *(
            ".filter(p, ",
            ".map(p, ",
            ".leastBy(p, ",
            ".sum()",
            ".max()",
            "math.least(",
            "duration(",
            "timestamp(",
            "[0]",
        ),
        *('"2026-01-01T00:00:00Z"', '"1m"', "string(", "double(", ".tail(", "r.z", "r.n", "r.flag", " ", " && ", " ? "),
    ]
)
texts = st.one_of(st.lists(words, max_size=14).map("".join), st.lists(words, max_size=14).map(" ".join), st.text())


@settings(max_examples=400)
@given(texts)
@example("r.items.map(p, p).map(q, q)[0].leaf.c")
@example("{'a': r.items}.a")
@example("-" * 200 + "1")
def test_no_expression_makes_the_checker_raise(text: str) -> None:
    judged = judge(text)
    assert (judged.node is None) == any(d.severity == "error" for d in judged.found)
    for diagnostic in judged.found:
        tell(diagnostic)


@settings(max_examples=200)
@given(texts)
@example("{r.flag ? 1 : 2}")
@example("{{'a': 1}.a}")
@example("{r.z:.2f}{")
def test_no_message_makes_the_checker_raise(text: str) -> None:
    read = read_yaml("message.yaml", ("a: " + json.dumps(text)).encode())
    if read.root is None:
        return
    assert isinstance(read.root, MappingNode)
    node = read.root.get("a")
    assert isinstance(node, Scalar)
    diagnostics = Diagnostics()
    found = template(node, scope(), diagnostics)
    assert (found is None) == bool(diagnostics.errors)
    for diagnostic in diagnostics:
        tell(diagnostic)


# What once raised, or would.


def _documents(count: int, text: str) -> str:
    return "".join(text.format(i=i, next=i + 1) for i in range(count))


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("records:\n" + _documents(600, "  R{i}: {{r: R{next}}}\n") + "  R600: {on: bool}\n", "types-depth"),
        ("scalars:\n" + _documents(600, "  S{i}: {{list: S{next}, maxItems: 2}}\n") + "  S600: {type: bool}\n",
            "types-depth"),
        ("scalars:\n  S: {list: S, maxItems: 2}\n", "types-cycle"),
        ("records:\n  R: {r: Q}\n", "types-unknown"),
        ("scalars:\n  D: {type: duration, maximum: 99999999999h}\n", "types-bound"),
        ("records:\n  R: {r: {type: string, maxLength: 3, default: null}}\n", "types-default"),
        ("records:\n  R: {r: {type: bool, default: {a: 1}}}\n", "types-default"),
    ],
)  # fmt: skip
def test_types_that_lead_far(spec: str, code: str, tmp_path: Path) -> None:
    folder = shutil.copytree(BASE, tmp_path / "bundle")
    head = (folder / "types.yaml").read_text("utf-8").partition("spec:\n")[0]
    body = "".join(f"  {line}\n" for line in spec.splitlines())
    (folder / "types.yaml").write_text(f"{head}spec:\n{body}", encoding="utf-8")
    found = list(said(folder))
    assert {d.code for d in found} == {code}
    for diagnostic in found:
        tell(diagnostic)


def test_policies_that_call_each_other_in_a_long_line(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    shutil.copy(BASE / "bundle.yaml", folder)
    for index in range(1_200):
        (folder / f"p{index}.yaml").write_text(
            f"apiVersion: bascule/v1\nkind: RuleList\n"
            f"metadata: {{name: p{index}, version: 1.0.0, title: One of many, owner: risk}}\n"
            f"spec:\n  inputs: {{now: timestamp}}\n  calls: {{other: {{policy: p{(index + 1) % 1_200}}}}}\n"
            "  outcomes: {NO: {effect: block}}\n"
            "  rules: [{id: one, when: true, outcome: NO, reason: no}]\n"
            "  otherwise: {outcome: NO, reason: no}\n  onError: NO\n",
            encoding="utf-8",
        )
    (found,) = said(folder)
    assert found.code == "call-cycle"
    tell(found)


def test_fixtures_that_extend_each_other_in_a_long_line(tmp_path: Path) -> None:
    folder = shutil.copytree(BASE, tmp_path / "bundle")
    fixtures = _documents(1_500, "    f{i}: {{extends: f{next}}}\n")
    (folder / "suite.yaml").write_text(
        "apiVersion: bascule/v1\nkind: Suite\n"
        "metadata: {name: long, version: 1.0.0, title: A long line, owner: risk}\n"
        f"spec:\n  policy: sizing\n  given: f0\n  fixtures:\n{fixtures}"
        "  cases:\n    - {id: one, expect: {outcome: SIZED}}\n",
        encoding="utf-8",
    )
    (found,) = said(folder)
    assert (found.code, found.message) == ("suite-fixture", "there is no fixture `f1500`")
