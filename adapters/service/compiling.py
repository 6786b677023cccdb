"""Compiling a bundle in a process of its own, so that neither following the store nor deciding waits for it.

`python -m adapters.service.compiling` reads a bundle's content from standard input and writes the pieces of the
compiled bundle to standard output, each after its length; what refuses the bundle goes to standard error, with exit
code 3. Any other end than these two says nothing of the bundle. The environment is that of the service: its overrides
count.
"""

from __future__ import annotations

import os
import sys

from adapters.service.apart import REFUSED, NotDone, NotTaken, apart, keep_to_limits
from engine.policy import compile_bundle
from engine.staging import pack
from engine.supplied import unsupplied
from rules.bundle import read_content
from rules.canonical import LARGEST, NoContent
from rules.diagnostics import Refused


class NotCompiled(Exception):
    """A bundle does not compile; says why."""


async def compiled(content: bytes) -> list[bytes]:
    """The pieces of a bundle, the header first. Raises `NotCompiled`, and `NotDone`."""
    try:
        return _pieces(await apart("adapters.service.compiling", content))
    except NotTaken as refusal:
        raise NotCompiled(str(refusal)) from None


def _pieces(out: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(out):
        length = int.from_bytes(out[at : at + 8], "big")
        found.append(out[at + 8 : at + 8 + length])
        at += 8 + length
    if at != len(out) or not found:
        raise NotDone("the compiled bundle is cut short")
    return found


def main() -> int:
    """Compile what standard input holds."""
    keep_to_limits()
    try:
        checked = read_content(sys.stdin.buffer.read(LARGEST + 1))
        if checked.bundle is None:
            errors = [one for one in checked.diagnostics if one.severity == "error"]
            raise Refused(errors)
        why_not = unsupplied(checked.bundle.types.facts, checked.bundle.plans.values())
        if why_not:
            print(why_not, file=sys.stderr)
            return REFUSED
        pieces = list(pack(compile_bundle(checked.bundle, os.environ)))
    except NoContent as error:
        print(error, file=sys.stderr)
        return REFUSED
    except Refused as refused:
        shown = [f"{one.span}: {one.message}" for one in refused.diagnostics]
        print("; ".join(shown[:3]) + (f"; and {len(shown) - 3} more" if len(shown) > 3 else ""), file=sys.stderr)
        return REFUSED
    for piece in pieces:
        sys.stdout.buffer.write(len(piece).to_bytes(8, "big") + piece)
    return 0


if __name__ == "__main__":
    sys.exit(main())
