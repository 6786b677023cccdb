"""The rules of the house: each is a function shown to fail on a planted fault, then run on us."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOMS = ("schemas", "rules", "engine", "adapters")
PYTHON_FOLDERS = (*ROOMS, "tests", "benchmarks")
MAX_LINES = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common"}
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|home|root|Users)/[\w.…<{$]")


# Whose names are these? `rules` and `adapters` are also distributions on the package index.


def foreign_owners(owners: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Other distributions that own one of our import names.

    An editable install lists no modules, so `bascule` itself need not be among the owners.
    """
    others = {room: set(owners.get(room, ())) - {"bascule"} for room in ROOMS}
    return {room: names for room, names in others.items() if names}


def strangers(files: Mapping[str, str], root: Path) -> dict[str, str]:
    """Rooms whose imported file lies outside `root`."""
    return {room: file for room, file in files.items() if not Path(file).resolve().is_relative_to(root)}


def imported_files() -> dict[str, str]:
    """Where each room is imported from by an interpreter that does not look where it stands."""
    code = "import importlib as i, json, sys; print(json.dumps({r: i.import_module(r).__file__ "
    code += "for r in sys.argv[1:]}))"
    command = [sys.executable, "-I", "-c", code, *ROOMS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ({}, {}),
        ({"rules": ["bascule", "bascule"], "yaml": ["PyYAML"]}, {}),
        ({"rules": ["rules"]}, {"rules": {"rules"}}),
        (
            {"rules": ["bascule", "rules"], "adapters": ["adapters"]},
            {"rules": {"rules"}, "adapters": {"adapters"}},
        ),
    ],
)
def test_another_owner_is_noticed(owners: dict[str, list[str]], expected: dict[str, set[str]]) -> None:
    assert foreign_owners(owners) == expected


def test_a_module_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    inside, outside = str(tmp_path / "rules/__init__.py"), str(tmp_path.parent / "engine.py")
    assert strangers({"rules": inside, "engine": outside}, tmp_path) == {"engine": outside}


def test_no_other_distribution_owns_our_names() -> None:
    assert foreign_owners(packages_distributions()) == {}


def test_our_names_import_our_files(repository: Path) -> None:
    assert strangers(imported_files(), repository) == {}


# What a Python file looks like.


def too_long(path: Path, text: str) -> str | None:
    """A file of more than `MAX_LINES` lines."""
    lines = len(text.splitlines())
    return f"{path}: {lines} lines, at most {MAX_LINES}" if lines > MAX_LINES else None


def vaguely_named(path: Path, text: str) -> str | None:
    """A module or package whose name says nothing about what is in it."""
    vague = VAGUE_NAMES & {path.stem, *path.parent.parts}
    return f"{path}: a name that says nothing: {', '.join(sorted(vague))}" if vague else None


def undocumented(path: Path, text: str) -> str | None:
    """A module of the product that does not open with what it is for."""
    if path.parts[0] not in ROOMS or ast.get_docstring(ast.parse(text)):
        return None
    return f"{path}: does not start with a docstring"


Check = Callable[[Path, str], str | None]
CHECKS: tuple[Check, ...] = (too_long, vaguely_named, undocumented)


@pytest.mark.parametrize(
    ("check", "path", "text", "holds"),
    [
        (too_long, "rules/a.py", "x = 1\n" * MAX_LINES, True),
        (too_long, "rules/a.py", "x = 1\n" * (MAX_LINES + 1), False),
        (vaguely_named, "engine/folds/ledger.py", "", True),
        (vaguely_named, "engine/utils.py", "", False),
        (vaguely_named, "engine/common/ledger.py", "", False),
        (undocumented, "rules/a.py", '"""What it is for."""\n', True),
        (undocumented, "rules/a.py", "# a comment\nx = 1\n", False),
        (undocumented, "rules/cel/__init__.py", "", False),
        (undocumented, "tests/test_a.py", "", True),
    ],
)
def test_a_faulty_file_is_noticed(check: Check, path: str, text: str, holds: bool) -> None:
    assert (check(Path(path), text) is None) is holds


@pytest.mark.parametrize("check", CHECKS)
def test_every_python_file_keeps_to(check: Check, repository: Path) -> None:
    files = [file for name in PYTHON_FOLDERS for file in (repository / name).rglob("*.py")]
    assert len(files) > len(ROOMS)
    faults = (check(file.relative_to(repository), file.read_text("utf-8")) for file in files)
    assert [fault for fault in faults if fault] == []


# No file names a place that exists on one machine only.


def machine_paths(path: Path, text: str) -> list[str]:
    """The lines of `text` that name a folder of somebody's machine."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{path}:{number}: {line.strip()}" for number, line in lines if MACHINE_PATH.search(line)]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("see docs{0}plan.md and https://example.org{0}page", True),
        ("cd ~{0}bascule; $HOME{0}x; /usr/bin/env; ..{0}file", True),
        ("DATA = '{0}data'", False),
        ("file://{0}checkout/rules", False),
        ("PATH={0}bin:/usr/bin", False),
    ],
)
@pytest.mark.parametrize("place", ["work", "home", "root", "Users"])
def test_a_machine_path_is_noticed(text: str, holds: bool, place: str) -> None:
    assert (machine_paths(Path("README.md"), text.format(f"/{place}/")) == []) is holds


def test_no_file_names_a_place_of_one_machine(repository: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed: it says which files belong to the repository")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip(f"git does not list the files here: {listed.stderr.strip()}")
    files = [repository / name for name in listed.stdout.split("\0") if name]
    assert repository / "pyproject.toml" in files
    faults: list[str] = []
    for file in filter(Path.is_file, files):
        text = file.read_bytes().decode("utf-8", errors="replace")
        faults += machine_paths(file.relative_to(repository), text)
    assert faults == []


# Imports point left.


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """The import contracts of `pyproject.toml`, checked on the rooms under `root`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copied_rooms(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms and their contracts, in a folder where a test may plant a fault."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(repository / "pyproject.toml", copy)
    for room in ROOMS:
        shutil.copytree(repository / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_imports_keep_the_contracts(repository: Path) -> None:
    result = lint_imports(repository)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("room", "statement", "contract"),
    [
        ("schemas", "import rules", "imports point left"),
        ("rules", "from engine import __doc__", "imports point left"),
        ("engine", "import adapters", "imports point left"),
        ("rules", "import socket", "no network, process, clock or randomness"),
        ("engine", "from time import monotonic", "no network, process, clock or randomness"),
        ("engine", "import redis.asyncio", "no network, process, clock or randomness"),
        ("engine", "from pathlib import Path", "opens no file"),
    ],
)
def test_a_planted_import_is_noticed(copied_rooms: Path, room: str, statement: str, contract: str) -> None:
    planted = copied_rooms / room / "planted.py"
    planted.write_text(f'"""Planted."""\n\n{statement}\n', encoding="utf-8")
    try:
        result = lint_imports(copied_rooms)
    finally:
        planted.unlink()
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(rf"{contract}.* BROKEN", result.stdout)
    assert f"{room}.planted" in result.stdout
