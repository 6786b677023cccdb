"""The history of a store, a page at a time: however long it is, each page has the store's whole time-out to itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from engine.store import Change, PolicyStore

PAGE = 100
"""Changes that are asked for at a time."""


async def past(store: PolicyStore, most: int) -> AsyncGenerator[Change]:
    """The latest changes, newest first, asked for as they are wanted. Raises `StoreUnavailable`."""
    before = None
    while most > 0:
        page = await store.changes(min(PAGE, most), before)
        for one in page:
            yield one
        if len(page) < min(PAGE, most):
            return
        most, before = most - len(page), page[-1].id
