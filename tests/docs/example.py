"""The running example of `docs/language.md`: the bundle its blocks make up, and small changes to it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from adapters.bootstrap import Opened, examine
from engine.evaluation import Setting, setting_of_policy
from engine.policy import Machine, Policy
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml
from tests.docs.fences import Block


@dataclass(frozen=True)
class Example:
    """The example in a folder of its own."""

    folder: Path
    files: dict[str, str]
    inputs: dict[str, Any]
    policy_name: str = "gate"

    def __post_init__(self) -> None:
        write(self.folder, self.files)

    @cached_property
    def machine(self) -> Machine:
        """Every policy of the example, compiled."""
        return machine_of(examine(self.folder))

    @property
    def policy(self) -> Policy:
        """The policy that expressions are read in."""
        return self.machine.policies[self.policy_name]

    @cached_property
    def setting(self) -> Setting:
        """Where the page's expressions stand."""
        return setting_of_policy(self.policy, self.machine.bundle.plans)

    @cached_property
    def decoded(self) -> Any:
        """The inputs of the page, decoded."""
        return self.policy.decoder.decode(json.dumps(self.inputs))

    def with_snippet(self, block: Block, folder: Path) -> Opened:
        """The example with a snippet laid over the place that the block names: mappings by entry, all else whole."""
        name, *path = block.options["at"].split(":")
        snippet = read_yaml("snippet", block.text.encode())
        assert snippet.root is not None, [d.message for d in snippet.diagnostics]
        document = read_yaml(name, self.files[name].encode()).root
        assert document is not None
        changed = laid_over(plain(document), path[0].split(".") if path else [], plain(snippet.root))
        write(folder, {**self.files, name: json.dumps(changed)})
        return examine(folder)


def write(folder: Path, files: dict[str, str]) -> None:
    """Files by their names below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def machine_of(opened: Opened) -> Machine:
    """The compiled policies, when nothing refuses them."""
    assert opened.machine is not None, [f"{d.span}: {d.code}: {d.message}" for d in opened.diagnostics]
    return opened.machine


def laid_over(base: Any, path: Sequence[str], added: Any) -> Any:
    """A value with another laid over the place at a path."""
    if path:
        step = path[0]
        if isinstance(base, list):
            return [laid_over(x, path[1:], added) if str(i) == step else x for i, x in enumerate(base)]
        return {**base, step: laid_over(base.get(step, {}), path[1:], added)}
    if isinstance(base, dict) and isinstance(added, dict):
        return {**base, **{key: laid_over(base.get(key), (), value) for key, value in added.items()}}
    return added
