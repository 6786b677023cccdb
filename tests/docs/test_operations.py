"""The page of operations says what to do about everything that blocks, and deploys what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from adapters.cli.serve import serve
from adapters.service.auth import read_tokens
from engine.published import CAUSES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_every_cause_is_explained_once() -> None:
    section = PAGE.partition("### Nothing opens: causes\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert sorted(cause for cause, _, _ in rows) == sorted(CAUSES)


def commands() -> dict[str, list[str]]:
    unit = (ROOT / "deploy" / "bascule.service").read_text("utf-8")
    image = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
    started = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    given = re.findall(r"^CMD \[(.+)\]$", image, re.MULTILINE)
    assert (len(started), len(given)) == (1, 1)
    return {
        "bascule.service": shlex.split(started[0])[2:],
        "Containerfile": [part.strip('"') for part in given[0].split(", ")],
    }


@pytest.mark.parametrize("name", ["bascule.service", "Containerfile"])
def test_what_is_deployed_says_options_that_there_are(name: str) -> None:
    with click.Context(serve) as context:
        serve.parse_args(context, commands()[name])
    assert context.params["decision_log"] is not None
    assert context.params["tokens"] is not None


def test_the_tokens_file_of_the_page_can_be_read() -> None:
    (token,) = read_tokens(ROOT / "examples" / "tokens.yaml")
    assert (token.name, sorted(token.roles)) == ("desk", ["decide", "read"])
