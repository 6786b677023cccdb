"""Runs a program that ends when the process that started it does: `python leash.py PARENT PROGRAM ARGUMENT…`.

It asks the system for a signal at its parent's death and becomes the program, under the same process id. What counts as
the parent is the thread that started it, so that has to be one that stays. Where the system knows no such signal (it is
Linux's), the program outlives a parent that is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def command(*program: str) -> list[str]:
    """The command that runs a program on the leash of this process."""
    # Isolated and without site-packages: it needs neither, and starts in a third of the time.
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *program]


def main(parent: str, *program: str) -> None:
    """Become the program."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(parent):  # it died before the signal was asked for
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  # the caller's own program, without a shell


if __name__ == "__main__":
    main(*sys.argv[1:])
