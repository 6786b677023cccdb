"""Patterns of documents: RE2, whose time grows with the text and never with the pattern's ambiguity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


class _Test:
    """A test of texts against an RE2 pattern; packed, it is compiled again elsewhere."""

    __slots__ = ("_found", "pattern")

    def __init__(self, pattern: str, found: Callable[[str], object]) -> None:
        self.pattern, self._found = pattern, found

    def __call__(self, text: str) -> bool:
        return self._found(text) is not None


class _Whole(_Test):
    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[[str], _Test], tuple[str]]:
        return matcher, (self.pattern,)


class _Part(_Test):
    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[[str], _Test], tuple[str]]:
        return searcher, (self.pattern,)


def matcher(pattern: str) -> _Test:
    """A test of whole texts against an RE2 pattern. Raises ValueError saying why it is not one."""
    return _Whole(pattern, _compiled(pattern).fullmatch)


def searcher(pattern: str) -> _Test:
    """A test whether a part of a text matches an RE2 pattern, as CEL's `matches` has it. Raises ValueError."""
    return _Part(pattern, _compiled(pattern).search)


def program_size(pattern: str) -> int:
    """How large an RE2 pattern is once its repetitions are written out."""
    size: int = _compiled(pattern).programsize
    return size


def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, _quiet())
    except re2.error as error:
        said = error.args[0] if error.args else b""
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(words) from None
