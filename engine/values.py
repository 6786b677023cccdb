"""What two writings of a document say otherwise and no sentence about its plan tells: value by value, by their places.

Plans hold what decides in the order of deciding; a cell of a table, what a latch does when it fails, or the bound of a
type are parts of it under no name. So whatever is written otherwise is told here unless it has been told:
a reader who is told nothing may rely on it. Titles, owners, descriptions and versions decide nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeAlias

from engine.changes import Changed

SILENT = frozenset({"apiVersion", "metadata", "description", "declared"})
"""Keys under which nothing decides."""
_Path: TypeAlias = tuple[str, ...]
_TOP = "spec"


def values(old: Mapping[str, Any], new: Mapping[str, Any], told: Sequence[Changed]) -> Iterator[Changed]:
    """What documents, plain values by name, say otherwise, but for what is told; and those that one side lacks."""
    whole = {one.policy for one in told if one.sort == "policy" and one.what in ("is new", "is gone")}
    for name in sorted({*old, *new} - whole):
        if name not in old or name not in new:
            yield Changed(name, "value", name, "is new" if name in new else "is gone")
            continue
        of_it = [one for one in told if one.policy == name]
        before, after = dict(_leaves(old[name], ())), dict(_leaves(new[name], ()))
        for path in {**before, **after}:
            was, becomes = before.get(path), after.get(path)
            if was != becomes and not any(_tells(one, path, was, becomes) for one in of_it):
                yield from (Changed(name, "value", ".".join(path), what) for what in _said(was, becomes))


def _leaves(value: Any, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Every value that has no parts, by its place: keys, and the ids of items that have them."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in SILENT:
                yield from _leaves(one, path if key == _TOP and not path else (*path, key))
    elif isinstance(value, list):
        named = {f"{one['id']}": one for one in value if isinstance(one, dict) and "id" in one}
        if named and len(named) == len(value):
            yield (*path, "order"), ", ".join(named)
            for name, one in named.items():
                yield from _leaves(one, (*path, name))
        else:
            yield path, json.dumps(value, ensure_ascii=False)
    elif isinstance(value, str):
        yield path, value if "\n" in value else _one_line(value)
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _tells(one: Changed, path: _Path, was: str | None, becomes: str | None) -> bool:
    """Whether a sentence tells of a value: it is about the thing that has it, and says it."""
    if path[-1] == "order":
        return one.sort == "rule" and one.what.startswith(("is looked at", "is new", "is gone"))
    about = one.name.partition(" (")[0]
    if one.sort == "value" or (one.sort != "policy" and about not in {part.rstrip("?") for part in path}):
        return False
    if one.what.startswith(("is new", "is gone")):
        return True
    if one.sort == "parameter" and "default" in path:  # told as it is meant: 61m as 3660s
        return "the default" in one.what
    return all(text is None or f"`{_one_line(text)}`" in one.what for text in (was, becomes))


def _said(was: str | None, becomes: str | None) -> Iterator[str]:
    if was is None or becomes is None:
        yield f"is gone, which was `{_one_line(was)}`" if was is not None else f"is new: `{_one_line(becomes or '')}`"
    elif "\n" not in was and "\n" not in becomes:
        yield f"is `{becomes}`, not `{was}`"
    else:
        yield from _lines(
            [_one_line(line) for line in was.split("\n")], [_one_line(line) for line in becomes.split("\n")]
        )


def _lines(old: list[str], new: list[str]) -> Iterator[str]:
    """The lines of a text that are others; how they are spaced is no change."""
    for sort, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if sort == "replace" and b - a == d - c:
            yield from (f"has `{after}`, not `{before}`" for before, after in zip(old[a:b], new[c:d], strict=True))
        elif sort != "equal":
            yield from (f"has no `{before}` any more" for before in old[a:b])
            yield from (f"has `{after}`, which is new" for after in new[c:d])


def _one_line(text: str) -> str:
    return " ".join(text.split())
