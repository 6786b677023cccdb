"""Each function of the language is translated by each reader, or declared with a reason as one that is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.columnar.translations import ELEMENTWISE
from engine.columnar.translations import TRANSLATIONS as COLUMNAR
from engine.scalar.translations import TRANSLATIONS as SCALAR
from rules.cel.functions import BY_ID

READERS: Mapping[str, Mapping[str, object]] = {"scalar": SCALAR, "columnar": COLUMNAR}
NOT_TRANSLATED: Mapping[str, Mapping[str, str]] = {"scalar": {}, "columnar": {}}
"""By reader, the functions it does not translate, each with the reason."""


@pytest.mark.parametrize("reader", READERS)
def test_every_function_is_translated_or_declared(reader: str) -> None:
    translated, declared = READERS[reader].keys(), NOT_TRANSLATED[reader]
    assert translated | declared.keys() == BY_ID.keys()
    assert not translated & declared.keys()
    assert all(declared.values())


def test_what_runs_element_by_element_has_scalar_code() -> None:
    assert SCALAR.keys() >= ELEMENTWISE


def test_deciding_one_by_one_loads_no_numpy(repository: Path) -> None:
    code = "import sys, adapters.cli.main, adapters.cli.decide, engine.policy; sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, check=False)
    assert done.returncode == 0
