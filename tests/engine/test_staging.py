"""A bundle that was packed and linked decides as the one that was compiled, and leaves nothing behind when retired."""

from __future__ import annotations

import contextlib
import gc
import json
import weakref
from itertools import product
from pathlib import Path
from random import Random

import pytest

from engine.faults import InputsRefused
from engine.policy import Machine, compile_bundle
from engine.staging import Linking, pack, retire
from tests.engine.shipped import HISTORY, STAMP, bundle, machine
from tests.engine.small import checked, machine_of, thing
from tests.engine.test_calls import CALLEE
from tests.engine.test_merging import CAREFUL, COUNTING, SHAPES, TELLING
from tests.oracles.programs import bundle_texts
from tests.oracles.values import input_values


def linked(compiled: Machine, before: Machine | None = None) -> Machine:
    header, *pieces = pack(compiled)
    linking = Linking(header, before)
    for piece in pieces:
        linking.add(piece)
    return linking.machine()


@pytest.mark.parametrize("folder", ["policies", HISTORY])
def test_every_case_of_every_suite_is_decided_alike(folder: str) -> None:
    compiled = machine(folder)
    other = linked(compiled)
    assert (other.bundle.digest, other.effective_digest) == (compiled.bundle.digest, compiled.effective_digest)
    count = 0
    for suite in bundle(folder).suites:
        mine, theirs = other.policies[suite.policy], compiled.policies[suite.policy]
        for case in suite.cases:
            said = json.dumps(case.inputs, default=str)
            found, wanted = mine.decide_json(said, STAMP, trace=True), theirs.decide_json(said, STAMP, trace=True)
            assert found == wanted, case.id
            count += 1
    assert count > 500


@pytest.mark.parametrize("shape", SHAPES)
def test_failures_name_the_same_places(tmp_path: Path, shape: str) -> None:
    compiled = machine_of(tmp_path, CALLEE, CAREFUL, TELLING, COUNTING, SHAPES[shape])
    mine, theirs = linked(compiled).policies["asker"], compiled.policies["asker"]
    for x, n in product((0.0, 1.0, 3.0, 3.5, 5.0, 103.5), (1, 7)):
        said = json.dumps({"thing": thing(x=x, n=n)})
        assert mine.decide_json(said, STAMP) == theirs.decide_json(said, STAMP)


@pytest.mark.parametrize("seed", range(60))
def test_generated_bundles_are_linked(tmp_path: Path, seed: int) -> None:
    """They hold everything that generated code may: patterns, time zones, structures, tests of bounds."""
    found = checked(tmp_path, *bundle_texts(seed)).bundle
    if found is None:
        pytest.skip("the checker refuses it")
    compiled = compile_bundle(found)
    other, rng = linked(compiled), Random(seed)  # noqa: S311 - made-up inputs need a seed, not secrecy
    for name, policy in compiled.policies.items():
        said = [json.dumps(input_values(policy.plan.inputs, rng)) for _ in range(5)]
        for one in said:
            assert other.policies[name].decide_json(one, STAMP) == policy.decide_json(one, STAMP)


def test_parameters_that_the_environment_moved_are_kept() -> None:
    compiled = compile_bundle(bundle(), {"POLICY_MIN_CONFIDENCE": "0.9"})
    other = linked(compiled)
    assert other.effective_digest == compiled.effective_digest != None  # noqa: E711 - both are there
    assert other.policies["entry"].moved == compiled.policies["entry"].moved == {"min_confidence": 0.9}


def test_deciding_reads_nothing_of_what_a_policy_says_in_expressions() -> None:
    """It is most of a policy: a bundle that is staged would hold up requests for as long as it takes to read.

    What is asked of a policy in part is generated from it when that is first asked.
    """
    found, decided = linked(machine()), 0
    programs = [policy.program for policy in found.policies.values()]
    in_part = {one.written.asks[index] for one in programs for index, _ in one.written.variants}
    in_part |= {code.policies[index] for one in programs for code in one.merging for index, _ in code.variants}

    def reading() -> set[str]:
        read = (name for name, one in found.policies.items() if "fields" in vars(one.plan._said))  # type: ignore[attr-defined]
        return {*read} - in_part

    for suite in bundle().suites:
        policy = found.policies[suite.policy]
        for case in suite.cases:
            before = reading()
            with contextlib.suppress(InputsRefused):
                inputs = policy.read(json.dumps(case.inputs, default=str))
                if not policy.decide_and_log(inputs, STAMP)[0].error:
                    assert reading() == before, case.id
                    decided += 1
    assert decided > 500
    assert len(in_part) < 5
    mine, theirs = ([str(case.span) for case in one.policies["entry"].plan.cases] for one in (found, machine()))
    assert mine == theirs


def test_structures_of_the_same_types_are_taken_over() -> None:
    first = linked(machine())
    second = linked(machine(), first)
    assert second.policies["entry"].decoder is first.policies["entry"].decoder
    older = linked(machine(HISTORY), second)
    assert (older.policies["entry"].decoder is second.policies["entry"].decoder) == (
        bundle(HISTORY).types.records == bundle().types.records
    )


def test_a_machine_is_whole_or_there_is_none() -> None:
    header, *pieces = pack(machine())
    linking = Linking(header)
    for piece in pieces[:-1]:
        linking.add(piece)
    with pytest.raises(ValueError, match="policies have been linked"):
        linking.machine()


def test_a_retired_machine_is_freed_without_a_collection() -> None:
    """Frozen objects are never collected, and a service freezes what it decides with."""
    keeping = linked(machine())
    found = linked(machine(), keeping)
    programs = [weakref.ref(policy.program.full) for policy in found.policies.values()]
    gc.collect()
    gc.disable()
    try:
        retire(found)
        del found
        assert [one for one in programs if one() is not None] == []
    finally:
        gc.enable()
