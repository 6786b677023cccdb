"""`--suppose`: deciding as if a parameter stood at another value, and that nobody takes it for the policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from adapters.cli.main import cli
from tests.adapters.running import POLICIES, ROOT, run
from tests.engine.small import checked, rule_list

ENTRY = ROOT / "examples" / "entry.json"
ALLOWED = "ALLOW_NEW_ENTRY"
SUPPOSED: dict[str, tuple[tuple[str, ...], str, dict[str, object]]] = {
    # what is supposed, the outcome, and what the decision says of parameters
    "nothing": ((), ALLOWED, {}),
    "a number": (("min_confidence=0.9",), "BLOCK_LOW_CONFIDENCE", {"min_confidence": 0.9}),
    "the value as published": (("min_confidence=0.7",), ALLOWED, {}),
    "looser than the environment may": (("min_confidence=0.1",), ALLOWED, {"min_confidence": 0.1}),
    "a duration as text": (("cooldown_symbol=10m",), ALLOWED, {"cooldown_symbol": "600s"}),
    "a duration in quotes": (('cooldown_symbol="10m"',), ALLOWED, {"cooldown_symbol": "600s"}),
    "two": (
        ("max_positions_total=1", "allow_scale_in=false"), "BLOCK_MAX_POSITIONS",
        {"max_positions_total": 1, "allow_scale_in": False},
    ),
    "one of a policy that is asked": (
        ("allocation.share_of_available=0.5",), ALLOWED, {"allocation.share_of_available": 0.5},
    ),
}  # fmt: skip
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no value": (("floor",), "write NAME=VALUE"),
    "a name that is none": (("flor=0.9",), "Did you mean `floor`?"),
    "no name": (("=0.9",), "there is no parameter ``"),
    "beyond its bounds": (("floor=1.5",), "`1.5` lies outside -1.0 to 1.0"),
    "no number": (("floor=high",), "the value does not fit"),
    "nothing": (("floor=",), "the value does not fit"),
    "no number at all": (("floor=NaN",), "the value does not fit"),
    "of another type": (("big=true",), "the value does not fit"),
    "a key beyond its bounds": (('may={"a": 7}',), "the value does not fit"),
    "nested without end": (("floor=" + "[" * 100_000,), "it is nested too deeply"),
    "a key twice": (('may={"c": true, "c": false}',), "a key is said twice"),
    "half of a character": (('may={"\\ud800": true}',), "it has half of a character"),
    "twice": (("floor=0.8", "floor=0.9"), "`floor` is said twice"),
}
GATE = """
inputs: {word: Word, x: Amount}
parameters:
  may: {per: Word, type: bool, default: {a: true}, unlisted: false, maxEntries: 4, description: d}
  floor: {type: double, default: 0.0, min: -1.0, max: 1.0, description: d}
  big: {type: int, default: 0, min: 0, max: 1152921504606846976, description: d}
rules:
  - {id: unlisted, when: '!(word in params.may)', outcome: NO, reason: r}
  - {id: sign, when: 'string(params.floor) == "-0"', outcome: NO, reason: r}
otherwise: {outcome: 'YES', reason: fine}
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A small policy with a parameter of each kind."""
    assert checked(tmp_path, rule_list("gate", GATE)).bundle is not None
    return tmp_path


def decided(*supposed: str, env: dict[str, str] | None = None) -> dict[str, object]:
    options = [part for one in supposed for part in ("--suppose", one)]
    done = run("decide", "entry", "--policies", POLICIES, "--inputs", ENTRY, "--json", *options, env=env)
    assert done.exit_code == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", SUPPOSED)
def test_it_decides_as_if(name: str) -> None:
    supposed, outcome, parameters = SUPPOSED[name]
    found = decided(*supposed)
    assert (found["outcome"], found.get("parameters") or {}) == (outcome, parameters)
    assert (bool(found.get("effective_digest")), found.get("simulated", False)) == (bool(parameters), bool(supposed))


def test_the_digest_is_that_of_the_values_whoever_moved_them() -> None:
    tightened = decided(env={"POLICY_MIN_CONFIDENCE": "0.9"})
    assert decided("min_confidence=0.9")["effective_digest"] == tightened["effective_digest"]
    assert decided("min_confidence=0.8")["effective_digest"] != tightened["effective_digest"]
    both = decided("max_positions_total=1", env={"POLICY_MIN_CONFIDENCE": "0.8"})
    assert both["parameters"] == {"min_confidence": 0.8, "max_positions_total": 1}
    over = decided("min_confidence=0.9", env={"POLICY_MIN_CONFIDENCE": "0.8"})
    assert over["effective_digest"] == tightened["effective_digest"]
    assert (over["simulated"], "simulated" in tightened) == (True, False)


def test_what_is_supposed_as_published_against_the_environment_says_so() -> None:
    env = {"POLICY_MIN_CONFIDENCE": "0.9"}
    assert decided(env=env)["outcome"] == "BLOCK_LOW_CONFIDENCE"
    found = decided("min_confidence=0.7", env=env)
    assert (found["outcome"], found["simulated"], "parameters" in found) == (ALLOWED, True, False)
    done = run("decide", "entry", "--policies", POLICIES, "--inputs", ENTRY, "--suppose", "min_confidence=0.7", env=env)
    assert done.stdout.startswith("ALLOW_NEW_ENTRY (allow, supposed)")
    assert "0.7  (as published, supposed here)" in done.stdout


def test_an_exit_that_passes_in_spite_of_its_inputs_is_marked_too(tmp_path: Path) -> None:
    inputs = json.loads((ROOT / "examples" / "close.json").read_text("utf-8"))
    path = tmp_path / "close.json"
    path.write_text(json.dumps({**inputs, "no-such-fact": 1}), "utf-8")
    more = ("--inputs", path, "--suppose", "entry.min_confidence=0.9", "--json")
    done = run("decide", "open-position", "--policies", POLICIES, *more)
    found = json.loads(done.stdout)
    assert (found["effect"], found["simulated"], "no-such-fact" in done.stderr) == ("allow", True, True)
    without = run("decide", "open-position", "--policies", tmp_path, *more)
    assert (json.loads(without.stdout)["effect"], "nothing is supposed" in without.stderr) == ("allow", True)


def test_log_lines_say_that_it_was_supposed() -> None:
    more = ("--suppose", "min_confidence=0.9", "--log", "json")
    for options, simulated in ((more, True), (more[2:], False)):
        done = run("decide", "entry", "--policies", POLICIES, "--inputs", ENTRY, *options)
        (line,) = (line for line in done.stderr.splitlines() if line.startswith("{"))
        assert json.loads(line).get("simulated", False) is simulated


@pytest.mark.parametrize(
    ("said", "outcome", "told"),
    [
        ('may={"b": false}', "YES", {"may": {"b": False}}),
        ("floor=-0.0", "NO", {"floor": -0.0}),
        ("big=9007199254740993", "NO", {"big": 9007199254740993}),
        ('may={"a": true}', "NO", {}),
    ],
)
def test_what_looks_like_the_published_value_is_told(
    gate: Path, said: str, outcome: str, told: dict[str, object]
) -> None:
    word = "a" if "floor" in said else "b"
    options = ("--inputs", "-", "--json", "--suppose", said)
    done = run("decide", "gate", "--policies", gate, *options, stdin=json.dumps({"word": word, "x": 1.0}))
    found = json.loads(done.stdout)
    assert (found["outcome"], json.dumps(found.get("parameters", {}))) == (outcome, json.dumps(told))
    assert bool(found.get("effective_digest")) == bool(told)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("command", ["decide", "explain"])
def test_what_cannot_be_supposed_is_refused(gate: Path, name: str, command: str) -> None:
    supposed, told = REFUSED[name]
    options = [part for one in supposed for part in ("--suppose", one)]
    done = run(command, "gate", "--policies", gate, "--inputs", "-", *options, stdin='{"word": "a", "x": 1.0}')
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr) < 1000


def test_what_cannot_stand_together_is_refused() -> None:
    done = run("decide", "smoothing", "--policies", POLICIES, "--inputs", "-", "--suppose", "keep=0.5", stdin="{}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot stand together: `shares` does not hold with keep=0.5" in done.stderr
    done = run("decide", "entry", "--policies", POLICIES, "--inputs", ENTRY, "--suppose", "max_exposure_total=1")
    assert "does not hold with max_exposure_total=1.0, max_exposure_per_symbol=1000.0" in done.stderr


def test_a_person_is_told_what_is_supposed_and_what_the_environment_moved() -> None:
    env = {"POLICY_MAX_POSITIONS_TOTAL": "9", "POLICY_MIN_CONFIDENCE": "0.8"}
    supposed = ("--suppose", "min_confidence=0.75", "--suppose", "allocation.share_of_available=0.5")
    for command in ("decide", "explain"):
        done = run(command, "entry", "--policies", POLICIES, "--inputs", ENTRY, *supposed, env=env)
        lines = {line.split()[0]: " ".join(line.split()) for line in done.stdout.splitlines() if "published" in line}
        assert lines["min_confidence"] == "min_confidence 0.75 (published 0.7, supposed here)"
        assert lines["allocation.share_of_available"].endswith("supposed here)")
        assert lines["max_positions_total"].endswith("moved by POLICY_MAX_POSITIONS_TOTAL)")


def test_every_line_of_a_file_is_decided_so(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text(2 * (json.dumps(json.loads(ENTRY.read_text("utf-8"))) + "\n"), "utf-8")
    done = run("decide", "entry", "--policies", POLICIES, "--inputs", path, "--suppose", "min_confidence=0.9")
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["BLOCK_LOW_CONFIDENCE"] * 2


def test_a_shell_completes_the_parameters_of_the_policy() -> None:
    shell = ShellComplete(cli, {}, "bascule", "_BASCULE_COMPLETE")
    arguments = ["decide", "entry", "--policies", str(POLICIES), "--suppose"]
    assert [one.value for one in shell.get_completions(arguments, "min")] == ["min_confidence="]
    assert shell.get_completions(["decide", "none", "--policies", str(POLICIES), "--suppose"], "") == []
