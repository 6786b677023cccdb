"""PyYAML without its resolver: events and tokens that know their place, and no guessing at types."""

from __future__ import annotations

from yaml.error import MarkedYAMLError
from yaml.events import Event
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner
from yaml.tokens import ScalarToken, Token


class YamlParser(Reader, Scanner, Parser):
    """Reads the events or the tokens of a text, which must hold printable characters only.

    Raises `MarkedYAMLError` and nothing else.
    """

    def __init__(self, text: str) -> None:
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
        token: Token = self.get_token()  # type: ignore[no-untyped-call]
        return token

    def fetch_more_tokens(self) -> None:
        """Read on as PyYAML does, which lets an escape beyond Unicode fall through to `chr`."""
        try:
            super().fetch_more_tokens()
        except (ValueError, OverflowError) as error:
            mark = self.get_mark()
            where = "while scanning a double-quoted scalar"
            raise MarkedYAMLError(where, mark, "found unknown escape", mark) from error

    def scan_block_scalar(self, style: str) -> ScalarToken:
        """Scan as PyYAML does, and remember from which column the content is indented."""
        self.parent_indents[self.index] = self.indent
        return super().scan_block_scalar(style)


def extent(read: Event | Token) -> tuple[int, int]:
    """The offsets at which an event or a token begins and ends."""
    start, end = read.start_mark, read.end_mark
    return start.index if start else 0, end.index if end else 0
