"""What is wrong with a document, where, and what to write instead.

Rules kept here: messages are lower case and without a full stop, user text stands in backticks, no host-language
type or exception is named, and every diagnostic of a run is reported at once, sorted by place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rules.source import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable and documented in `docs/language.md`; `remedy` says what to write."""

    code: str
    span: Span
    message: str
    expected: str = ""
    remedy: str = ""
    severity: Severity = "error"
    notes: tuple[tuple[Span, str], ...] = ()

    @property
    def key(self) -> tuple[str, int, int, str, str]:
        """Sort and de-duplication key: place first, then code and words."""
        return (self.span.source.name, self.span.start, self.span.end, self.code, self.message)

    def as_json(self) -> dict[str, object]:
        """The shape printed by `bascule check --json`."""
        end_line, end_column = self.span.source.position(self.span.end)
        out: dict[str, object] = {
            "code": self.code,
            "severity": self.severity,
            "file": self.span.source.name,
            "line": self.span.line,
            "column": self.span.column,
            "end_line": end_line,
            "end_column": end_column,
            "message": self.message,
        }
        if self.expected:
            out["expected"] = self.expected
        if self.remedy:
            out["remedy"] = self.remedy
        if self.notes:
            out["notes"] = [{"at": str(span), "message": text} for span, text in self.notes]
        return out


class Diagnostics:
    """A growing, de-duplicated collection of findings; iterating gives them sorted."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str, str], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a finding (the same finding twice is kept once)."""
        self._found.setdefault(diagnostic.key, diagnostic)

    def error(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        expected: str = "",
        remedy: str = "",
        notes: Iterable[tuple[Span, str]] = (),
    ) -> None:
        """Add an error."""
        self.add(Diagnostic(code, span, message, expected, remedy, "error", tuple(notes)))

    def warning(self, code: str, span: Span, message: str, *, expected: str = "", remedy: str = "") -> None:
        """Add a warning: reported, but it does not refuse the bundle."""
        self.add(Diagnostic(code, span, message, expected, remedy, "warning"))

    def extend(self, others: Iterable[Diagnostic]) -> None:
        """Add several findings."""
        for diagnostic in others:
            self.add(diagnostic)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found.values(), key=lambda d: d.key))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> list[Diagnostic]:
        """The findings that refuse the bundle, sorted."""
        return [d for d in self if d.severity == "error"]


class Refused(Exception):
    """A bundle, document or expression that may not be used; carries every diagnostic."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        first = next(iter(self.diagnostics), None)
        super().__init__("refused" if first is None else f"{first.span}: {first.message}")


def render(diagnostic: Diagnostic) -> str:
    """The diagnostic as text: place, message, source line with caret, expected, remedy."""
    line_text = diagnostic.span.source.line(diagnostic.span.line)
    lines = [f"{diagnostic.span}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    if line_text.strip():
        before = "".join("\t" if c == "\t" else " " for c in line_text[: diagnostic.span.column - 1])
        width = max(1, min(diagnostic.span.end - diagnostic.span.start, len(line_text) - len(before)))
        lines += [f"  | {line_text}", f"  | {before}{'^' * width}"]
    if diagnostic.expected:
        lines.append(f"  = expected: {diagnostic.expected}")
    if diagnostic.remedy:
        lines.append(f"  = write: {diagnostic.remedy}")
    lines += [f"  = note: {span}: {text}" for span, text in diagnostic.notes]
    return "\n".join(lines)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word nearest to a mistyped one, or an empty string when none is near."""
    candidates = sorted(set(known))
    folded = {c.lower().replace("_", "-"): c for c in reversed(candidates)}
    near = difflib.get_close_matches(word.lower().replace("_", "-"), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""
