"""What a publication changes, as a table: two documents, and what is told of them."""

from __future__ import annotations

import pytest

from adapters.publishing.comparison import DefaultChange, DocumentChange, compare
from rules.canonical import Content

HEAD = "metadata:\n  name: gate\n  version: {}\n"
GATE = (
    HEAD.format("1.0.0")
    + "spec:\n  parameters:\n    most:\n      default: 10\n    least:\n      default: 1\n  when: a\n"
)
NEWER = GATE.replace("1.0.0", "1.1.0")


def content(**documents: str) -> Content:
    return Content("desk", "1.0.0", documents)


CASES: list[tuple[Content | None, Content, tuple[DocumentChange, ...]]] = [
    (content(gate=GATE), content(gate=GATE), ()),
    (None, content(gate=GATE), (DocumentChange("gate", "added", None, "1.0.0"),)),
    (content(gate=GATE), content(), (DocumentChange("gate", "removed", "1.0.0", None),)),
    (content(gate=GATE), content(gate=NEWER), (DocumentChange("gate", "changed", "1.0.0", "1.1.0"),)),
    (
        content(gate=GATE),
        content(gate=NEWER.replace("default: 10", "default: 10.0")),
        (DocumentChange("gate", "changed", "1.0.0", "1.1.0", (DefaultChange("most", 10, 10.0),)),),
    ),
    (
        content(gate=GATE),
        content(gate=NEWER.replace("when: a", "when: b").replace("default: 1\n", "default: 2\n")),
        (
            DocumentChange(
                "gate",
                "changed",
                "1.0.0",
                "1.1.0",
                (DefaultChange("least", 1, 2),),
                ("     least: {}", '-  when: "a"', '+  when: "b"'),
            ),
        ),
    ),
    (
        content(gate=GATE),
        content(gate=GATE.replace("    most:\n      default: 10\n", "")),
        (
            DocumentChange(
                "gate",
                "changed",
                "1.0.0",
                "1.0.0",
                (),
                ("   parameters:", "-    most:", "-      default: 10", "     least:"),
            ),
        ),
    ),
    (
        content(gate=GATE),
        content(gate=GATE.replace("name: gate", "name: gates").replace("when: a", "when: b")),
        (
            DocumentChange(
                "gate",
                "changed",
                "1.0.0",
                "1.0.0",
                (),
                (
                    " metadata:",
                    '-  name: "gate"',
                    '+  name: "gates"',
                    " spec:",
                    "…",
                    "       default: 1",
                    '-  when: "a"',
                    '+  when: "b"',
                ),
            ),
        ),
    ),
    (
        content(alone=GATE, gate=GATE),
        content(gate=NEWER, more=GATE),
        (
            DocumentChange("alone", "removed", "1.0.0", None),
            DocumentChange("gate", "changed", "1.0.0", "1.1.0"),
            DocumentChange("more", "added", None, "1.0.0"),
        ),
    ),
    (
        content(gate="a: ["),
        content(gate="- 1\n"),
        (DocumentChange("gate", "changed", None, None, (), ("-a: [", "+- 1")),),
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_what_changes(old: Content | None, new: Content, expected: tuple[DocumentChange, ...]) -> None:
    assert compare(old, new) == expected


def test_another_document_under_its_version_is_noticed() -> None:
    changed = compare(content(gate=GATE), content(gate=GATE.replace("when: a", "when: b")))
    assert [one.same_version for one in changed] == [True]
    assert not compare(content(gate=GATE), content(gate=NEWER))[0].same_version
