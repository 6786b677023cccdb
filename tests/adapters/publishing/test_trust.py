"""Trust files: what they say, and every fault with its place and remedy."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

import schemas
from adapters.publishing.keys import public_text
from adapters.publishing.trust import read_trust, unsigned
from rules.diagnostics import Refused
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml
from tests.adapters.publishing.desk import PEOPLE, trust_file

ANN, BOB = (public_text(PEOPLE[name].key.public) for name in ("ann", "bob"))
HEAD = "apiVersion: bascule/v1\nkind: Trust\nmetadata: {name: desk, version: 1.0.0, title: Who signs, owner: desk}\n"
BOTH = f"keys: {{ann: {ANN!r}, bob: {BOB!r}}}"


@pytest.mark.parametrize(("four_eyes", "wanted"), [(False, 1), (True, 2)])
def test_a_trust_file(tmp_path: Path, four_eyes: bool, wanted: int) -> None:
    found = read_trust(trust_file(tmp_path / "trust.yaml", "ann", "bob", four_eyes=four_eyes))
    assert found.wanted == wanted
    assert {key: one.owner for key, one in found.keys.items()} == {PEOPLE[name].key.id: name for name in ("ann", "bob")}
    assert found.owners(b"message", [PEOPLE["bob"].sign(b"message")]) == {"bob"}


def test_the_example_is_a_trust_file_and_fits_the_schema(repository: Path) -> None:
    path = repository / "examples" / "trust.yaml"
    assert read_trust(path).wanted == 2
    read = read_yaml(str(path), path.read_bytes())
    assert read.root is not None
    jsonschema.validate(plain(read.root), schemas.load("trust"))


def test_no_signature_is_wanted_where_that_is_said() -> None:
    assert unsigned().wanted == 0


FAULTS: list[tuple[str, str, str]] = [
    # the file, where the finding stands, a part of it
    ("", "1:1", "holds no document"),
    ("a: [", "1:", "yaml"),
    ("apiVersion: bascule/v1\nkind: RuleList\n", "2:7", "not a kind of document"),
    (f"apiVersion: bascule/v1\nkind: Trust\nspec:\n  four_eyes: false\n  {BOTH}\n", "1:1", "`metadata` is missing"),
    (HEAD, "1:1", "`spec` is missing"),
    (HEAD + f"spec:\n  {BOTH}\n", "5:3", "`four_eyes` is missing"),
    (HEAD + "spec:\n  four_eyes: false\n", "5:3", "`keys` is missing"),
    (HEAD + "spec:\n  four_eyes: false\n  keys: {}\n", "6:9", "is empty"),
    (HEAD + f"spec:\n  four_eyes: maybe\n  {BOTH}\n", "5:14", "`true` or `false`"),
    (HEAD + f"spec:\n  four_eyes: false\n  {BOTH}\n  key: no\n", "7:3", "`key` is not a key here"),
    (HEAD + f"spec:\n  four_eyes: false\n  {BOTH}\nkeys: {{}}\n", "7:1", "`keys` is not a key here"),
    (HEAD + f"spec:\n  four_eyes: true\n  keys:\n    ann: {ANN}\n", "5:14", "two owners must sign, and there is one"),
    (HEAD + f"spec:\n  four_eyes: false\n  keys:\n    ann: {ANN}\n    bob: {ANN}\n", "8:10", "has the key of `ann`"),
    (HEAD + f"spec:\n  four_eyes: false\n  keys:\n    ann: {ANN}\n    ann: {BOB}\n", "8:5", "written twice"),
    (HEAD + f"spec:\n  four_eyes: false\n  keys:\n    ann: {ANN[:-4]}\n", "7:10", "30 bytes, and a key has 32"),
    (HEAD + f"spec:\n  four_eyes: false\n  keys:\n    ann: {ANN[8:]}\n", "7:10", "does not begin with `ed25519:`"),
    (HEAD + "spec:\n  four_eyes: false\n  keys:\n    ann: 7\n", "7:10", "`7` is not text"),
    (HEAD + f"spec:\n  four_eyes: false\n  keys:\n    'ann ': {ANN}\n", "7:5", "a space at an end"),
]


@pytest.mark.parametrize(("text", "place", "found"), FAULTS, ids=[found for _, _, found in FAULTS])
def test_a_fault(tmp_path: Path, text: str, place: str, found: str) -> None:
    path = tmp_path / "trust.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_trust(path)
    told = [(str(d.span), f"{d.code} {d.message} {d.expected}") for d in refused.value.diagnostics]
    assert any(at.startswith(f"{path}:{place}") and found in text for at, text in told), told


def test_every_finding_of_ours_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "trust.yaml"
    path.write_text(HEAD + f"spec:\n  four_eyes: true\n  keys:\n    ann: {ANN[:-4]}\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_trust(path)
    assert len(refused.value.diagnostics) == 2
    assert all(d.remedy and d.expected for d in refused.value.diagnostics)
