"""What pydantic found, in the words of the document: what stands there, what may, and what to write.

No pattern is shown where an example says more, and no word of the host language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from pydantic_core import ErrorDetails

from rules.documents.sections import NAME, OUTCOME, PARAMETER_NAME, SEMVER, STEP, VARIABLE, WORD
from rules.yaml_nodes import Node, Scalar, Sequence

Said: TypeAlias = tuple[str, str, str]
"""Message, what was expected, and what to write."""


def _dashed(text: str) -> str:
    parts = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", text)
    return "-".join(part.lower() for part in parts)


def _capitals(text: str) -> str:
    return re.sub(r"\W+|(?<=[a-z])(?=[A-Z])", "_", text).upper()


def _version(text: str) -> str:
    numbers = re.findall(r"[0-9]+", text)[:3]
    return ".".join(str(int(n[:9])) for n in [*numbers, "0", "0", "0"][:3]) if numbers else ""


def _camel(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", text))


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text)


FORMS: Mapping[str, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {
        NAME: ("small letters, digits and dashes, as `global-cooldown`", _dashed),
        SEMVER: ("three numbers, as `1.0.0`", _version),
        VARIABLE: ("capitals with an underscore, as `POLICY_MIN_CONFIDENCE`", _capitals),
        OUTCOME: ("capitals, as `BLOCK_COOLDOWN`", _capitals),
        WORD: ("a letter, then letters, digits and `_`, as `max_exposure`", _word),
        WORD[:-1] + r"\??$": ("a letter, then letters, digits and `_`, and a `?` at most", _word),
        PARAMETER_NAME: ("a parameter, or `document.parameter` of a policy that is asked", lambda _: ""),
        STEP: ("small letters, digits and `_`, as `active_slots`", lambda text: _word(text).lower()),
        r"^[A-Z][A-Za-z0-9]*$": ("a capital, then letters and digits, as `Intent`", _camel),
        r"^-?(\d+(\.\d+)?(h|m|s|ms|us))+$": ("a number with its unit, as `60s`", lambda _: ""),
    }
)
"""What the patterns of the models mean, and how a text that misses one is brought into its form."""


def form(pattern: str, text: str) -> tuple[str, str]:
    """What a pattern asks for, and the text in that form where that can be told."""
    meaning, mend = FORMS.get(pattern, (f"text that matches `{pattern}`", lambda _: ""))
    mended = mend(text)
    fits = mended != text and re.fullmatch(pattern, mended) is not None
    return meaning, f"`{mended}`" if fits else ""


def one_of(words: Iterable[str]) -> str:
    """The words, as what was expected."""
    known = [f"`{word}`" for word in words]
    return ", ".join(known) if len(known) < 2 else "one of " + ", ".join(known)


_WANTED: Mapping[str, str] = MappingProxyType(
    {
        "int": "a whole number",
        "float": "a number",
        "bool": "`true` or `false`",
        "list": "a list",
        "string": "text",
        "dict": "a mapping",
        "model": "a mapping",
    }
)


def say(options: list[ErrorDetails], node: Node, path: tuple[str | int, ...]) -> Said:
    """What is wrong with a value; `options` are the ways in which the options of a union fail."""
    shown = f"`{node.text}`" if isinstance(node, Scalar) else ("a list" if isinstance(node, Sequence) else "a mapping")
    kinds = [option["type"].partition("_")[0] for option in options]
    wanted = [_WANTED.get(kind, "") for kind in kinds]
    wrong_type = [option for option in options if option["type"].endswith("_type")]
    if isinstance(node, Scalar) and not node.text and node.value is None:
        expression = {"string", "bool", "float"} <= set(kinds)
        return "nothing is written here", "an expression" if expression else " or ".join(dict.fromkeys(wanted)), ""
    closest = next((option for option in options if option not in wrong_type), None)
    if closest is None and len(set(wanted)) > 1:
        some = [want for want in dict.fromkeys(wanted) if want and not (want == _WANTED["int"] and "float" in kinds)]
        return f"{shown} cannot stand here", " or ".join(some) if isinstance(node, Scalar) else "a single value", ""
    return _one(closest or options[0], shown, node, path)


def _one(found: ErrorDetails, shown: str, node: Node, path: tuple[str | int, ...]) -> Said:
    context, kind = found.get("ctx", {}), found["type"]
    text = node.text if isinstance(node, Scalar) else ""
    match kind:
        case "string_type" if path[-2:] == ("metadata", "version") and isinstance(node, Scalar):
            return f"{shown} is not a version", *form(SEMVER, text)
        case "string_type":
            return f"{shown} is not text", "text", f'"{text}"' if text else ""
        case "string_pattern_mismatch":
            return f"{shown} does not have the right form", *form(str(context["pattern"]), text)
        case "string_too_long" | "too_long":
            unit = "characters" if "string" in kind else "entries"
            return f"{shown} is too long", f"at most {context.get('max_length')} {unit}", ""
        case "string_too_short" | "too_short":
            shown = "the text" if shown == "``" else shown
            return f"{shown} is empty", "at least one entry" if kind == "too_short" else "a text", ""
        case "literal_error" | "enum":
            words = re.findall(r"'([^']*)'", str(context["expected"]))
            return f"{shown} is not a word known here", one_of(words), ""
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            bound = next(iter(context.values()), "")
            return f"{shown} is out of range", f"{'at least' if 'greater' in kind else 'at most'} {bound}", ""
        case _:
            wanted = _WANTED.get(kind.partition("_")[0], "a value of the kind the schema shows")
            return f"{shown} cannot stand here", wanted, ""
