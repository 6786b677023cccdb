"""`bascule`: the commands, and the one place where a run ends with an exit code."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

import click

from adapters.cli import failures, terminal
from adapters.cli.check import check
from adapters.cli.completion import completion
from adapters.cli.decide import decide
from adapters.cli.demo import demo
from adapters.cli.diff import diff
from adapters.cli.eval import evaluate
from adapters.cli.explain import explain
from adapters.cli.halt import halt
from adapters.cli.history import history
from adapters.cli.key import key
from adapters.cli.log import log
from adapters.cli.mutate import mutate
from adapters.cli.publish import publish
from adapters.cli.replay import replay
from adapters.cli.rollback import rollback
from adapters.cli.serve import serve
from adapters.cli.show import show
from adapters.cli.terminal import examples
from adapters.cli.test import test
from adapters.cli.token import token
from adapters.cli.verify import verify

COMMANDS: tuple[click.Command, ...] = (
    check,
    test,
    verify,
    mutate,
    evaluate,
    decide,
    explain,
    log,
    replay,
    diff,
    serve,
    publish,
    rollback,
    history,
    show,
    halt,
    key,
    token,
    demo,
    completion,
)
"""In the order in which a newcomer meets them."""


class Bascule(click.Group):
    """The group of commands; a run of it gives an exit code and never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of `COMMANDS`."""
        return list(self.commands)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; gives the exit code, or leaves with it in standalone mode."""
        arguments = list(sys.argv[1:] if args is None else args)

        def run() -> object:
            return super(Bascule, self).main(arguments, "bascule", complete_var, standalone_mode=False, **extra)

        code = failures.guarded(run, arguments)
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and flush what it printed, here where a closed pipe can still be told apart."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except click.UsageError as error:
            error.ctx = error.ctx or self._asked(ctx)
            raise
        except BrokenPipeError:
            return failures.pipe_closed()
        return result

    def _asked(self, ctx: click.Context) -> click.Context:
        """The command that was being read: where an option lacks its value, the parser says nothing of whose it is."""
        name = ctx.invoked_subcommand
        command = self.get_command(ctx, name) if name else None
        return ctx if command is None else click.Context(command, parent=ctx, info_name=name)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from adapters.version import own_version

        terminal.say(f"bascule {own_version()}")
        ctx.exit()


SETTINGS: MutableMapping[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


EXAMPLES = examples(
    "bascule demo                                    what it does, in a few paragraphs",
    "bascule check policies                          is every expression right?",
    "bascule test policies                           do the policies' own tests pass?",
    "bascule decide entry --inputs snapshot.json     may this position open?",
    "bascule explain entry --inputs snapshot.json    ... and why?",
)


@click.group(cls=Bascule, context_settings=SETTINGS, epilog=EXAMPLES)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)
@click.option("--debug", is_flag=True, hidden=True, help="Show the traceback of an internal error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Typed, tested policies that decide when a trading system may open a position.

    Exits: 0 done, 1 the thing asked for does not hold, 2 unusable input.
    """
    del debug  # looked for among the arguments, so that it also counts when they cannot be parsed
    if terminal.colour_forbidden():
        ctx.color = False


for command in COMMANDS:
    cli.add_command(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on these arguments (those of the process when None); gives the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    code = cli.main(argv, standalone_mode=False)
    return code if isinstance(code, int) else failures.DONE


if __name__ == "__main__":
    sys.exit(main())
