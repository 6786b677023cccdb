"""What every store asks of a write before it makes it, and what it says when another came first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.store import Conflict

CHANGE = "change"
"""The name, in an entry of the list of changes, of what kind of change it was."""
KEPT_CHANGES = 100_000
"""How many of the latest changes a store keeps at least."""

DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
SHOWN = 60
"""Characters of a field in a message; a universe may have thousands."""


def check_writable(fields: Mapping[str, str | None], change: str) -> None:
    """Raises ValueError for what no store could give back as it was written: no UTF-8, or a name that is taken."""
    if CHANGE in fields:
        raise ValueError(
            f"a record has no field `{CHANGE}`: the list of changes says under it what kind of change it was"
        )
    for text in (change, *fields, *(value for value in fields.values() if value is not None)):
        text.encode()


def digits_of(digest: str) -> str | None:
    """The hexadecimal digits of a bundle's digest; None where it is no digest."""
    found = DIGEST.fullmatch(digest)
    return found[1] if found else None


def not_a_digest(digest: str) -> ValueError:
    """What to raise for a bundle that is to be kept under something else."""
    return ValueError(f"`{digest}` is no digest of a bundle: sha256: and 64 hexadecimal digits were expected")


def check_kept(digest: str, found: bytes, content: bytes) -> None:
    """Raises `Conflict` where what is kept under a digest is not what was to be kept."""
    if found != content:
        told = f"{len(found)} bytes, and not the {len(content)} to be kept"
        raise Conflict(f"another content is kept under {digest} ({told}): one of the two is damaged, publish anew")


def check_expected(fields: Mapping[str, str], expected: Mapping[str, str | None]) -> None:
    """Raises `Conflict` where a field of the record is not as expected."""
    for name, wanted in expected.items():
        if fields.get(name) != wanted:
            found = f"`{name}` {_told(fields.get(name))}, and {_wanted(wanted)}"
            raise Conflict(f"{found}{_publisher(fields)}: read the record again, and decide anew")


def _told(text: str | None) -> str:
    return "is not there" if text is None else f"is `{_short(text)}`"


def _wanted(text: str | None) -> str:
    return "was expected not to be there" if text is None else f"`{_short(text)}` was expected"


def _publisher(fields: Mapping[str, str]) -> str:
    if "published_by" not in fields:
        return ""
    by, at = fields["published_by"], fields.get("published_at", "a time that is not said")
    return f" (last published by {_short(by)} at {_short(at)})"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
