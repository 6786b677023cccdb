"""Small bundles for tests: a few records and facts, and whatever policies a test writes."""

from __future__ import annotations

import textwrap
from pathlib import Path

from engine.policy import Machine, compile_bundle
from rules.bundle import Checked, load
from rules.diagnostics import render

TYPES = """
apiVersion: bascule/v1
kind: Types
metadata: {name: types, version: 1.0.0, title: t, owner: o}
spec:
  scalars:
    Amount: {type: double, minimum: -1.0e+9, maximum: 1.0e+9}
    Huge: {type: double, minimum: -1.0e+308, maximum: 1.0e+308}
    Count: {type: int, minimum: -1000, maximum: 1000}
    Word: {type: string, maxLength: 20}
  enums:
    Side: [LONG, SHORT]
  records:
    Item:
      name: Word
      amount: Amount
      count: Count
      side: {type: Side, default: LONG}
      score?: Amount
      at?: timestamp
    Note:
      rule: {type: string, maxLength: 8}
      reason: {type: string, maxLength: 4000}
      amount: Amount
      side: Side
      score?: Amount
    Thing:
      x: Amount
      n: int
      wide: Huge
      maybe?: Amount
      nothing: Amount | null
      items: {list: Item, maxItems: 16}
      more: {list: Item, maxItems: 16}
      prices: {map: Amount, maxEntries: 20}
      when: timestamp
      wait: {type: duration, minimum: "-1000h", maximum: "1000h"}
  facts:
    thing: {type: Thing, from: caller}
"""
HEADER = "apiVersion: bascule/v1\n"
OUTCOMES = "{YES: {effect: allow}, NO: {effect: block}, ERROR: {effect: block}}"


def rule_list(name: str, body: str, *, outcomes: str = OUTCOMES) -> str:
    """A RuleList over `thing` from its rules and whatever else stands at the level of `spec`."""
    return (
        f"{HEADER}kind: RuleList\nmetadata: {{name: {name}, version: 1.0.0, title: t, owner: o}}\n"
        f"spec:\n  outcomes: {outcomes}\n  onError: ERROR\n"
        + textwrap.indent(textwrap.dedent(body).strip(), "  ")
        + "\n"
    )


def machine_of(folder: Path, *documents: str) -> Machine:
    """The compiled bundle of some documents."""
    found = checked(folder, *documents)
    assert found.bundle is not None, "\n".join(render(d) for d in found.diagnostics)
    return compile_bundle(found.bundle)


def checked(folder: Path, *documents: str) -> Checked:
    """What the checker says of a bundle of some documents."""
    names = [f"p{index}.yaml" for index in range(len(documents))]
    files = {**dict(zip(names, documents, strict=True)), "types.yaml": TYPES}
    listed = ", ".join(f'"{name}"' for name in files)
    files["bundle.yaml"] = (
        f"{HEADER}kind: Bundle\nmetadata: {{name: small, version: 1.0.0, title: t, owner: o}}\n"
        f"spec: {{includes: [{listed}]}}\n"
    )
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load(folder)


def thing(**changed: object) -> dict[str, object]:
    """A value of `thing`."""
    item = {"name": "a", "amount": 2.0, "count": 3, "side": "LONG", "score": 5.0}
    other = {"name": "b", "amount": 0.5, "count": -1, "side": "SHORT"}
    return {
        **{"x": 1.5, "n": 7, "wide": 1e308, "nothing": None, "items": [item, other], "more": [item]},
        **{"prices": {"a": 10.0}, "when": "2026-02-03T12:30:15.25Z", "wait": "90s"},
        **changed,
    }
