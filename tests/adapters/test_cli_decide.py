"""`bascule decide` and `explain`: lines, the clock, the environment, and inputs nobody should send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters import bootstrap
from adapters.cli.inputs import with_clock
from tests.adapters.running import CHEAP, DEAR, POLICIES, SNAPSHOTS, run

MOMENT = datetime(2026, 2, 3, 12, 0, 0, 250_000, tzinfo=UTC)


def decide(bundle: Path, stdin: bytes, *more: str, **env: str) -> dict[str, Any]:
    """The decision of the gate on standard input."""
    done = run("decide", "gate", "--policies", bundle, "--json", *more, stdin=stdin, env=env)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# Lines.

LINES = [
    # lines, the outcome of each decision
    (CHEAP + b"\n" + DEAR + b"\n", ["OPEN", "TOO_DEAR"]),
    (CHEAP + b"\n" + DEAR, ["OPEN", "TOO_DEAR"]),
    (CHEAP + b"\r\n" + DEAR + b"\r\n", ["OPEN", "TOO_DEAR"]),
    (CHEAP + b"\n\n", ["OPEN"]),
    (CHEAP + b"\n\n" + CHEAP + b"\n", ["OPEN", "FAILED", "OPEN"]),
    (b"\n" + CHEAP, ["FAILED", "OPEN"]),
    (b"{\n" + CHEAP, ["FAILED", "OPEN"]),
    (b'{"price": "5"}\n[]\n\xff\xfe\n\x00\n' + CHEAP, ["FAILED", "FAILED", "FAILED", "FAILED", "OPEN"]),
    (b'{"now": "2026-02-03T12:00:00Z", "price": 0}\n', ["FAILED"]),
    (b'{"price": ' + b"[" * 5000 + b"\n" + CHEAP, ["FAILED", "OPEN"]),
]


@pytest.mark.parametrize(("lines", "outcomes"), LINES)
def test_every_line_gives_one_decision(lines: bytes, outcomes: list[str], bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines)
    done = run("decide", "gate", "--policies", bundle, "--inputs", tmp_path / "x.jsonl")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [decision["outcome"] for decision in found] == outcomes
    assert len({decision["decision_id"] for decision in found}) == len(outcomes)
    assert done.exit_code == 0


def test_a_line_that_is_too_long_blocks_and_the_next_is_decided(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.cli.inputs.MOST_BYTES", 100)
    (tmp_path / "x.jsonl").write_bytes(CHEAP + b" " * 1000 + b"\n" + CHEAP)
    done = run("decide", "gate", "--policies", bundle, "--inputs", tmp_path / "x.jsonl")
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["FAILED", "OPEN"]
    assert "1 faulty line" in done.stderr


def test_explained_lines_carry_their_traces(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(DEAR)
    done = run("explain", "gate", "--policies", bundle, "--inputs", tmp_path / "x.jsonl")
    assert json.loads(done.stdout)["trace"][0]["applied"] is True


# The clock.


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"{}", b'{"now":"2026-02-03T12:00:00.25Z"}'),
        (b' \n{ "a": 1}', b' \n{"now":"2026-02-03T12:00:00.25Z", "a": 1}'),
        (b'{"a": {"now": 1}}', b'{"now":"2026-02-03T12:00:00.25Z","a": {"now": 1}}'),
        (b'{"now": null}', b'{"now": null}'),
        (b'{"n\\u006fw": 1}', b'{"n\\u006fw": 1}'),
        (b"[]", b"[]"),
        (b"{", b"{"),
        (b'"{}"', b'"{}"'),
        (b'{"a": "\xff"}', b'{"a": "\xff"}'),
        (b"", b""),
    ],
)
def test_the_clock_is_put_where_now_is_absent(written: bytes, expected: bytes) -> None:
    assert with_clock(written, MOMENT) == expected


def test_an_absent_now_is_the_time_of_the_decision(bundle: Path) -> None:
    before = datetime.now(UTC)
    found = decide(bundle, b'{"price": 5.0}', "--trace")
    assert before <= datetime.fromisoformat(found["decided_at"]) <= datetime.now(UTC)
    now = found["reason"].partition(" at ")[2]
    assert datetime.fromisoformat(now) == datetime.fromisoformat(found["decided_at"])


def test_a_trade_of_a_moment_ago_cools_down() -> None:
    snapshot = json.loads((SNAPSHOTS / "new-entry.json").read_bytes())
    del snapshot["now"]
    for age, outcome in ((timedelta(seconds=5), "BLOCK_COOLDOWN"), (timedelta(hours=1), "ALLOW_NEW_ENTRY")):
        snapshot["portfolio"]["last_trade_at"] = (datetime.now(UTC) - age).isoformat()
        done = run("decide", "entry", "--policies", POLICIES, "--json", stdin=json.dumps(snapshot))
        assert json.loads(done.stdout)["outcome"] == outcome


# The environment.


def test_an_override_tightens_and_is_reported(bundle: Path) -> None:
    found = decide(bundle, CHEAP, GATE_DEAREST="4")
    assert (found["outcome"], found["parameters"]) == ("TOO_DEAR", {"dearest": 4.0})
    assert found["effective_digest"] != found["bundle"]
    text = run("explain", "gate", "--policies", bundle, stdin=CHEAP, env={"GATE_DEAREST": "4"}).stdout
    assert "dearest  4.0  (published 10.0, moved by GATE_DEAREST)" in text


@pytest.mark.parametrize("value", ["11", "cheap", "nan", ""])
def test_an_override_that_may_not_be_refuses_the_bundle(value: str, bundle: Path) -> None:
    env = {"GATE_DEAREST": value}
    done = run("decide", "gate", "--policies", bundle, stdin=CHEAP, env=env)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (2, "BLOCKED_NO_POLICY (block)")
    assert "`GATE_DEAREST` may not set `dearest`" in done.stderr
    assert decide(bundle, CHEAP, **env)["error"]["code"] == "no-policy"


@pytest.mark.parametrize("command", ["check", "test"])
def test_checks_and_tests_ignore_the_environment(command: str, bundle: Path) -> None:
    assert run(command, bundle, env={"GATE_DEAREST": "99"}).exit_code == 0


# What is sent cannot do.


def test_text_from_inputs_does_not_steer_the_terminal(bundle: Path) -> None:
    sent = json.dumps({"price": 5.0, "note": "\x1b[31mred\x07\r\n"})
    for command in ("decide", "explain"):
        shown = run(command, "gate", "--policies", bundle, stdin=sent).stdout
        assert "noted: \\x1b[31mred\\x07\\r\\n" in shown
        assert "\x1b" not in shown


@pytest.fixture(scope="module")
def opened_once() -> Iterator[None]:
    """Policies compiled once for a test of many runs."""
    with pytest.MonkeyPatch.context() as patch:
        opening = bootstrap.open_machine
        once = cache(lambda folder, asked: opening(folder, {}, asked))
        patch.setattr(bootstrap, "open_machine", lambda folder, _, asked: once(folder, asked))
        yield


SNAPSHOT = (SNAPSHOTS / "full-book.json").read_bytes()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(["now", "intent"]), inner),
    max_leaves=12,
)


@st.composite
def damaged_snapshots(draw: st.DrawFn) -> bytes:
    """A right snapshot with a piece cut out, and something else in its place."""
    start = draw(st.integers(0, len(SNAPSHOT)))
    end = draw(st.integers(start, min(len(SNAPSHOT), start + 40)))
    return SNAPSHOT[:start] + draw(st.binary(max_size=8)) + SNAPSHOT[end:]


@pytest.mark.usefixtures("opened_once")
@given(sent=st.binary() | JSON.map(lambda value: json.dumps(value).encode()) | damaged_snapshots())
@example(sent=b"\xef\xbb\xbf{}")
@example(sent=b'{"now": 1e999}')
@example(sent=b"[" * 100_000)
@example(sent=b'{"a":' * 100_000)
@example(sent=b'{"portfolio": {"equity": ' + b"9" * 10_000 + b"}}")
@example(sent=b'{"intent": "\\ud800"}')
@settings(deadline=None)
def test_no_input_ends_in_a_traceback_or_an_unearned_allow(sent: bytes) -> None:
    done = run("decide", "entry", "--policies", POLICIES, "--json", stdin=sent)
    found = json.loads(done.stdout)
    assert done.exit_code in (0, 2), done.output
    assert "internal" not in done.output
    if done.exit_code == 2:
        assert found["effect"] == "block"
    text = run("explain", "entry", "--policies", POLICIES, stdin=sent)
    assert (text.exit_code, "internal error" in text.output) == (done.exit_code, False)
