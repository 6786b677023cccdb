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
    from rules.bundle import Bundle

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
    return _completed(_policies(_typed(ctx, "folder")), incomplete)


def complete_new_policy(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The policies of the new bundle of two, for the shell; none where it is no folder."""
    return _completed(_policies(_typed(ctx, "new")), incomplete)


def complete_invariant(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The invariants of the bundle at hand, for the shell."""
    bundle = _whole(ctx)
    return _completed({one.name: one.title for one in bundle.invariants} if bundle else {}, incomplete)


def complete_changed(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The documents that decide, or that those rest on, of the bundle at hand, for the shell."""
    bundle = _whole(ctx)
    documents = bundle.documents if bundle else ()
    found = {one.name: one.kind for one in documents if one.kind not in ("Suite", "Invariant")}
    return _completed(found, incomplete)


def _typed(ctx: click.Context, name: str) -> str | Path | None:
    """What was typed so far for an argument or an option; arguments stay unread where an option lacks its value yet."""
    arguments = [one.name for one in ctx.command.params if isinstance(one, click.Argument)]
    unread = dict(zip(arguments, ctx.args, strict=False))
    found: str | Path | None = unread.get(name) or ctx.params.get(name)
    return found


def typed_policy(ctx: click.Context) -> Policy | None:
    """The policy or the invariant that was typed, for the shell; None where there is none."""
    name = str(_typed(ctx, "policy"))
    try:
        return open_deciding(Path(_typed(ctx, "folder") or DEFAULT_FOLDER), {}, name).policies.get(name)
    except click.ClickException:
        return None


def _policies(folder: str | Path | None) -> Mapping[str, str]:
    """The policies of a folder with their titles."""
    try:
        machine = open_machine(Path(folder or DEFAULT_FOLDER), {}, asked=())
    except click.ClickException:
        return {}
    return {name: plan.title for name, plan in machine.bundle.plans.items()}


def _whole(ctx: click.Context) -> Bundle | None:
    """The bundle at hand, its suites and invariants included; None where there is none."""
    from rules.bundle import Unreadable, load

    try:
        return load(Path(_typed(ctx, "folder") or DEFAULT_FOLDER)).bundle
    except (Unreadable, OSError):
        return None


def _completed(found: Mapping[str, str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name, help=what) for name, what in sorted(found.items()) if name.startswith(incomplete)]


def environment() -> Mapping[str, str]:
    """The process's environment, for overrides."""
    return os.environ
