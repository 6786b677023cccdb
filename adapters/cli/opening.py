"""Opening a bundle and finding a policy for a command, with what goes wrong told in the command's terms."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from adapters.cli.failures import BundleRefused, NoBundle, Unusable
from adapters.cli.terminal import plural, printable

if TYPE_CHECKING:
    from adapters.bootstrap import Opened
    from engine.policy import Machine, Policy

DEFAULT_FOLDER = "policies"
FOLDER = click.Path(path_type=Path)
F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")


def folder_argument(command: F) -> F:
    """The DIR argument."""
    return click.argument("folder", metavar="[DIR]", type=FOLDER, default=DEFAULT_FOLDER)(command)


def policies_option(command: F) -> F:
    """The `--policies DIR` option."""
    return click.option(
        "--policies", "folder", metavar="DIR", type=FOLDER, default=DEFAULT_FOLDER, show_default=True,
        help="The folder of the bundle.",
    )(command)  # fmt: skip


def examine(folder: Path) -> Opened:
    """The bundle of a folder compiled without an environment, and every finding. Raises `NoBundle`."""
    with _uncollected():
        from adapters import bootstrap

        return _reading(folder, lambda: bootstrap.examine(folder))


def open_machine(
    folder: Path,
    environment: Mapping[str, str],
    refusal: type[BundleRefused] = BundleRefused,
    asked: Collection[str] | None = None,
) -> Machine:
    """The policies of a folder, or those asked alone. Raises `refusal` when the bundle has errors, and `NoBundle`."""
    from adapters import bootstrap

    return read_bundle(folder, lambda: bootstrap.open_machine(folder, environment, asked), refusal)


def open_deciding(folder: Path, environment: Mapping[str, str], name: str) -> Machine:
    """The policy or the invariant of a name, ready to decide. Raises as `open_machine` does."""
    from adapters import bootstrap

    return read_bundle(folder, lambda: bootstrap.open_deciding(folder, environment, name), BundleRefused)


def read_bundle(folder: Path, read: Callable[[], T], refusal: type[BundleRefused]) -> T:
    """What `read` makes of the bundle of a folder. Raises `refusal` when the bundle has errors, and `NoBundle`."""
    with _uncollected():
        from rules.diagnostics import Refused

        try:
            return _reading(folder, read)
        except Refused as refused:
            errors = sum(1 for d in refused.diagnostics if d.severity == "error")
            raise refusal(f"the bundle in `{folder}` has {plural(errors, 'error')}", refused.diagnostics) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage is collected while a bundle is read: it stays as long as the process, and is never gone through."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _reading(folder: Path, read: Callable[[], T]) -> T:
    from adapters import bootstrap
    from rules.bundle import Unreadable

    try:
        return read()
    except Unreadable as error:
        shipped = bootstrap.shipped_policies()
        hint = f"\n  the policies that come with bascule are in `{nearest(shipped)}`" if shipped.is_dir() else ""
        raise NoBundle(printable(error), f"; {_how_to_name_one()}{hint}") from None
    except OSError as error:
        place = error.filename if error.filename is not None else folder
        raise NoBundle(f"cannot read `{place}`: {(error.strerror or str(error)).lower()}") from None


def _how_to_name_one() -> str:
    """What to write where a folder holds no bundle, as the command at hand takes it."""
    ctx = click.get_current_context(silent=True)
    params = ctx.command.params if ctx is not None else []
    if any(isinstance(param, click.Option) and param.name == "folder" for param in params):
        return "name the folder of a bundle with `--policies DIR`"
    return "name the folder of a bundle, as in `bascule check DIR`"


def nearest(path: Path) -> Path:
    """A path as a person would type it: from here when it lies below, else in full."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def find_policy(machine: Machine, name: str, folder: Path) -> Policy:
    """The policy of a name. Raises `Unusable`, naming the nearest and all there are."""
    found = machine.policies.get(name)
    if found is None:
        raise no_such("policy", name, machine.bundle.plans, str(folder))
    return found


def no_such(what: str, name: str, known: Collection[str], where: str) -> Unusable:
    """That there is nothing of a name: the nearest that there is, and all of them."""
    from rules.diagnostics import did_you_mean

    near = did_you_mean(name, known)
    hint = f" Did you mean `{near}`?" if near else ""
    listed = ", ".join(f"`{one}`" for one in sorted(known)) or "none"
    return Unusable(f"there is no {what} `{printable(name)}` in `{printable(where)}`.{hint} It has {listed}")


def complete_policy(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The policies of the bundle at hand, for the shell."""
    try:
        machine = open_machine(Path(ctx.params.get("folder") or DEFAULT_FOLDER), {}, asked=())
    except click.ClickException:
        return []
    return [
        CompletionItem(name, help=plan.title)
        for name, plan in sorted(machine.bundle.plans.items())
        if name.startswith(incomplete)
    ]


def environment() -> Mapping[str, str]:
    """The process's environment, for overrides."""
    return os.environ
