"""`docs/language.md` is true: its bundle checks and passes, its examples come out as it says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from adapters.cli.coverage_text import coverage_lines
from adapters.doc_files import PAGE, main, parts, signature, stale, updated
from engine.coverage import Watch
from engine.decision import Stamp, to_json
from engine.evaluation import setting_of_inputs
from engine.faults import InputsRefused
from engine.scalar.runtime import EvaluationError
from engine.suites import run_suite
from rules.cel.functions import EXAMPLE_INPUTS, OVERLOADS
from rules.cel.macros import MACRO_DOCS
from rules.cel.tree import Node
from rules.codes import CODES
from rules.diagnostics import Diagnostics
from rules.source import Source
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml
from tests.docs.example import Example, laid_over, machine_of
from tests.docs.fences import Block, blocks

BLOCKS = blocks(PAGE)
STAMP = Stamp("example", datetime(2026, 2, 3, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    files = {block.options["file"]: block.text for block in BLOCKS if "file" in block.options}
    inputs = [json.loads(block.text) for block in BLOCKS if block.words == ("json", "inputs")]
    assert len(inputs) == 1
    return Example(tmp_path_factory.mktemp("language"), files, inputs[0])


def checked(example: Example, text: str) -> tuple[Node | None, Diagnostics]:
    found = Diagnostics()
    return example.setting.check(Source("expression", text), found), found


def codes(found: Any) -> list[str]:
    return sorted({d.code for d in found if d.severity == "error"})


# One function for each kind of block.


def cel_accepted(block: Block, example: Example, _: Path) -> None:
    for line in block.lines:
        node, found = checked(example, line)
        assert node is not None, (line, [d.message for d in found])
        assert not found, (line, [d.message for d in found])


def cel_warned(block: Block, example: Example, _: Path) -> None:
    for line in block.lines:
        node, found = checked(example, line)
        assert node is not None, line
        assert [d.code for d in found] == [block.words[2]], line


def cel_refused(block: Block, example: Example, __: Path) -> None:
    for line in block.lines:
        _, found = checked(example, line)
        assert codes(found) == [block.words[2]], line


def cel_values(block: Block, example: Example, __: Path) -> None:
    for line in block.lines:
        text, _, wanted = line.rpartition("//")
        node, found = checked(example, text.strip())
        assert node is not None, (line, [d.message for d in found])
        assert value_of(node, example) == wanted.strip(), line


def value_of(node: Node, example: Example) -> str:
    """The value as JSON, or the code of its error."""
    try:
        value = example.setting.evaluate(node, example.decoded)
    except EvaluationError as error:
        return f"error {error.code}"
    return json.dumps(example.setting.plain(node, value), ensure_ascii=False)


def yaml_values(block: Block, _: Example, __: Path) -> None:
    read = read_yaml("values", block.text.encode())
    assert read.root is not None
    assert not read.diagnostics
    found = plain(read.root)
    assert isinstance(found, dict)
    wanted = [json.loads(line.rpartition("#")[2]) for line in block.lines]
    assert [json.dumps(value) for value in found.values()] == [json.dumps(value) for value in wanted]


def yaml_refused(block: Block, example: Example, folder: Path) -> None:
    if "at" in block.options:
        found = example.with_snippet(block, folder).diagnostics
    else:
        found = read_yaml("snippet", block.text.encode()).diagnostics
    assert codes(found) == [block.words[2]], [d.message for d in found]


def yaml_accepted(block: Block, example: Example, folder: Path) -> None:
    found = example.with_snippet(block, folder)
    machine_of(found)
    told = [d for d in found.diagnostics if not d.code.endswith("-unused")]  # a snippet leaves out what reads the rest
    assert not told, [d.message for d in told]


def json_accepted(block: Block, example: Example, _: Path) -> None:
    for line in block.lines:
        example.policy.decoder.from_plain(laid_over(example.inputs, (), json.loads(line)))


def json_refused(block: Block, example: Example, _: Path) -> None:
    for line in block.lines:
        text = json.dumps(laid_over(example.inputs, (), json.loads(line)))
        with pytest.raises(InputsRefused) as refused:
            example.policy.decoder.decode(text)
        assert [fault.pointer for fault in refused.value.faults] == [block.words[2]], line


def json_decision(block: Block, example: Example, _: Path) -> None:
    name = block.options.get("policy", example.policy_name)
    inputs = dict(example.inputs)
    for key in block.options.get("without", "").split(",") if "without" in block.options else ():
        inputs.pop(key)
    found = json.loads(to_json(example.machine.policies[name].decide_json(json.dumps(inputs), STAMP)))
    wanted = json.loads(block.text)
    assert wanted.keys() == found.keys()
    for key in wanted.keys() - {"decision_id", "bundle", "decided_at"}:
        assert wanted[key] == found[key], key


def message_values(block: Block, example: Example, folder: Path) -> None:
    for index, line in enumerate(block.lines):
        template, _, wanted = line.rpartition("->")
        opened = example.with_snippet(with_reason(block, template.strip()), folder / str(index))
        policy = machine_of(opened).policies[example.policy_name]
        assert policy.decide(policy.decoder.from_plain(example.inputs), STAMP).reason == wanted.strip(), line


def with_reason(block: Block, template: str) -> Block:
    """A snippet that gives the example's `otherwise` another reason."""
    return replace(block, options={"at": "gate.yaml:spec.otherwise"}, text=json.dumps({"reason": template}))


def message_refused(block: Block, example: Example, folder: Path) -> None:
    for index, line in enumerate(block.lines):
        found = example.with_snippet(with_reason(block, line), folder / str(index)).diagnostics
        assert codes(found) == [block.words[2]], line


def text_coverage(block: Block, example: Example, _: Path) -> None:
    watch = Watch(example.machine)
    for suite in example.machine.bundle.suites:
        watch.run(suite)
    printed = "\n".join(click.unstyle(line) for line in coverage_lines(watch.documents(), None))
    assert block.text in printed.replace(f"{example.folder}/", "")


def shown_only(*_: object) -> None:
    """A block that is run with the others, or that only shows."""


RUNS: dict[tuple[str, ...], Callable[[Block, Example, Path], None]] = {
    ("cel", "accepted"): cel_accepted,
    ("cel", "warned"): cel_warned,
    ("cel", "refused"): cel_refused,
    ("cel", "values"): cel_values,
    ("yaml",): shown_only,
    ("yaml", "values"): yaml_values,
    ("yaml", "accepted"): yaml_accepted,
    ("yaml", "refused"): yaml_refused,
    ("json", "inputs"): shown_only,
    ("json", "accepted"): json_accepted,
    ("json", "refused"): json_refused,
    ("json", "decision"): json_decision,
    ("text", "coverage"): text_coverage,
    ("message", "values"): message_values,
    ("message", "refused"): message_refused,
}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_page_is_true(block: Block, example: Example, tmp_path: Path) -> None:
    run = RUNS[block.words[:2]]
    assert run is not shown_only or "file" in block.options or block.words[0] != "yaml", "a snippet that nothing runs"
    run(block, example, tmp_path)


def test_every_kind_of_block_is_used() -> None:
    assert {block.words[:2] for block in BLOCKS} == set(RUNS)


def test_the_example_passes_its_own_suite(example: Example) -> None:
    assert example.machine.bundle.suites
    for suite in example.machine.bundle.suites:
        assert run_suite(suite, example.machine).failed == 0


def test_a_false_example_is_noticed(example: Example, tmp_path: Path) -> None:
    wrong = Block("page", 1, ("cel", "accepted"), {}, "order.confidense > 0.5\n", "", None)
    with pytest.raises(AssertionError):
        cel_accepted(wrong, example, tmp_path)
    with pytest.raises(AssertionError):
        cel_values(Block("page", 1, ("cel", "values"), {}, "1 + 1 // 3\n", "", None), example, tmp_path)
    with pytest.raises(AssertionError):
        yaml_refused(Block("page", 1, ("yaml", "refused", "yaml-tag"), {}, "a: 1\n", "", None), example, tmp_path)


# The generated parts.


def test_the_generated_parts_are_current() -> None:
    assert stale(PAGE.read_text("utf-8")) == []


def test_a_stale_part_is_named_and_mended() -> None:
    text = updated(PAGE.read_text("utf-8"))
    broken = text.replace("| `size(list(T)) → int` |", "| `size` |", 1)
    assert broken != text
    assert stale(broken) == ["functions"]
    assert updated(broken) == text


def test_the_command_names_what_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "language.md"
    current = updated(PAGE.read_text("utf-8"))
    page.write_text(current.replace("| `yaml-tag` |", "| `yaml-tog` |"), encoding="utf-8")
    monkeypatch.setattr("adapters.doc_files.PAGE", page)
    run = CliRunner()
    checked = run.invoke(main, ["--check"])
    assert (checked.exit_code, "diagnostics not up to date" in checked.output) == (1, True)
    assert "diagnostics written" in run.invoke(main, ["--write"]).output
    assert run.invoke(main, ["--check"]).exit_code == 0
    assert page.read_text("utf-8") == current
    page.write_text("nothing", encoding="utf-8")
    assert run.invoke(main, ["--check"]).exit_code == 1
    assert run.invoke(main, []).exit_code == 2


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="functions"):
        updated("nothing")


def test_every_function_is_in_the_reference() -> None:
    rows = [line for line in parts()["functions"].splitlines() if line.startswith("| `")]
    for overload in OVERLOADS:
        kind = overload.params[0].removeprefix("list(").removesuffix(")")
        written = signature(overload)
        general = {written.replace(kind, "T"), written.rpartition(" ")[0].replace(kind, "T") + f" {overload.result}"}
        shared = [row for row in rows for text in general if row.startswith(f"| `{text}` |") and kind in row]
        assert shared or any(row.startswith(f"| `{written}` |") for row in rows), written
    assert all(any(row.startswith(f"| `{written}` |") for row in rows) for written, _, _ in MACRO_DOCS.values())


def test_every_code_is_in_the_reference() -> None:
    reference = parts()["diagnostics"]
    assert [code for code in CODES if reference.count(f"| `{code}` |") != 1] == []


@pytest.mark.parametrize("text", [*(o.example for o in OVERLOADS), *(example for _, _, example in MACRO_DOCS.values())])
def test_the_examples_of_functions_hold(text: str) -> None:
    fields = tuple(field for field, _ in EXAMPLE_INPUTS)
    setting = setting_of_inputs(fields)
    found = Diagnostics()
    node = setting.check(Source("example", text), found)
    assert node is not None, [d.message for d in found]
    inputs = setting.decoder.from_plain({field.name: value for field, value in EXAMPLE_INPUTS})
    assert setting.evaluate(node, inputs) is True
