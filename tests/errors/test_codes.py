"""The table of codes and the sources agree: each code is emitted somewhere, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from rules.codes import CODES

FAMILIES = {code.partition("-")[0] for code in CODES}
TABLES = {"codes.py", "yaml_traps.py"}


def written(path: Path) -> Iterator[str]:
    """The texts in a module that look like a code; docstrings and the tables themselves aside."""
    tree = ast.parse(path.read_text("utf-8"))
    for statement in ast.walk(tree):
        if isinstance(statement, ast.AnnAssign) and path.name in TABLES and isinstance(statement.value, ast.Dict):
            statement.value = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = re.fullmatch(r"([a-z]+)(?:-[a-z0-9]+)+", node.value)
            if match and match[1] in FAMILIES:
                yield node.value


def given_to_diagnostic(path: Path) -> Iterator[str]:
    """The codes that a module of the engine gives its diagnostics."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Diagnostic":
            code = node.args[0]
            assert isinstance(code, ast.Constant), f"{path}:{code.lineno}: a code is written where it is given"
            yield str(code.value)


def test_every_code_of_the_sources_is_in_the_table_and_the_other_way_round(repository: Path) -> None:
    rules = {code for path in (repository / "rules").rglob("*.py") for code in written(path)}
    engine = {code for path in (repository / "engine").rglob("*.py") for code in given_to_diagnostic(path)}
    assert rules | engine == set(CODES)


def test_the_table_reads_well() -> None:
    assert list(CODES) == sorted(CODES)
    for code, meaning in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)
        assert re.match(r"[a-z`]", meaning), meaning
        assert not meaning.endswith("."), meaning
        assert "\n" not in meaning
        assert len(meaning) <= 120
    assert len(set(CODES.values())) == len(CODES)
