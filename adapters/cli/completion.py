"""`bascule completion`: the script that lets a shell complete commands, options and policy names."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from adapters.cli import terminal
from adapters.cli.terminal import examples

SHELLS = ("bash", "zsh", "fish")


EXAMPLES = examples(
    'eval "$(bascule completion bash)"                                   in ~/.bashrc',
    'eval "$(bascule completion zsh)"                                    in ~/.zshrc',
    "bascule completion fish > ~/.config/fish/completions/bascule.fish",
)


@click.command(epilog=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "bascule", "_BASCULE_COMPLETE")
    # click's own bash script first runs bash to ask for its version; which shell sources this is not known here
    terminal.say(ShellComplete.source(script))
