"""`bascule verify` and `bascule diff --prove`: what is told, what is written, and how they end."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

pytest.importorskip("z3", reason="proofs need z3: pip install '.[prove]'")

from adapters.cli.main import cli
from adapters.cli.replaying import FAILING
from adapters.proving.differences import shown
from adapters.proving.report import Proof, Shown, unknown
from engine.symbolic.differing import Difference
from tests.adapters.running import CHEAP, run

INVARIANT = """\
apiVersion: bascule/v1
kind: Invariant
metadata: {{name: {name}, version: 1.0.0, title: Prices that are paid, owner: tests}}
spec:
  forAll: {{now: timestamp, price: Price}}
  decisions: {{gate: {{policy: gate}}}}
  {vary}
  given: [gate.effect == "allow"]
  holds: [{{id: cheap, that: {that}, reason: 'price={{price:.2f}}'}}]
"""
AS_PUBLISHED, VARIED = "vary: nothing", "vary: [gate.dearest]"


@pytest.fixture
def claims(bundle: Path) -> Path:
    """The small bundle with claims that hold, one of them as published alone, and one that does not."""
    for name, vary, that in (
        ("never-dear", VARIED, "price <= 100.0"),
        ("published", AS_PUBLISHED, "price <= 10.0"),
        ("varied", VARIED, "price <= 10.0"),
        ("cheap", AS_PUBLISHED, "price <= 4.0"),
    ):
        (bundle / f"{name}.yaml").write_text(INVARIANT.format(name=name, vary=vary, that=that), "utf-8")
    return bundle


def verified(*arguments: str | Path) -> tuple[dict[str, dict[str, object]], int]:
    done = run("verify", *arguments, "--json")
    told = json.loads(done.stdout)
    assert told["ok"] == (done.exit_code == 0)
    return {one["name"]: one for one in told["invariants"]}, done.exit_code


def test_each_is_proved_or_refuted(claims: Path) -> None:
    found, code = verified(claims)
    assert code == 1
    assert {name: (one["result"], one["total"]) for name, one in found.items()} == {
        "cheap": ("refuted", False),
        "never-dear": ("proved", True),
        "published": ("proved", True),
        "varied": ("refuted", False),
    }


def test_a_claim_that_holds_ends_well(claims: Path) -> None:
    done = run("verify", claims, "--invariant", "published")
    assert done.exit_code == 0
    assert "proved    published: Prices that are paid" in done.stdout
    assert "1 invariant: 1 proved" in done.stdout


@pytest.mark.parametrize("given", ['gate.effect == "allow" && price > 10.0', "price < 1.0 && price > 2.0"])
def test_a_claim_of_nothing_is_no_proof(given: str, claims: Path) -> None:
    """What is given contradicts itself, or the policy: then whatever is claimed follows."""
    text = (claims / "published.yaml").read_text("utf-8")
    (claims / "published.yaml").write_text(text.replace('gate.effect == "allow"', f"'{given}'"), "utf-8")
    found, code = verified(claims, "--invariant", "published")
    assert (found["published"]["result"], found["published"]["given"], code) == ("vacuous", [given], 1)
    lines = [line.strip() for line in run("verify", claims, "--invariant", "published").stdout.splitlines()]
    assert lines[1:3] == ["what is given holds of no inputs: nothing is claimed", f"given {given}"]


def test_a_witness_is_decided_again_by_decide(claims: Path, tmp_path: Path) -> None:
    done = run("verify", claims, "--invariant", "cheap", "--witness", tmp_path / "found")
    assert done.exit_code == 1
    again = run("decide", "cheap", "--policies", claims, "--inputs", tmp_path / "found" / "cheap.json")
    assert again.stdout.startswith("REFUTED (block)")
    assert json.loads((tmp_path / "found" / "cheap.json").read_text("utf-8"))["price"] > 4.0


def test_a_refutation_that_needs_other_parameters_says_which(claims: Path) -> None:
    found, _ = verified(claims, "--invariant", "varied")
    witness = found["varied"]["witness"]
    assert isinstance(witness, dict)
    assert witness["parameters"]["gate.dearest"] > 10.0
    assert witness["inputs"]["price"] > 10.0
    assert "with gate.dearest:" in run("verify", claims, "--invariant", "varied").stdout


def test_a_refutation_with_other_parameters_is_decided_again_as_it_says(claims: Path, tmp_path: Path) -> None:
    done = run("verify", claims, "--invariant", "varied", "--witness", tmp_path / "found of it")
    (command,) = (line for line in done.stderr.splitlines() if "--suppose" in line)
    program, *arguments = shlex.split(command)
    again = run(*arguments)
    assert (program, again.stdout.partition("\n")[0]) == ("bascule", "REFUTED (block, supposed)")
    without = run(*arguments[: arguments.index("--suppose")])
    assert without.stdout.startswith("NOT_GIVEN")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--invariant", "publishd"),
            "there is no invariant `publishd` in `small`. Did you mean `published`? It has `cheap`,",
        ),
        (("--timeout", "0"), "0.1<=x<=86400"),
        (("--invariant",), "bascule verify: option '--invariant' requires an argument\n  see `bascule verify --help`"),
    ],
)
def test_unusable_input(claims: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run("verify", claims, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_of_a_bundle_that_does_not_check_nothing_is_proved(claims: Path) -> None:
    (claims / "cheap.yaml").write_text("kind: Invariant", "utf-8")
    done = run("verify", claims)
    assert done.exit_code == 2
    assert re.search(r"has \d errors?, so nothing was proved$", done.stderr, re.MULTILINE)


def test_who_sees_a_refutation_is_told_of_its_inputs(claims: Path, tmp_path: Path) -> None:
    told = "`--witness DIR` writes the inputs of what is refuted"
    assert told in run("verify", claims, "--invariant", "cheap").stderr
    assert told not in run("verify", claims, "--invariant", "published").stderr
    assert told not in run("verify", claims, "--invariant", "cheap", "--witness", tmp_path / "found").stderr


@pytest.mark.parametrize("inputs", [b"{", b'{"now": "2026-02-03T12:00:00Z", "price": "dear"}'])
def test_inputs_that_do_not_fit_say_nothing_of_a_claim(claims: Path, inputs: bytes) -> None:
    told = "nothing is said of the claim"
    done = run("decide", "published", "--policies", claims, stdin=inputs)
    assert (done.exit_code, done.stdout.startswith("REFUTED (block)"), told in done.stderr) == (2, True, True)
    assert told not in run("decide", "cheap", "--policies", claims, stdin=CHEAP).stderr
    assert told not in run("decide", "gate", "--policies", claims, stdin=inputs).stderr


def test_names_that_neither_version_has(bundle: Path) -> None:
    for more in ((), ("--prove",)):
        done = run("diff", bundle, bundle, "--policy", "gat", *more)
        assert (done.exit_code, "Did you mean `gate`? It has `gate`" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "typed", "names"),
    [
        (("verify", "FOLDER", "--invariant"), "", ["cheap", "never-dear", "published", "varied"]),
        (("verify", "FOLDER", "--invariant"), "c", ["cheap"]),
        (("mutate", "FOLDER", "--policy"), "", ["gate", "types"]),
        (("diff", "FOLDER", "FOLDER", "--policy"), "g", ["gate"]),
        (("diff", "FOLDER", "main:policies", "--policy"), "", []),
        (("decide", "--policies", "FOLDER"), "g", ["gate"]),
        (("verify", "nowhere", "--invariant"), "", []),
    ],
)
def test_a_shell_completes_names(claims: Path, arguments: tuple[str, ...], typed: str, names: list[str]) -> None:
    shell = ShellComplete(cli, {}, "bascule", "_BASCULE_COMPLETE")
    found = shell.get_completions([one.replace("FOLDER", str(claims)) for one in arguments], typed)
    assert [one.value for one in found] == names


def test_a_bundle_without_invariants_is_told(bundle: Path) -> None:
    done = run("verify", bundle)
    assert done.exit_code == 2
    assert "has no invariants" in done.stderr


@pytest.fixture
def dearer(bundle: Path, tmp_path: Path) -> Path:
    """The small bundle with a higher limit."""
    folder = tmp_path / "dearer"
    shutil.copytree(bundle, folder)
    changed = 0
    for path in folder.glob("*.yaml"):
        text = path.read_text("utf-8")
        changed += text.count("default: 10.0")
        path.write_text(text.replace("default: 10.0", "default: 11.0"), "utf-8")
    assert changed == 1
    return folder


@pytest.mark.parametrize(
    ("forbidden", "exit_code"), [((), 0), (("--fail-on", "outcome"), 0), (("--fail-on", "block-to-allow"), 1)]
)
def test_what_changes_over_all_inputs(bundle: Path, dearer: Path, forbidden: tuple[str, ...], exit_code: int) -> None:
    done = run("diff", bundle, dearer, "--prove", *forbidden)
    assert done.exit_code == exit_code
    assert "gate: over all inputs" in done.stdout
    assert "pairs of outcomes never come about" in done.stdout


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_every_form_tells_it(bundle: Path, dearer: Path, form: str) -> None:
    told = run("diff", bundle, dearer, "--prove", "--format", form).stdout
    if form == "json":
        (proof,) = json.loads(told)["proofs"]
        prices = {one["change"]: one["inputs"]["price"] for one in proof["differences"] if one["result"] == "some"}
        assert prices.keys() == {"block-to-allow", "allow-to-block"}
        assert 10.0 < prices["block-to-allow"] <= 11.0
        assert prices["allow-to-block"] < 1e-300  # 11.0 divided by it is no double any more, and 10.0 is
    else:
        assert "over all inputs" in told
        assert "price" in told


ASKS = """\
apiVersion: bascule/v1
kind: RuleList
metadata: {name: asks, version: 0.1.0, title: Asks the gate, owner: tests}
spec:
  inputs: {now: timestamp, price: Price}
  calls: {gate: {policy: gate}}
  outcomes: {NO: {effect: block}, YES: {effect: allow}}
  rules: [{id: dear, when: gate.effect == "block", outcome: NO, reason: the gate}]
  otherwise: {outcome: YES, reason: the gate lets it through}
  onError: NO
"""


def test_who_asks_what_changes_is_named_and_no_gate_takes_it_for_unchanged(bundle: Path, dearer: Path) -> None:
    for folder in (bundle, dearer):
        (folder / "asks.yaml").write_text(ASKS, "utf-8")
    done = run("diff", bundle, dearer, "--prove", "--fail-on", "outcome")
    assert done.exit_code == 2
    assert "nothing is proved: it asks a policy that changes" in " ".join(done.stdout.split())
    assert "of `asks` it is not known" in done.stderr
    told = run("diff", bundle, dearer, "--prove", "--policy", "asks")
    assert "`NO` by `dear` becomes `YES`" in told.stdout


def test_a_policy_of_one_side_is_no_policy_that_does_not_change(bundle: Path, tmp_path: Path) -> None:
    new = Path(shutil.copytree(bundle, tmp_path / "new"))
    (new / "asks.yaml").write_text(ASKS, "utf-8")
    done = run("diff", bundle, new, "--prove", "--fail-on", "block-to-allow")
    assert done.exit_code == 2
    assert "of `asks` it is not known" in done.stderr
    named = run("diff", bundle, new, "--prove", "--policy", "asks")
    assert (named.exit_code, "`asks` is no policy of OLD:" in named.stderr) == (2, True)


def test_other_types_are_no_types_that_do_not_change(bundle: Path, tmp_path: Path) -> None:
    new = Path(shutil.copytree(bundle, tmp_path / "new"))
    types = (new / "types.yaml").read_text("utf-8")
    (new / "types.yaml").write_text(types.replace("maximum: 100.0", "maximum: 200.0"), "utf-8")
    done = run("diff", bundle, new, "--prove", "--fail-on", "block-to-allow")
    assert done.exit_code == 2
    assert "of `gate` it is not known" in done.stderr


def test_what_does_not_change_is_not_asked(bundle: Path) -> None:
    done = run("diff", bundle, bundle, "--prove")
    assert done.exit_code == 0
    assert "over all inputs" not in done.stdout
    told = run("diff", bundle, bundle, "--prove", "--policy", "gate").stdout
    assert "proved: both versions decide alike on all inputs" in told


@pytest.mark.parametrize(
    ("left_out", "told", "exit_code"),
    [
        (("cheap.yaml", "varied.yaml"), "published", 0),
        ((), "`cheap` is refuted: nothing was written", 1),
        (("cheap.yaml", "varied.yaml", "published.yaml", "never-dear.yaml"), "has no invariants", 2),
    ],
)
def test_what_is_not_proved_is_not_published(
    claims: Path, tmp_path: Path, left_out: tuple[str, ...], told: str, exit_code: int
) -> None:
    for name in left_out:
        (claims / name).unlink()
    store = f"{tmp_path / 'store'}"
    asked = ("publish", claims, "--store", store, "--unsigned", "--note", "first", "--wait", "1ms")
    done = run(*asked, "--require-proof", stdin=b"")
    assert (done.exit_code, told in done.stdout + done.stderr) == (exit_code, True)
    there = run("show", "--store", store, "--unsigned")
    assert ("nothing" in there.stdout + there.stderr) == bool(exit_code)


def test_without_the_solver_it_is_said_what_to_install(claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith(("engine.symbolic", "adapters.proving", "z3"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    told = "proofs need z3: run `pip install '.[prove]'` in the checkout of Bascule"
    for arguments in (("verify", claims), ("verify", claims, "--redundant"), ("diff", claims, claims, "--prove")):
        done = run(*arguments)
        assert done.exit_code == 2
        assert told in done.stderr
    assert told in run("mutate", claims).stderr
    assert CHEAP  # decisions need none of it
    assert run("decide", "gate", "--policies", claims, stdin=CHEAP).exit_code == 0


def test_what_is_said_in_vain(bundle: Path) -> None:
    """Without claims too: a rule that never applies fails, unless a suite says that it never does."""
    gate, suite = bundle / "gate.yaml", bundle / "suites" / "gate.yaml"
    text = gate.read_text("utf-8").replace("when: share < 1.0", "when: price > params.dearest + 1.0")
    gate.write_text(
        text.replace("{share:.2f}", "{price:.2f}").replace("  variables:\n    share: params.dearest / price\n", "")
    )
    found, code = redundant(bundle)
    assert code == 1
    assert {one["name"]: (one["result"], one["must_be_looked_at"]) for one in found} == {
        "steep": ("never", True),
        "noted": ("reached", False),
    }
    told = run("verify", bundle, "--redundant")
    assert told.exit_code == 1
    assert re.search(r"^never +gate: rule `steep` can never apply: to be looked at$", told.stdout, re.MULTILINE)
    assert told.stdout.splitlines()[-1] == "redundant: 1 rule never, 1 rule without a case; 1 to be looked at"
    declared = "  unreachable: [{rule: steep, because: dear takes it}]\n"
    suite.write_text(suite.read_text("utf-8") + declared, "utf-8")
    found, code = redundant(bundle)
    assert code == 0
    assert [one["declared"] for one in found if one["name"] == "steep"] == ["dear takes it"]
    suite.write_text(suite.read_text("utf-8").replace("rule: steep", "rule: noted"), "utf-8")
    found, code = redundant(bundle)
    assert code == 1, "what a suite says that no inputs bring about, and inputs do"
    assert [one["name"] for one in found if one["must_be_looked_at"]] == ["steep", "noted"]
    suite.write_text(suite.read_text("utf-8").replace("rule: noted", "rule: dear"), "utf-8")
    found, code = redundant(bundle)
    assert code == 1, "what a suite says that no inputs bring about, and its own case does"
    assert [one["name"] for one in found if one["must_be_looked_at"]] == ["dear", "steep"]


def test_suites_that_fail_show_nothing(bundle: Path) -> None:
    suite = bundle / "suites" / "gate.yaml"
    suite.write_text(suite.read_text("utf-8").replace("outcome: OPEN", "outcome: TOO_DEAR"), "utf-8")
    done = run("verify", bundle, "--redundant")
    assert done.exit_code == 1
    assert "`gate-suite/cheap-opens` fails as the policies are" in done.stderr


def test_what_is_not_known_must_be_looked_at(bundle: Path) -> None:
    """A quotient of products is hard; nothing that is not known passes."""
    found, code = redundant(bundle)
    assert code == 1
    assert [(one["name"], one["result"]) for one in found if one["must_be_looked_at"]] == [("steep", "unknown")]


def redundant(bundle: Path) -> tuple[list[dict[str, object]], int]:
    done = run("verify", bundle, "--redundant", "--json")
    told = json.loads(done.stdout)
    assert told["ok"] == (done.exit_code == 0)
    assert told["invariants"] == []
    return told["redundant"], done.exit_code


def test_what_was_excluded_for_short_lists_alone_fails_a_gate_of_that_change() -> None:
    """A longer list may bring it about: nothing uncertain passes."""
    bounded = Shown(old="NO", new="YES", result="none", change="block-to-allow", up_to=12)
    proof = Proof(policy="gate", pairs=6, equal=False, seconds=0.1, differences=[bounded])
    assert [change for change in FAILING if unknown(proof, change)] == ["block-to-allow"]
    out_of_time = Proof(policy="gate", pairs=0, equal=False, seconds=0.1, why_not="the time was up")
    assert all(unknown(out_of_time, change) for change in FAILING)
    assert not any(unknown(Proof(policy="gate", pairs=6, equal=True, seconds=0.1), change) for change in FAILING)


@pytest.mark.parametrize(("new", "change"), [("YES", "block-to-allow"), ("HELD", "outcome"), ("outputs", "outputs")])
def test_what_is_not_known_is_told_as_the_change_that_it_would_be(new: str, change: str) -> None:
    """So that a gate of one change does not fail by another."""
    effects = {"NO": "block", "HELD": "block", "YES": "allow"}
    told = shown(Difference("NO", new, "unknown", hard="the time is up"), effects, effects)
    assert (told.change, told.result, told.why) == (change, "unknown", "the time is up")
