"""The forms of a report: the same figures in each, text that steers nothing, and a page that needs nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("pyarrow")

from adapters.replaying.as_markdown import as_markdown
from adapters.replaying.as_text import as_text
from adapters.replaying.report import LeftOut, OfDay, OfSymbol, Pair, Replayed, Report, Said, Sum, Version
from engine.comparison import Verdict

NASTY = '<script>alert(1)</script> | `code` $x$ *b* [a](javascript:1) \x1b[31m & "q"'
ALLOW, BLOCK = Verdict("ALLOW_NEW_ENTRY", "allow", "otherwise"), Verdict("BLOCK_LOW", "block", NASTY)
OPENS = Sum("block-to-allow", 3, {"capital": 0.0}, {"capital": 1234.5})
SAME = Sum("same", 97, {"capital": 9876.0}, {"capital": 9876.0})
FOUND = Replayed(
    policy="entry",
    decisions=100,
    as_recorded=97,
    left_out=[LeftOut("inputs", NASTY, "the inputs do not fit the glossary", 7)],
    bundles={"sha256:abc": 60, NASTY: 40},
    sums=[OPENS, SAME],
    pairs=[Pair("block-to-allow", BLOCK, ALLOW, 3, {"capital": 0.0}, {"capital": 1234.5}, ["d-1", NASTY])],
    by_day=[OfDay(date(2026, 2, 3), [OPENS, SAME]), OfDay(date(2026, 5, 4), [SAME])],
    by_symbol=[OfSymbol("BTCUSDT", [OPENS]), OfSymbol(NASTY, [OPENS, SAME])],
)
REPORT = Report(
    old=Version(NASTY, "desk", "0.9.0", "sha256:" + "1" * 64),
    new=Version("policies", "desk", "1.0.0", "sha256:" + "2" * 64),
    logs=["february.parquet", NASTY],
    changes=[Said("entry", "rule", "low", f"has the condition `a || b`, not `{NASTY}`")],
    replays=[FOUND],
)


def test_the_terminal_is_not_steered() -> None:
    told = "\n".join(as_text(REPORT))
    assert "\x1b[31m &" not in told
    assert "3  \x1b[31mblocked before, allowed now" in told or "3  blocked before, allowed now" in told
    assert "capital 0 → 1,234" in told
    assert "on record by 2 bundles: 60 by sha256:abc, 40 by" in told
    assert "7  left out: the inputs do not fit the glossary" in told.replace("      ", "")


def test_markdown_holds_no_html_and_no_table_is_broken() -> None:
    told = "\n".join(as_markdown(REPORT))
    outside = re.sub(r"(`+).*?\1", "", told)
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    for row in [row for row in told.splitlines() if row.startswith("|")]:
        assert row.endswith("|")
    heads = [row for row in told.splitlines() if row.startswith("| decisions | became")]
    assert heads == ["| decisions | became | capital before | capital now |"]
    assert "| 3 | blocked before, allowed now | 0 | 1,234 |" in told
    assert "condition `a || b`" in told
    assert "on record by 2 bundles: 60 by sha256:abc, 40 by" in told


@pytest.fixture(scope="module")
def page() -> str:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from adapters.replaying.as_html import as_html

    return as_html(REPORT)


def test_the_page_holds_what_was_said_as_text(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert 'href="' not in page.replace('xlink:href="#', "").replace('href="#', "")
    assert "src=" not in page
    assert "on record by 2 bundles: 60 by sha256:abc, 40 by" in page
    assert page.count("<svg") == 4


CLOSES = Sum("allow-to-block", 2, {"capital": 800.0}, {"capital": 0.0})
SMALLER = Sum("same", 97, {"capital": 9876.0}, {"capital": 9000.0})
ROUNDED = Sum("same", 97, {"capital": 9876.0}, {"capital": 9876.0 + 1e-9})
ON_RECORD = Sum("allow-to-block", 2, {}, {"capital": 0.0})
HANDS = ("newly admitted", "newly blocked", "allowed by both, another size")


@pytest.mark.parametrize(
    ("sums", "told", "up", "down"),
    [
        ([OPENS, SAME], HANDS[:1], True, False),
        ([CLOSES, SAME], HANDS[1:2], False, True),
        ([OPENS, CLOSES], HANDS[:2], True, True),
        ([SMALLER], HANDS[2:], False, True),
        ([OPENS, CLOSES, SMALLER], HANDS, True, True),
        ([SAME], (), False, False),
        ([ROUNDED], (), False, False),
        ([ON_RECORD], (), False, False),
    ],
)
def test_capital_that_changes_hands_is_drawn_upwards_and_downwards(
    sums: list[Sum], told: tuple[str, ...], up: bool, down: bool
) -> None:
    """What both admit alike is no change, nor is rounding; beside the record nobody knows what was committed."""
    pytest.importorskip("matplotlib")
    from adapters.replaying.plots import changing

    found = msgspec.structs.replace(FOUND, sums=sums, by_day=[OfDay(date(2026, 2, 3), sums)])
    drawn = dict(changing(found)).get("capital", "")
    ticks = [int(one.replace(",", "")) for one in re.findall(r">(-?[0-9,]+)</text>", drawn)]
    assert tuple(one for one in HANDS if one in drawn) == told
    assert (any(tick > 0 for tick in ticks), any(tick < 0 for tick in ticks)) == (up, down)


def test_the_same_report_is_the_same_page(page: str) -> None:
    from adapters.replaying.as_html import as_html

    assert as_html(REPORT) == page


def test_a_browser_shows_it_without_an_error_or_a_request(page: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium here: the page was not opened")
    file, net = tmp_path / "report.html", tmp_path / "net.json"
    file.write_text(page, "utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={net}",
        "--enable-logging=stderr", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    shown = done.stdout.decode()
    assert shown.count("<svg") == 4
    assert shown.count("<table") >= 4
    assert "BLOCK_LOW" in shown
    assert not re.findall(r"CONSOLE.*", done.stderr.decode(errors="replace"))
    asked = set(re.findall(r'"url":"([^"]+)"', net.read_text("utf-8")))
    assert {one for one in asked if file.name in one or not _of_the_browser(one)} <= {file.as_uri()}


def _of_the_browser(url: str) -> bool:
    """What a browser asks for itself, whatever it shows; here it finds no name."""
    return bool(re.match(r"chrome|https?://([a-z0-9.-]+\.)?(google|googleapis|gvt1|gstatic)\.com/", url))


def test_json_keeps_everything() -> None:
    told = json.loads(msgspec.json.encode(REPORT))
    assert msgspec.convert(told, Report, strict=False) == REPORT
