"""Compiling a bundle in a process of its own, so that neither following the store nor deciding waits for it.

`python -m adapters.service.compiling` reads a bundle's content from standard input and writes the pieces of the
compiled bundle to standard output, each after its length; what refuses the bundle goes to standard error, with exit
code 3. Any other end than these two says nothing of the bundle. The environment is that of the service: its overrides
count.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys

from engine.policy import compile_bundle
from engine.staging import pack
from rules.bundle import read_content
from rules.canonical import LARGEST, NoContent
from rules.diagnostics import Refused

PATIENCE_S = 120.0
MEMORY = 4 * 1024**3
NICENESS = 10
REFUSED = 3
"""The exit code for a bundle that is refused; Python's own for a program that failed is 1."""


class NotCompiled(Exception):
    """A bundle does not compile; says why."""


class CutShort(Exception):
    """Compiling did not come to its end, which says nothing of the bundle; a later attempt may."""


async def compiled(content: bytes) -> list[bytes]:
    """The pieces of a bundle, the header first. Raises `NotCompiled`, and `CutShort`."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # what lies in the current folder is not ours
            "-m",
            "adapters.service.compiling",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise CutShort(f"no process for it can be started: {error}") from error
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, said = await process.communicate(content)
    except TimeoutError:
        raise CutShort(f"it was not compiled within {PATIENCE_S:g}s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    told = said.decode(errors="replace").strip()[-2000:]
    if process.returncode == REFUSED:
        raise NotCompiled(told)
    if process.returncode != 0:
        raise CutShort(f"exit code {process.returncode}: {told}")
    return list(_pieces(out))


def _pieces(out: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(out):
        length = int.from_bytes(out[at : at + 8], "big")
        found.append(out[at + 8 : at + 8 + length])
        at += 8 + length
    if at != len(out) or not found:
        raise CutShort("the compiled bundle is cut short")
    return found


def main() -> int:
    """Compile what standard input holds."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        checked = read_content(sys.stdin.buffer.read(LARGEST + 1))
        if checked.bundle is None:
            errors = [one for one in checked.diagnostics if one.severity == "error"]
            raise Refused(errors)
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
