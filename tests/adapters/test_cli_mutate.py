"""`bascule mutate`: the sample that a seed gives, what is printed, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3")

from adapters.proving.mutants import all_mutants, sample
from tests.adapters.running import run
from tests.engine.shipped import bundle as shipped


def told(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("mutate", *arguments, "--json", "--processes", "1").stdout)
    return found


def test_the_same_seed_gives_the_same_mutants() -> None:
    found = all_mutants(shipped())
    assert sample(found, 7, 50) == sample(all_mutants(shipped()), 7, 50)
    assert sample(found, 7, 50) != sample(found, 8, 50)
    assert sample(found, 7, 10**6) == found
    assert len(set(sample(found, 7, 50))) == 50


def test_some_documents_alone() -> None:
    assert {one.document for one in all_mutants(shipped(), ("entry", "book"))} == {"entry", "book"}


def test_what_is_printed_and_the_exit_code(bundle: Path) -> None:
    seeded = ("mutate", bundle, "--seed", "3", "--count", "6", "--processes", "2")
    done = run(*seeded)
    first, *_, last = [line for line in done.stdout.splitlines() if "mutants" in line or line.startswith("score")]
    assert first.startswith("6 mutants of ")
    assert first.endswith("seed 3")
    assert last.startswith("score ")
    as_json = told(bundle, "--seed", "3", "--count", "6")
    assert done.exit_code == (0 if as_json["ok"] else 1)
    assert done.stdout.count("survived  ") == as_json["counts"]["survived"]


def test_a_seed_is_drawn_and_told(bundle: Path) -> None:
    done = run("mutate", bundle, "--count", "1", "--policy", "types", "--json", "--processes", "1")
    drawn = json.loads(done.stdout)["seed"]
    assert isinstance(drawn, int)
    assert f"`--seed {drawn}` gives the same ones again" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all", "--seed", "7"), "`--seed` beside `--all`"),
        (("--all", "--count", "7"), "`--count` beside `--all`"),
        (("--count", "0"), "x>=1"),
    ],
)
def test_what_would_be_ignored_or_show_nothing_is_refused(
    bundle: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("mutate", bundle, *arguments)
    assert (done.exit_code, message in done.stderr) == (2, True)
    assert "see `bascule mutate --help`" in done.stderr


def test_what_cannot_be_done(bundle: Path) -> None:
    done = run("mutate", bundle, "--policy", "gat")
    assert (done.exit_code, "Did you mean `gate`?" in done.stderr) == (2, True)
    done = run("mutate", bundle, "--policy", "gate-suite")
    assert (done.exit_code, "`gate-suite` is of `kind: Suite`" in done.stderr) == (2, True)
    suite = next((bundle / "suites").glob("*.yaml"))
    suite.write_text(suite.read_text("utf-8").replace("outcome: OPEN", "outcome: TOO_DEAR", 1), "utf-8")
    done = run("mutate", bundle)
    assert (done.exit_code, "fails as the policies are" in done.stderr) == (1, True)
