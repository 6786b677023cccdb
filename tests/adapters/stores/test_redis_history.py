"""A long history in a Redis: however long it is, no answer takes longer than the store may."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from adapters.publishing.candidates import kept
from adapters.publishing.past import PAGE, past
from adapters.publishing.trust import unsigned
from adapters.stores.redis_urls import DEFAULT_KEY
from adapters.stores.urls import open_store
from tests.adapters.service.followed import fields
from tests.adapters.stores.loops import in_loop
from tests.adapters.stores.servers import Server
from tests.adapters.stores.test_contract import CONTENT, DIGEST

MANY = 30_000
FILL = """
for one = 1, tonumber(ARGV[1]) do
  local number = math.floor(one / 3) .. '-' .. one % 3
  redis.call('XADD', KEYS[1], number, 'change', 'publish', 'revision', one, unpack(ARGV, 2))
end
"""
"""Publications, of which three at a time were made in one millisecond."""


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    """What the tests before have left is not gone through in the midst of an answer: that may take half a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def fill(server: Server) -> None:
    told = fields(content=CONTENT, universe_symbols=str([f"SYMBOL{one}USDT" for one in range(50)]))
    given = [part for name, text in told.items() if name != "revision" for part in (name, text)]
    server.do("EVAL", FILL, 1, f"{{{DEFAULT_KEY}}}:changes", MANY, *given)


@in_loop
async def test_the_first_of_many_publications_is_found(server: Server) -> None:
    fill(server)
    async with aclosing(open_store(server.url, {})) as store:
        await store.keep(DIGEST, CONTENT)
        record, content = await kept(store, unsigned(), "1")
        assert (record.revision, content) == (1, CONTENT)


@in_loop
async def test_every_page_begins_where_the_one_before_it_ended(server: Server) -> None:
    fill(server)
    async with aclosing(open_store(server.url, {})) as store:
        most = 3 * PAGE + 1
        found = [int(one.fields["revision"]) async for one in past(store, most)]
        assert found == list(range(MANY, MANY - most, -1))
        for size in (1, 2):
            page = await store.changes(size, (await store.changes(size))[-1].id)
            assert [int(one.fields["revision"]) for one in page] == list(range(MANY - size, MANY - 2 * size, -1))
