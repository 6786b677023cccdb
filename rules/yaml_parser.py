"""PyYAML without its resolver: events and tokens that know their place, and no guessing at types.

PyYAML's scanner goes character by character and asks for the same token again and again. What documents mostly are is
found here by one match of a pattern; whatever a pattern does not cover goes PyYAML's own way. Rule kept here: tokens,
events and errors are PyYAML's, mark for mark (a test compares the two).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from yaml.error import Mark, MarkedYAMLError
from yaml.events import Event, ScalarEvent
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner
from yaml.tokens import ScalarToken, Token

_GAP = re.compile(r"(?: *+(?:#[^\0\r\n]*+)?+\r?\n)*+ *+(?:#[^\0\r\n]*+)?+")
"""Spaces, comments and line breaks."""


def _words(word: str) -> re.Pattern[str]:
    """Words on one line; one that begins with `#` begins a comment."""
    return re.compile(f"{word}(?: ++(?!#){word})*+")


_PLAIN = {
    False: _words(r"(?:[^\0 \t\r\n:]|:(?![\0 \t\r\n]))++"),
    True: _words(r"(?:[^\0 \t\r\n:,?\[\]{}]|:(?![\0 \t\r\n,\[\]{}]))++"),
}
"""An unquoted text as far as its line goes, outside brackets and inside."""
_QUOTED = {
    "'": re.compile(r"'(?:[^'\0\r\n]|'')*+'"),
    '"': re.compile(r'"[^"\\\0\r\n]*+"'),
}
"""A quoted text on one line, without escapes but for `''`."""


class YamlParser(Reader, Scanner, Parser):
    """Reads the events or the tokens of a text, which must hold printable characters only.

    Raises `MarkedYAMLError` and nothing else.
    """

    def __init__(self, text: str) -> None:
        self._settled = False
        """Whether the next token is known not to change any more."""
        self._mark: Mark | None = None
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        self.parent_indents: dict[int, int] = {}
        """For each block scalar, by its offset, the column of the collection round it."""

    def next_event(self) -> Event:
        """The next event; there is one up to the end of the stream."""
        event: Event = self.get_event()  # type: ignore[no-untyped-call]
        return event

    def next_token(self) -> Token:
        """The next token; there is one up to the end of the stream."""
        token = self.get_token()
        assert token is not None
        return token

    # What follows stands in the place of PyYAML's own.

    def check_token(self, *choices: Any) -> bool:
        """Whether the next token is of one of these types, or of any."""
        if not self._settled:
            self._settle()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def peek_token(self) -> Token | None:
        """The next token, which stays the next."""
        if not self._settled:
            self._settle()
        return self.tokens[0] if self.tokens else None

    def get_token(self) -> Token | None:
        """The next token."""
        if not self._settled:
            self._settle()
        if not self.tokens:
            return None
        self._settled = False
        self.tokens_taken += 1
        token: Token = self.tokens.pop(0)
        return token

    def _settle(self) -> None:
        while self.need_more_tokens():
            self.fetch_more_tokens()
        self._settled = True

    def fetch_more_tokens(self) -> None:
        """Read on as PyYAML does, which lets an escape beyond Unicode fall through to `chr`."""
        self.scan_to_next_token()
        try:
            if self.buffer[self.pointer].isalnum():
                self.stale_possible_simple_keys()
                self.unwind_indent(self.column)
                self.fetch_plain()
            else:
                super().fetch_more_tokens()
        except (ValueError, OverflowError) as error:
            mark = self.get_mark()
            where = "while scanning a double-quoted scalar"
            raise MarkedYAMLError(where, mark, "found unknown escape", mark) from error

    def parse_node(self, block: bool = False, indentless_sequence: bool = False) -> Event:
        """The event of a node: nearly always of a scalar without anchor and tag."""
        token = self.peek_token()
        if not isinstance(token, ScalarToken):
            event: Event = super().parse_node(block, indentless_sequence)
            return event
        self.get_token()
        self.state = self.states.pop()
        start, end, implicit = token.start_mark, token.end_mark, (token.plain, not token.plain)
        return ScalarEvent(None, None, implicit, token.value, start, end, token.style)

    def get_mark(self) -> Mark:
        """Where the scanner stands."""
        if self._mark is None or self._mark.index != self.index:
            self._mark = Mark(self.name, self.index, self.line, self.column, self.buffer, self.pointer)
        return self._mark

    def _skip(self, length: int) -> None:
        """Go on by so many characters of the same line."""
        self.pointer += length
        self.index += length
        self.column += length

    def scan_to_next_token(self) -> None:
        """Go on behind spaces, comments and line breaks."""
        if self.buffer[self.pointer] not in " #\r\n":
            return
        gap = _GAP.match(self.buffer, self.pointer)
        assert gap is not None
        breaks = self.buffer.count("\n", self.pointer, gap.end())
        if breaks:
            self.line += breaks
            self.column = self.pointer - self.buffer.rindex("\n", self.pointer, gap.end()) - 1
            self.allow_simple_key = self.allow_simple_key or not self.flow_level
        self._skip(gap.end() - self.pointer)

    def scan_plain(self) -> ScalarToken:
        """An unquoted text."""
        chunks: list[str] = []
        start = end = self.get_mark()
        spaces: Sequence[str] = ()
        pattern = _PLAIN[bool(self.flow_level)]
        while found := pattern.match(self.buffer, self.pointer):
            self.allow_simple_key = False
            chunks += [*spaces, found[0]]
            self._skip(len(found[0]))
            end = self.get_mark()
            spaces = self.scan_plain_spaces(self.indent + 1, start) or ()
            outdented = not self.flow_level and self.column <= self.indent
            if not spaces or outdented or self.buffer[self.pointer] == "#":
                break
        return ScalarToken("".join(chunks), True, start, end)

    def scan_flow_scalar(self, style: str) -> ScalarToken:
        """A quoted text."""
        found = _QUOTED[style].match(self.buffer, self.pointer)
        if found is None:
            return super().scan_flow_scalar(style)
        start = self.get_mark()
        self._skip(len(found[0]))
        text = found[0][1:-1].replace("''", "'") if style == "'" else found[0][1:-1]
        return ScalarToken(text, False, start, self.get_mark(), style)

    def scan_block_scalar(self, style: str) -> ScalarToken:
        """Scan as PyYAML does, and remember from which column the content is indented."""
        self.parent_indents[self.index] = self.indent
        return super().scan_block_scalar(style)


def extent(read: Event | Token) -> tuple[int, int]:
    """The offsets at which an event or a token begins and ends."""
    start, end = read.start_mark, read.end_mark
    return start.index if start else 0, end.index if end else 0
