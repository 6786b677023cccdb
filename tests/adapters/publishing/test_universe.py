"""Universes as a person gives them: what is read, and what is refused with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.publishing.universe import read_universe

FILES = {
    "lines.txt": "BTC/USDT\n\nETH/USDT\n",
    "commas": "BTC, ETH,\nXRP",
    "list.json": '["BTC", "ETH"]',
    "broken.json": '["BTC"',
    "numbers.json": "[7]",
    "words.json": '["BTC ETH"]',
    "blank.json": '[" "]',
    "empty.txt": " \n",
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("said", "symbols"),
    [
        ("BTC", ("BTC",)),
        ("BTC/USDT, ETH/USDT,", ("BTC/USDT", "ETH/USDT")),
        ("lines.txt", ("BTC/USDT", "ETH/USDT")),
        ("./commas", ("BTC", "ETH", "XRP")),
        ("list.json", ("BTC", "ETH")),
    ],
)
def test_a_universe(said: str, symbols: tuple[str, ...]) -> None:
    assert read_universe(said) == symbols


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", "no symbol"),
        (" , ", "no symbol"),
        ("empty.txt", "no symbol"),
        ("BTC,ETH,BTC", "`BTC` twice"),
        ("BTC ETH", "a symbol is a word"),
        ("BTC,\x1b[2J", "a symbol is a word"),
        ("words.json", "a symbol is a word"),
        ("blank.json", "a symbol is a word"),
        ("numbers.json", "a symbol is a text"),
        ("broken.json", "is no JSON"),
        ("none.txt", "no file `none.txt`"),
        ("./none", "no file `./none`"),
        ("/none", "no file `/none`"),
    ],
)
def test_what_is_no_universe(said: str, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        read_universe(said)
