"""Random edits of the shipped entry and allocation policies, as an analyst makes them, that still check."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from typing import Any

import rfc8785

from rules.bundle import Bundle, read_content
from tests.engine.shipped import bundle

EDITED = ("entry", "allocation")
_NUMBER = re.compile(r"^( +default: )(\"?)(\d+(?:\.\d+)?)(s?)(\"?)$", re.MULTILINE)
_OPERATOR = re.compile(r" (<=|>=|<|>|&&|\|\|) ")
_OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&"}


@cache
def _shipped() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle().content)
    return found


def edited(rng: random.Random) -> Bundle:
    """A bundle that differs from the shipped one in one to three places of the entry and allocation policies."""
    while True:
        documents = dict(_shipped()["documents"])
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(EDITED)
            documents[name] = rng.choice((_another_number, _another_operator, _rules_swapped, _rule_dropped))(
                documents[name], rng
            )
        content = rfc8785.dumps({**_shipped(), "documents": documents})
        found = read_content(content).bundle
        if found is not None and documents != _shipped()["documents"]:
            return found


def _another_number(text: str, rng: random.Random) -> str:
    places = list(_NUMBER.finditer(text))
    if not places:
        return text
    place = rng.choice(places)
    value = float(place[3]) * rng.choice((0.5, 0.8, 1.25, 2.0))
    told = f"{value:.4f}".rstrip("0") if "." in place[3] else f"{round(value)}"
    told = f"{told}0" if told.endswith(".") else told
    return f"{text[: place.start()]}{place[1]}{place[2]}{told}{place[4]}{place[5]}{text[place.end() :]}"


def _another_operator(text: str, rng: random.Random) -> str:
    head, rules, rest = _parts(text)
    places = list(_OPERATOR.finditer(rules))
    if not places:
        return text
    place = rng.choice(places)
    return f"{head}{rules[: place.start()]} {_OTHER[place[1]]} {rules[place.end() :]}{rest}"


def _rules_swapped(text: str, rng: random.Random) -> str:
    head, rules, rest = _parts(text)
    listed = _rules(rules)
    if len(listed) < 2:
        return text
    at = rng.randrange(len(listed) - 1)
    listed[at : at + 2] = listed[at + 1], listed[at]
    return head + "".join(listed) + rest


def _rule_dropped(text: str, rng: random.Random) -> str:
    head, rules, rest = _parts(text)
    listed = _rules(rules)
    if len(listed) < 2:
        return text
    del listed[rng.randrange(len(listed))]
    return head + "".join(listed) + rest


def _parts(text: str) -> tuple[str, str, str]:
    """A document before its rules, they, and what follows, in the one form of a store."""
    found = re.search(r"^  rules:\n((?:    .*\n)+)", text, re.MULTILINE)
    return (text[: found.start(1)], found[1], text[found.end(1) :]) if found else (text, "", "")


def _rules(rules: str) -> list[str]:
    return re.findall(r"    -\n(?:      .*\n)*", rules)
