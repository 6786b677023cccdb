"""The data of a JavaScript module that is nothing but data: objects, arrays, texts, numbers. Nothing is executed."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<comment>//[^\n]*)"
    r"|(?P<text>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)"
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<number>-?[0-9][0-9.eE+-]*)"
    r"|(?P<word>[A-Za-z_$][\w$]*))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r?\n|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS = {"true": True, "false": False, "null": None}


def exported(source: str, name: str) -> Any:
    """The value of `export const <name> = …`. Raises ValueError where that is more than data."""
    start = f"export const {name} ="
    at = source.find(start)
    if at < 0:
        raise ValueError(f"the module exports no `{name}`")
    return _Reader(source, at + len(start)).value()


class _Reader:
    def __init__(self, source: str, at: int) -> None:
        self.source, self.at = source, at
        self.kind, self.token = "", ""
        self._next()

    def _next(self) -> None:
        while True:
            found = _TOKEN.match(self.source, self.at)
            if found is None or found.lastgroup is None:
                self.kind, self.token = "", self.source[self.at : self.at + 20]
                return
            self.at = found.end()
            self.kind, self.token = found.lastgroup, found[found.lastgroup]
            if self.kind != "comment":
                return

    def _take(self, mark: str) -> bool:
        if self.kind != "mark" or self.token != mark:
            return False
        self._next()
        return True

    def value(self) -> Any:
        """What stands here; the reader moves behind it. A number is a double, as it is in JavaScript."""
        kind, token = self.kind, self.token
        if self._take("{"):
            return self._object()
        if self._take("["):
            return self._array()
        self._next()
        if kind == "text" and not (token[0] == "`" and "${" in token):
            return _unquoted(token)
        if kind == "number":
            return float(token)
        if kind == "word" and token in _WORDS:
            return _WORDS[token]
        raise ValueError(f"`{token}` is not data")

    def _object(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while not self._take("}"):
            key = _unquoted(self.token) if self.kind == "text" else self.token
            self._next()
            if not self._take(":"):
                raise ValueError(f"`{key}` has no value")
            out[key] = self.value()
            self._take(",")
        return out

    def _array(self) -> list[Any]:
        out: list[Any] = []
        while not self._take("]"):
            out.append(self.value())
            self._take(",")
        return out


def _unquoted(token: str) -> str:
    text = _ESCAPE.sub(lambda match: _character(match[1]), token[1:-1])
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def _character(escape: str) -> str:
    if escape[0] in "ux" and len(escape) > 1:
        return chr(int(escape[1:].strip("{}"), 16))
    return "" if escape in ("\n", "\r\n") else _SIMPLE.get(escape, escape)
