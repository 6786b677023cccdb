"""How many objects a function makes: blocks of memory that appear between two of its instructions.

Python is asked for the number of blocks in use before every instruction of the function and of what it calls; whatever
an instruction makes lives until a later one uses it, so each rise is something made. What the interpreter keeps for
reuse (floats, frames, small tuples) is no new block, and what C code makes and drops within one instruction is not
seen. The count is the same in every run.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from itertools import pairwise
from types import FrameType
from typing import Any

MOST_INSTRUCTIONS = 1_000_000
FIRST = 1_000  # counting begins where every number is an object of its own, so that none of ours is a rise


class _Watch:
    """Keeps the number of blocks at every instruction. Nothing is made while it watches that is not dropped at once."""

    def __init__(self) -> None:
        self.blocks = array("q", bytes(8 * MOST_INSTRUCTIONS))
        self.seen = FIRST

    def begin(self, frame: FrameType, event: str, argument: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self.step

    def step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self.blocks[self.seen] = sys.getallocatedblocks()
            self.seen += 1
        return self.step


def instructions(call: Callable[..., Any], *arguments: Any) -> tuple[int, int]:
    """How many instructions of Python a call runs, and how many objects it makes on the way."""
    watch = _Watch()
    for _ in range(3):  # the interpreter's stores fill up
        watch.seen = FIRST
        watch.seen += 1
        before = sys.gettrace()
        sys.settrace(watch.begin)
        try:
            call(*arguments)
        finally:
            sys.settrace(before)
    blocks = watch.blocks[FIRST + 1 : watch.seen]
    return len(blocks), sum(max(0, b - a) for a, b in pairwise(blocks))
