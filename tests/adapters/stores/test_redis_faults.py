"""A Redis that does not answer, answers late, or answers nonsense: no record, in time, and no other's answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing

import pytest
import redis.exceptions as faults
from redis.asyncio.connection import AbstractConnection

from adapters.stores.redis_faults import ANSWERS, explained
from adapters.stores.redis_urls import DEFAULT_KEY
from adapters.stores.urls import open_store
from engine.store import Conflict, PolicyStore, StoreUnavailable
from tests.adapters.stores.loops import in_loop
from tests.adapters.stores.proxy import Proxy
from tests.adapters.stores.servers import Server, free_port

TIMEOUT = 0.2
LATE = 3.0
"""For a machine that is busy: what is asked is that a call ends, and does not wait as long as a client would."""
"""How much later than the time-out a call may end on a busy machine."""
CHANGES = f"{{{DEFAULT_KEY}}}:changes"


@pytest.fixture(params=("valkey", "redis"))
def own(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that the test may treat as it likes."""
    with Server(request.param) as server:
        yield server


async def refused(asked: Awaitable[object], match: str | None = None) -> str:
    """What is said where the store does not answer, which is said in time."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=match) as raised:
        await asked
    assert time.monotonic() - started < TIMEOUT + LATE
    return str(raised.value)


async def revision(store: PolicyStore) -> str | None:
    return (await store.read()).fields.get("revision")


@pytest.mark.parametrize("way", ["url", "unix_url"])
@in_loop
async def test_a_server_that_hangs_gives_no_record_and_is_asked_anew_once_it_is_back(own: Server, way: str) -> None:
    async with aclosing(open_store(getattr(own, way), {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        own.pause()
        for _ in range(3):  # the first on a connection that was open, the others on new ones
            await refused(store.read(), "no answer within 0.2s")
        own.resume()
        own.do("HSET", DEFAULT_KEY, "revision", "2")
        assert await revision(store) == "2"


@in_loop
async def test_a_swap_that_was_not_answered_may_have_happened_and_is_not_made_twice(own: Server) -> None:
    async with aclosing(open_store(own.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        own.pause()
        await refused(store.swap({"revision": "1"}, {"revision": "2"}, "publish"), "may have been written all the same")
        own.resume()
        own.until(("HGET", DEFAULT_KEY, "revision"), "2")
        with pytest.raises(Conflict, match=r"`revision` is `2`, and `1` was expected"):
            await store.swap({"revision": "1"}, {"revision": "2"}, "publish")
        assert len(await store.changes(10)) == 2


@in_loop
async def test_a_swap_whose_answer_was_cut_is_not_made_twice(own: Server) -> None:
    async with Proxy(own.port) as proxy, aclosing(open_store(proxy.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        proxy.cut_after = 0
        await refused(store.swap({}, {"revision": "2"}, "publish"), "may have been written all the same")
        assert [one.fields["revision"] for one in await store.changes(10)] == ["2", "1"]


@in_loop
async def test_a_server_that_answers_little_by_little_is_not_waited_for_longer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = asyncio.create_task(reader.read())  # ends where the connection does
        while not question.done():
            writer.write(b"+OK\r\n")
            await asyncio.wait([question], timeout=TIMEOUT * 0.75)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aclosing(open_store(f"redis://127.0.0.1:{port}", {}, TIMEOUT)) as store:
        await refused(store.read(), "no answer within")


@pytest.mark.parametrize(("with_data", "found"), [(True, "1"), (False, None)])
@in_loop
async def test_a_server_that_is_gone_and_back(own: Server, with_data: bool, found: str | None) -> None:
    async with aclosing(open_store(own.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        own.restart(with_data=with_data)
        await refused(store.read(), "closed")  # the loop had no turn in which to notice
        assert await revision(store) == found
        own.kill()
        assert own.url in await refused(store.read(), "closed")
        await refused(store.read(), "Connect call failed")
        own.start()
        assert await revision(store) == found


@in_loop
async def test_after_many_connections_at_once_one_fault_is_enough_to_be_asked_anew(own: Server) -> None:
    async with Proxy(own.port) as proxy, aclosing(open_store(proxy.url, {}, TIMEOUT)) as store:
        await asyncio.gather(*(store.read() for _ in range(10)))
        assert proxy.connections == 10
        proxy.forsake()
        await refused(store.read(), "no answer within")
        assert await asyncio.gather(*(revision(store) for _ in range(10))) == [None] * 10
        assert proxy.connections == 20


async def run_out(store: PolicyStore, proxy: Proxy) -> None:
    await refused(store.read(), "no answer within")


async def cancelled(store: PolicyStore, proxy: Proxy) -> None:
    reading = asyncio.create_task(store.read())
    await proxy.asked.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@pytest.mark.parametrize("given_up", [run_out, cancelled])
@in_loop
async def test_an_answer_that_comes_late_is_never_that_to_a_later_question(
    own: Server, given_up: Callable[[PolicyStore, Proxy], Awaitable[None]]
) -> None:
    async with Proxy(own.port) as proxy, aclosing(open_store(proxy.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        assert await revision(store) == "1"
        for latest in range(2, 6):
            proxy.hold()
            before = proxy.connections
            await given_up(store, proxy)
            own.do("HSET", DEFAULT_KEY, "revision", str(latest))
            proxy.release()
            assert await revision(store) == str(latest)
            assert proxy.connections == before + 1, "the connection was used again"


@in_loop
async def test_an_answer_to_an_earlier_question_is_refused_even_on_the_same_connection(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stay(*given: object, **named: object) -> None:
        """What a client's library would do that kept a connection whose answer did not come."""

    async def clean(connection: AbstractConnection) -> bool:
        """And that did not look whether an answer is waiting there."""
        return False

    async with Proxy(own.port) as proxy, aclosing(open_store(proxy.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        assert await revision(store) == "1"
        before = proxy.connections
        proxy.hold()
        monkeypatch.setattr(AbstractConnection, "can_read", clean)
        with monkeypatch.context() as patched:
            patched.setattr(AbstractConnection, "disconnect", stay)
            await refused(store.read(), "no answer within")
        own.do("HSET", DEFAULT_KEY, "revision", "2")
        proxy.release()
        await refused(store.read(), "no answer to question")
        assert proxy.connections == before
        assert await revision(store) == "2"


@in_loop
async def test_an_answer_that_was_given_before_is_refused(own: Server) -> None:
    async with Proxy(own.port) as proxy, aclosing(open_store(proxy.url, {}, TIMEOUT)) as store:
        await store.read()
        before = proxy.answers[-1]
        proxy.edit = lambda answer: before
        await refused(store.read(), "no answer to question")
        proxy.edit = None
        assert await revision(store) is None


@in_loop
async def test_an_answer_cut_anywhere_is_no_record(own: Server) -> None:
    async with Proxy(own.port) as proxy, aclosing(open_store(proxy.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1", "halt": "{}"}, "halt")
        await store.read()
        length = len(proxy.answers[-1])
        # The clock's digits are not always as many: towards the end it is counted from there.
        for kept in (*range(0, length - 10, 3), *range(-10, 0)):
            proxy.cut_after = kept
            await refused(store.read(), "losed|reset")
        assert await revision(store) == "1"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"*x\r\n",
        b"$-7\r\n",
        b":1e9\r\n",
        b"+OK\r\n",
        b"+OK\r\n" * 6,
        b"*-1\r\n" * 6,
        b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n*0\r\n*2\r\n:1\r\n:2\r\n*1\r\n+master\r\n$1\r\n1\r\n",
        b"-ERR unknown command\r\n" * 6,
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MOVED 1 :\r\n" * 6,
        b"-MOVED\r\n",
        b"-\xff\xfe\r\n",
        b"*1\r\n" * 3000,
        b"\x00" * 100,
        b"\r\n",
    ],
)
@in_loop
async def test_an_answer_that_is_none_is_no_record(nonsense: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(nonsense)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aclosing(open_store(f"redis://127.0.0.1:{port}", {}, TIMEOUT)) as store:
        asked = (store.read(), store.bundle("sha256:" + "0" * 64), store.changes(1))
        await asyncio.gather(*(refused(one) for one in (*asked, store.swap({}, {"revision": "1"}, "publish"))))


@in_loop
async def test_full_memory_is_told_and_nothing_is_written(own: Server) -> None:
    async with aclosing(open_store(own.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        own.do("CONFIG", "SET", "maxmemory", "1mb")
        own.do("CONFIG", "SET", "maxmemory-policy", "noeviction")
        big = "x" * 3_000_000
        said = await refused(store.swap({}, {"revision": "2", "note": big}, "publish"), "memory is full")
        assert "may have been" not in said
        await refused(store.keep("sha256:" + "0" * 64, b"x"), "memory is full")
        assert await revision(store) == "1"
        assert len(await store.changes(10)) == 1


@in_loop
async def test_too_few_replicas_are_told_and_nothing_is_written(own: Server) -> None:
    async with aclosing(open_store(own.url, {}, TIMEOUT)) as store:
        own.do("CONFIG", "SET", "min-replicas-to-write", "1")
        await refused(store.swap({}, {"revision": "1"}, "publish"), "too few replicas")
        assert await revision(store) is None


@in_loop
async def test_something_else_under_the_key_of_the_record_is_told(server: Server) -> None:
    async with aclosing(open_store(server.url, {}, TIMEOUT)) as store:
        server.do("SET", DEFAULT_KEY, "x")
        await refused(store.read(), "something else is kept")
        await refused(store.swap({}, {"revision": "1"}, "publish"), "something else is kept")
        assert server.do("EXISTS", CHANGES) == 0


@in_loop
async def test_something_else_under_the_key_of_the_changes_leaves_the_record_as_it_was(server: Server) -> None:
    async with aclosing(open_store(server.url, {}, TIMEOUT)) as store:
        server.do("SET", CHANGES, "x")
        await refused(store.swap({}, {"revision": "1"}, "publish"), "something else is kept")
        await refused(store.changes(1), "something else is kept")
        assert await revision(store) is None


@pytest.mark.parametrize(("name", "text"), [(b"note", b"\xff"), (b"n\xc3", b"x"), (b"halt", "ü".encode("latin-1"))])
@in_loop
async def test_a_field_that_is_no_text_is_named(server: Server, name: bytes, text: bytes) -> None:
    async with aclosing(open_store(server.url, {}, TIMEOUT)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        server.do("HSET", DEFAULT_KEY, name, text)
        await refused(store.read(), f"the field `{name.decode(errors='replace')}` is no text")
        server.do("HDEL", DEFAULT_KEY, name)
        assert await revision(store) == "1"


@pytest.mark.parametrize("code", ANSWERS)
def test_every_known_error_is_told_as_it_is_and_with_what_to_do(code: str) -> None:
    as_answered = faults.ResponseError(f"{code} something")
    in_a_script = faults.ResponseError(f"ERR Error running script: @user_script:12: -{code} something")
    mapped = faults.ResponseError("something", status_code=code)
    for error in (as_answered, in_a_script, mapped):
        said = explained(error, TIMEOUT)
        assert code in said
        assert ANSWERS[code] in said


@in_loop
async def test_nobody_at_the_address(tmp_path: object) -> None:
    for url in (f"redis://127.0.0.1:{free_port()}", f"unix://{tmp_path}/nobody"):
        async with aclosing(open_store(url, {}, TIMEOUT)) as store:
            assert url in await refused(store.read(), "Connect call failed|No such file")
