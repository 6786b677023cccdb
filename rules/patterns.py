"""Patterns of documents: RE2, whose time grows with the text and never with the pattern's ambiguity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def matcher(pattern: str) -> Callable[[str], bool]:
    """A test of whole texts against an RE2 pattern. Raises ValueError saying why it is not one."""
    matches = _compiled(pattern).fullmatch
    return lambda text: matches(text) is not None


def searcher(pattern: str) -> Callable[[str], bool]:
    """A test whether a part of a text matches an RE2 pattern, as CEL's `matches` has it. Raises ValueError."""
    finds = _compiled(pattern).search
    return lambda text: finds(text) is not None


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
