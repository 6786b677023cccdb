"""What ends a command early, and how it is told: one line a person can act on, and with `--json` an object.

Exits: 0 done; 1 the thing asked for does not hold; 2 unusable input. A decision that could not be made is told with
`"effect": "block"`, so that no reader of the JSON can take silence for permission.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.terminal import lowered

if TYPE_CHECKING:
    from rules.diagnostics import Diagnostic

DONE, DOES_NOT_HOLD, UNUSABLE = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""As a shell reports SIGINT and SIGPIPE."""

DECIDING = ("decide", "explain")


class Failure(click.ClickException):
    """What ends a command early; `detail` are more members for the JSON object."""

    def __init__(self, message: str, detail: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.detail: Mapping[str, object] = detail or {}


class Unusable(Failure):
    """Input that cannot be used."""

    exit_code = UNUSABLE


class DoesNotHold(Failure):
    """The thing asked for does not hold."""

    exit_code = DOES_NOT_HOLD


class NoBundle(Unusable):
    """There is no bundle to use; `cause` says why on one line."""

    def __init__(self, cause: str, hint: str = "", diagnostics: Iterable[Diagnostic] = ()) -> None:
        self.cause = cause
        self.diagnostics = tuple(diagnostics)
        detail = {"diagnostics": [d.as_json() for d in self.diagnostics]} if self.diagnostics else None
        super().__init__(cause + hint, detail)


class BundleRefused(NoBundle):
    """A bundle with errors; its findings are printed before the message."""

    consequence = "so no policy of it decides"

    def __init__(self, cause: str, diagnostics: Iterable[Diagnostic]) -> None:
        super().__init__(cause, f", {self.consequence}" if self.consequence else "", diagnostics)


class BundleFails(BundleRefused):
    """The same, where whether the bundle is right is part of what was asked."""

    consequence = "so no test was run"

    exit_code = DOES_NOT_HOLD


class BundleUnproved(BundleRefused):
    """The same, where its claims were to be proved."""

    consequence = "so nothing was proved"


class BundleUnpublished(BundleFails):
    """The same, where it was to be published."""

    consequence = "so nothing was published"


class TrustRefused(BundleRefused):
    """A trust file with errors; its findings are printed before the message."""

    consequence = "so nobody is trusted by it"


def guarded(run: Callable[[], object], arguments: Sequence[str]) -> int:
    """The exit code of a run; whatever ends it early is told in one line, never as a traceback."""
    try:
        return _code(run())
    except click.ClickException as error:
        return _told(error, arguments)
    except (click.Abort, KeyboardInterrupt):
        terminal.note("bascule: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return pipe_closed()
    except Exception as error:  # noqa: BLE001 -- the last place where an error can be told as the contract says
        return _unexpected(error, arguments)


def pipe_closed() -> int:
    """Whoever read our output has gone: end quietly, and let the interpreter's own flush find no pipe either."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass  # a stream without a descriptor has nothing left to flush
    return PIPE_CLOSED


def _code(result: object) -> int:
    return result if isinstance(result, int) else DONE


def _told(error: click.ClickException, arguments: Sequence[str]) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        terminal.note(error.format_message())
        return UNUSABLE
    message = lowered(error.format_message())
    where = "bascule"
    if isinstance(error, click.UsageError):
        message += f"\n  see `{error.ctx.command_path if error.ctx else 'bascule'} --help`"
        where = error.ctx.command_path if error.ctx else where
    if isinstance(error, NoBundle) and not _wants_json(arguments):
        say_diagnostics(error.diagnostics, terminal.note)
    if _wants_json(arguments):
        detail = error.detail if isinstance(error, Failure) else {}
        terminal.say_json({"error": lowered(error.format_message()), **_blocking(arguments), **detail})
    terminal.note(f"{where}: {message}")
    return error.exit_code


def _unexpected(error: Exception, arguments: Sequence[str]) -> int:
    told = f"internal error: {type(error).__name__}: {terminal.printable(error)}"
    if _wants_json(arguments):
        terminal.say_json({"error": told, **_blocking(arguments)})
    if "--debug" in arguments or os.environ.get("BASCULE_DEBUG"):
        terminal.note("".join(traceback.format_exception(error)))
    terminal.note(f"bascule: {told}")
    return UNUSABLE


def _wants_json(arguments: Sequence[str]) -> bool:
    return "--json" in arguments or "--jsonl" in arguments


def _blocking(arguments: Sequence[str]) -> dict[str, str]:
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    return {"effect": "block"} if command in DECIDING else {}


def say_diagnostics(diagnostics: Iterable[Diagnostic], print_line: Callable[[str], None]) -> None:
    """Findings as text, one after the other, an empty line between them."""
    from rules.diagnostics import render

    for diagnostic in diagnostics:
        place, _, rest = render(diagnostic).partition(f"{diagnostic.severity}[")
        colour = "red" if diagnostic.severity == "error" else "yellow"
        styled = click.style(diagnostic.severity, fg=colour, bold=True)
        print_line("\n".join(_shown(line) for line in f"{place}{styled}[{rest}".splitlines()))
        print_line("")


def _shown(line: str) -> str:
    """A line of a finding: a document's control characters escaped, our own colours and its tabs kept."""
    return "".join(c if c.isprintable() or c in "\t\x1b" else terminal.printable(c) for c in line)
