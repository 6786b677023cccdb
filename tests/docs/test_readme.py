"""The README does what it says: followed word for word it decides, and what it shows is what is printed."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from adapters.bootstrap import open_machine
from adapters.cli.inputs import MOST_BYTES
from adapters.extras import lacking
from engine.policy import ERRORS
from rules.cel.expressions import MAX_WRITTEN_DEPTH, MAX_WRITTEN_SIZE
from rules.cel.parsing import MAX_LENGTH
from rules.cel.syntax_faults import MAX_DEPTH
from rules.folder import MAX_FILES
from rules.yaml_compose import MAX_NODES
from rules.yaml_reader import MAX_BYTES
from tests.docs.fences import Block, blocks
from tests.docs.pages import Reader, compare

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLLOWED = [README, ROOT / "docs" / "tour.md", ROOT / "docs" / "operations.md"]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FIGURE = re.compile(r"\b[0-9][0-9.,]* (?:µs|ns|ms|times)\b")
_COMMANDS_OF_FIGURES = ("python benchmarks/decide.py", "make bench")


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.name)
def test_the_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    reader = Reader(ROOT, tmp_path)
    reader.read(page)
    assert reader.followed


def test_the_readme_shows_a_decision_and_a_refusal() -> None:
    shown = [block.text for block in blocks(README) if block.words == ("text",)]
    assert any(text.startswith("ALLOW_NEW_ENTRY (allow)") for text in shown)
    assert any("error[cel-absent]" in text for text in shown)


def test_what_a_page_shows_must_be_printed() -> None:
    shown = Block("page", 1, ("text",), {}, "ALLOW (allow)\n…\ndone in 5 ms\n", "", None)
    compare(shown, "ALLOW (allow)\n  because\ndone in 7 ms\n")
    for printed in ("BLOCK (block)\n", "ALLOW (allow)\n", "ALLOW (allow)\ndone in 7 ms\nand more\n"):
        with pytest.raises(AssertionError):
            compare(shown, printed)


DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("shown", "printed", "so"),
    [
        ("960 cases in 30 suites: all passed, 5 ms", "960 cases in 30 suites: all passed, 1,310 ms", True),
        ("960 cases in 30 suites", "961 cases in 30 suites", False),
        ("89 of 93", "89 of 94", False),
        ("entry.yaml:44:19: error", "entry.yaml:49:19: error", False),
        ("bundle sha256:0123456789ab", f"bundle {DIGEST}", True),
        ("bundle sha256:0123456789ac", f"bundle {DIGEST}", False),
        ('{"decision_id":"…","decided_at":"…"}', '{"decision_id":"1","decided_at":"2026-02-03T12:00:00Z"}', True),
    ],
)
def test_a_stale_figure_is_noticed(shown: str, printed: str, so: bool) -> None:
    block = Block("page", 1, ("text",), {}, f"{shown}\n", "", None)
    if so:
        compare(block, f"{printed}\n")
        return
    with pytest.raises(AssertionError):
        compare(block, f"{printed}\n")


@pytest.mark.parametrize(
    ("name", "asked", "outcome"),
    [
        ("entry", "entry", "ALLOW_NEW_ENTRY"),
        ("blocked", "entry", "BLOCK_COOLDOWN"),
        ("scale-in", "entry", "ALLOW_SCALE_IN"),
        ("open-position", "open-position", "OPEN"),
        ("close", "open-position", "EXIT"),
    ],
)
def test_the_examples_are_what_they_are_called(name: str, asked: str, outcome: str) -> None:
    policy = open_machine(ROOT / "policies", {}).policies[asked]
    inputs = policy.decoder.decode((ROOT / "examples" / f"{name}.json").read_bytes())
    assert policy.verdict(inputs)[0] == outcome


def test_every_example_is_a_snapshot() -> None:
    assert all(isinstance(json.loads(path.read_text("utf-8")), dict) for path in (ROOT / "examples").glob("*.json"))


# Operations.


def test_operations_lists_every_override() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([A-Z]+_\w+)`(?: \((\w+)\))? \| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \|$", text, re.M))
    units = {None: "", 1_000_000: "seconds"}
    wanted = {
        (p.env.name, units[p.env.unit_us], p.name, p.origin, written(p.written(p.default)), p.env.tighten)
        for policy in open_machine(ROOT / "policies", {}).policies.values()
        for p in policy.plan.parameters
        if p.env is not None
    }
    assert rows == wanted


def written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_operations_explains_every_error() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert {code for code in ("inputs", *ERRORS) if f"\n| `{code}` |" not in text} == set()


def test_the_limits_are_those_of_the_code() -> None:
    limits = (
        MOST_BYTES // 2**20,
        MAX_BYTES // 2**20,
        MAX_NODES,
        MAX_FILES,
        MAX_LENGTH,
        MAX_DEPTH,
        MAX_WRITTEN_DEPTH,
        MAX_WRITTEN_SIZE,
    )
    for name in ("operations.md", "language.md"):
        text = (ROOT / "docs" / name).read_text("utf-8")
        assert [limit for limit in limits if f"{limit:,}".replace(",", " ") not in text] == []


# Installing.


EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
OF_THE_ACTION = '"$GITHUB_ACTION_PATH/../..[$EXTRAS]"'
"""The checkout of the action, with the extras that it is told."""


def installed(text: str) -> list[str]:
    """What each `pip install` of a text installs."""
    return re.findall(r"pip install (?:--?[\w-]+ )*([^`\n]+)", text)


def is_of_the_checkout(what: str) -> bool:
    """Whether this installs the checkout, with extras that there are."""
    extras = re.fullmatch(r"'\.\[([a-z,]+)\]'", what)
    return what == OF_THE_ACTION or (extras is not None and set(extras[1].split(",")) <= EXTRAS)


def test_everything_is_installed_from_the_checkout() -> None:
    """The name of Bascule on a package index is nobody's, so it must stand in no instruction."""
    files = [*PAGES, *(path for path in (ROOT / "deploy").rglob("*") if path.is_file())]
    named = [one for path in files for one in installed(path.read_text("utf-8"))]
    named += installed(lacking("it needs a package", "prove"))
    assert len(named) >= 5
    assert [one for one in named if not is_of_the_checkout(one)] == []
    assert not is_of_the_checkout(installed("pip install 'bascule[prove]'")[0])


def test_the_first_command_installs_what_the_readme_goes_on_with() -> None:
    """A server for the demo, a solver for `verify`."""
    made = re.search(r"^demo: (\S+) .*?^\1: .*?'\.\[([a-z,]+)\]'", (ROOT / "Makefile").read_text("utf-8"), re.M | re.S)
    assert made is not None
    assert set(made[2].split(",")) >= {"embedded", "prove"}


def test_operations_lists_every_extra() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## In continuous integration")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == EXTRAS - {"dev", "bench"}


# Links and figures.


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Links to a file or heading of ours that is not there."""
    dead: list[str] = []
    for target in _LINK.findall(page.read_text("utf-8")):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A head\n[a](#a-head) [b](#no-head) [c](none.md) [d](https://example.org)\n", encoding="utf-8")
    assert dead_links(page) == ["#no-head", "none.md"]


def figures_without_command(text: str) -> list[str]:
    """Sections that state a measured figure and name no command that prints it."""
    prose = re.sub(r"^```text$.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    sections = re.split(r"^##+ ", prose, flags=re.MULTILINE)
    return [
        section.splitlines()[0]
        for section in sections
        if _FIGURE.search(section) and not any(command in section for command in _COMMANDS_OF_FIGURES)
    ]


def test_a_figure_names_the_command_that_prints_it() -> None:
    assert figures_without_command(README.read_text("utf-8")) == []
    assert figures_without_command("## Speed\nIt takes 5 µs.\n") == ["Speed"]
