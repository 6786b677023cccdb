"""The symbols that may be traded, as a person gives them: with commas between, or in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

_BETWEEN = re.compile(r"[\s,]+")
_PATHS = ("/", ".", "~")
_FILES = (".json", ".txt", ".csv", ".list")


def read_universe(said: str) -> tuple[str, ...]:
    """The symbols that are said, or that stand in the file of that name: a JSON list, or with commas or lines between.

    Raises ValueError, saying what to write, and OSError.
    """
    path = Path(said)
    if path.is_file():
        return symbols_of(_in_file(path.read_text("utf-8")), f"`{said}`")
    if said.startswith(_PATHS) or said.endswith(_FILES):
        raise ValueError(f"there is no file `{said}`: give one, or the symbols with commas between, as in BTC,ETH")
    return symbols_of([part for part in said.split(",") if part.strip()], "the universe")


def _in_file(text: str) -> list[object]:
    if not text.lstrip().startswith("["):
        return [part for part in _BETWEEN.split(text) if part]
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the list of symbols is no JSON: {error}") from None
    assert isinstance(found, list)
    return found


def symbols_of(said: Sequence[object], where: str) -> tuple[str, ...]:
    """Symbols that were said somewhere, each once. Raises ValueError, saying what to write."""
    symbols: dict[str, None] = {}
    for one in said:
        if not isinstance(one, str):
            raise ValueError(f"{where} holds `{json.dumps(one)}`, and a symbol is a text")
        symbol = one.strip()
        if not symbol or not symbol.isprintable() or _BETWEEN.search(symbol):
            raise ValueError(f"{where} holds {symbol!r}, and a symbol is a word, as BTC or BTC/USDT")
        if symbol in symbols:
            raise ValueError(f"{where} holds `{symbol}` twice")
        symbols[symbol] = None
    if not symbols:
        raise ValueError(f"{where} holds no symbol: give at least one, as in BTC,ETH")
    return tuple(symbols)
