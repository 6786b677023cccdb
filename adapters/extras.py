"""What is said where a package is missing that only some commands need.

Bascule is on no package index: every instruction installs from the checkout, in this one wording.
"""

from __future__ import annotations

PROOFS = "proofs need z3"


def lacking(what: str, extra: str) -> str:
    """That something needs a package, and the command that installs the extra which has it."""
    return f"{what}: run `pip install '.[{extra}]'` in the checkout of Bascule"


def check_solver() -> None:
    """Raise ModuleNotFoundError, with what to install, where there is no solver: before work whose end needs it."""
    try:
        import z3  # noqa: F401 -- whether it is there
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(lacking(PROOFS, "prove"), name=missing.name) from missing
