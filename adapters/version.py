"""Which version of Bascule this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The version that is installed."""
    try:
        return version("bascule")
    except PackageNotFoundError:
        return "from a checkout"
