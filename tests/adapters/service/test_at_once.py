"""The short way answers as the usual way does, and leaves to it what it cannot answer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

import pytest

from adapters.service.app import Limits, Service
from adapters.service.at_once import AtOnce
from adapters.service.auth import Auth
from adapters.service.deciding import Made
from adapters.service.in_force import Clocks
from adapters.service.serving import Runner
from engine.published import Refusal
from tests.adapters.service.desk import SECOND, ReadLog, desk, example

INPUTS = example("entry").decode()
BODY = f'{{"inputs":{INPUTS}}}'


class Counted(AtOnce):
    """Counts what was taken the short way."""

    taken = 0

    def made(self, *given: Any) -> Made | None:
        self.asked.set()
        found = super().made(*given)
        self.taken += found is not None
        return found

    @cached_property
    def asked(self) -> asyncio.Event:
        """Set once a request has begun to arrive."""
        return asyncio.Event()


@asynccontextmanager
async def answering(*, short: bool, log: ReadLog, wait: bool = False) -> AsyncIterator[tuple[Counted, int]]:
    deciding = desk().deciding
    deciding.log = log
    service = Service(deciding, Auth(()), log, Limits(body=8192), wait=wait)
    at_once = Counted(service)
    runner = Runner(service.application(), access_log=None)
    await runner.setup()
    accepted = runner.server
    assert accepted is not None
    listener = await asyncio.get_running_loop().create_server(
        (lambda: at_once.shortened(accepted())) if short else accepted, "127.0.0.1", 0
    )
    try:
        yield at_once, listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await runner.cleanup()


def request(path: str = "/v1/decide/entry", body: str = BODY, method: str = "POST", *more: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *more]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()


async def answers(
    port: int, first: bytes, *rest: bytes, count: int = 1, begun: asyncio.Event | None = None
) -> list[tuple[str, dict[str, str], Any]]:
    """What is answered, status, headers and body; the rest is sent once the first part has `begun` to arrive."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    if begun is not None:
        await begun.wait()
    writer.writelines(rest)
    found = []
    for _ in range(count):
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers["Content-Length"]))
        found.append((status, headers, json.loads(body) if "json" in headers["Content-Type"] else body.decode()))
    writer.close()
    await writer.wait_closed()
    return found


def alike(found: tuple[str, dict[str, str], Any]) -> tuple[str, list[str], Any]:
    """An answer without what differs from one to the next."""
    status, headers, body = found
    return status, sorted(headers), re.sub(r'"decision_id": "[^"]+"', "", json.dumps(body))


SENT: dict[str, tuple[tuple[bytes, ...], bool]] = {
    "one decision": ((request(),), True),
    "an id of its own": ((request("/v1/decide/entry", BODY, "POST", "X-Request-Id: mine"),), True),
    "in two parts": ((request()[:-40], request()[-40:]), False),
    "to be closed": ((request("/v1/decide/entry", BODY, "POST", "Connection: close"),), False),
    "expecting": ((request("/v1/decide/entry", BODY, "POST", "Expect: nothing"),), False),
    "no such policy": ((request("/v1/decide/entri"),), False),
    "below a policy": ((request("/v1/decide/entry/x"),), False),
    "with a query": ((request("/v1/decide/entry?x=1"),), False),
    "written otherwise": ((request("/v1/decide/%65ntry"),), False),
    "another method": ((request("/v1/decide/entry", "", "GET"),), False),
    "without a body": ((b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",), False),
    "inputs with faults": ((request(body='{"inputs":{}}'),), False),
    "no JSON": ((request(body="{"),), False),
    "too large": ((request(body=BODY + " " * 9000),), False),
    "said twice": ((request(body='{"inputs":{},"inputs":' + INPUTS + "}"),), False),
    "another host": ((request().replace(b"Host: 127.0.0.1", b"Host: desk.example"),), False),
}


@pytest.mark.parametrize("name", SENT)
def test_both_ways_answer_alike(name: str) -> None:
    parts, at_once = SENT[name]

    async def work() -> None:
        said = []
        for short in (False, True):
            async with answering(short=short, log=ReadLog()) as (short_way, port):
                begun = short_way.asked if short and len(parts) > 1 else None
                said.append(alike((await answers(port, *parts, begun=begun))[0]))
                assert short_way.taken == (at_once and short)
        assert said[0] == said[1]

    asyncio.run(work())


SENT_NOW = INPUTS.replace("{", '{"now":"2020-01-01T00:00:00Z",', 1).encode()
ODD = [
    b'{"inputs":}', b'{"inputs":{}}}', b'{"inputs":{},"inputs":{}}', b'{"inputs":1,"x":2}', b'{"inputs":[}',
    b'{"inputs":nonsense}', b'{"inputs":{"a":"\xff"}}', b'{"inputs":"}', b'{"inputs":{"a":1} {"b":2}}',
    b'{"inputs":{"a":1},"b":{}}', b'{"inputs":\n}', b'{"inputs":{"a":1}', b'{"inputs": {}', b'{"inputs":  {"a":1}}',
    *(before + SENT_NOW + b"}" for before in (b'{"inputs":', b'{"inputs": ', b'{"inputs":  ', b'{"inputs":\n')),
    b' {"inputs":' + SENT_NOW + b"}",
]  # fmt: skip


@pytest.mark.parametrize("halted", [False, True])
@pytest.mark.parametrize("body", ODD)
def test_bodies_that_begin_like_one_are_answered_alike(body: bytes, halted: bool) -> None:
    """Nothing that is no JSON is decided on, or gets into the log, on either way."""

    async def work() -> None:
        said, logs = [], []
        for short in (False, True):
            logs.append(ReadLog())
            async with answering(short=short, log=logs[-1]) as (short_way, port):
                if halted:
                    short_way.service.deciding.in_force.refuse(Refusal("halted", "h-1"))
                whole = request(body=" " * len(body)).replace(b" " * len(body), body)
                said.append(alike((await answers(port, whole))[0]))
        assert said[0] == said[1]
        assert [len(log.records) for log in logs] in ([0, 0], [1, 1])
        for log in logs:
            assert all(json.loads(record["inputs"]) is not None for record in log.records)

    asyncio.run(work())


def test_requests_sent_together_are_answered_in_their_order() -> None:
    ids = [f"r{number}" for number in range(5)]
    sent = b"".join(request("/v1/decide/entry", BODY, "POST", f"X-Request-Id: {one}") for one in ids)

    async def work() -> None:
        async with answering(short=True, log=ReadLog()) as (_, port):
            assert [headers["X-Request-Id"] for _, headers, _ in await answers(port, sent, count=5)] == ids

    asyncio.run(work())


def test_what_is_answered_at_once_is_logged_and_counted_once() -> None:
    log = ReadLog()

    async def work() -> None:
        async with answering(short=True, log=log) as (short_way, port):
            (found,) = await answers(port, request())
            assert [record["decision"] for record in log.records] == [found[2]]
            assert dict(short_way.service.tally.answers) == {200: 1}

    asyncio.run(work())


class Slow(ReadLog):
    """A log that keeps what is offered once a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []
        self.asked = asyncio.Event()

    def when_durable(self, call: Callable[[], None]) -> None:
        self.waiting.append(call)
        self.asked.set()

    async def durable(self) -> None:
        done = asyncio.Event()
        self.when_durable(done.set)
        await done.wait()

    def keep(self) -> None:
        """Everything is kept."""
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            one()


@asynccontextmanager
async def holding(*sent: bytes) -> AsyncIterator[tuple[Counted, Slow, asyncio.Task[list[tuple[str, Any, Any]]]]]:
    """A service that holds the answer to the first of some requests."""
    log = Slow()
    async with answering(short=True, log=log, wait=True) as (short_way, port):
        waiting = asyncio.create_task(answers(port, sent[0], *sent[1:], count=len(sent), begun=log.asked))
        await log.asked.wait()
        yield short_way, log, waiting


def numbered(count: int) -> list[bytes]:
    return [request("/v1/decide/entry", BODY, "POST", f"X-Request-Id: r{number}") for number in range(count)]


def test_an_allow_that_must_be_kept_first_is_held_until_it_is() -> None:
    async def work() -> None:
        async with holding(request()) as (short_way, log, waiting):
            assert [record["decision"]["effect"] for record in log.records] == ["allow"]
            assert dict(short_way.service.tally.answers) == {}
            log.keep()
            assert [(status, body["effect"]) for status, _, body in await waiting] == [("HTTP/1.1 200 OK", "allow")]
            assert (short_way.taken, dict(short_way.service.tally.answers)) == (1, {200: 1})

    asyncio.run(work())


def test_what_arrives_while_an_answer_is_held_waits_for_it() -> None:
    async def work() -> None:
        async with holding(*numbered(4)) as (short_way, log, waiting):
            while not waiting.done():
                assert len(log.waiting) <= 1, "one answer is held on a connection at a time"
                log.keep()
                await asyncio.sleep(0)
            assert [headers["X-Request-Id"] for _, headers, _ in await waiting] == ["r0", "r1", "r2", "r3"]
            assert dict(short_way.service.tally.answers) == {200: 4}

    asyncio.run(work())


def test_an_answer_is_not_held_for_longer_than_a_policy_may_be_old() -> None:
    async def work() -> None:
        async with holding(request()) as (short_way, log, waiting):
            clocks = short_way.service.deciding.clocks
            short_way.service.deciding.clocks = Clocks(
                lambda: clocks.steady() + 2 * SECOND, clocks.now
            )  # held for a real one
            ((_, _, body),) = await waiting
            assert (body["effect"], body["outcome"]) == ("block", "BLOCKED_NO_POLICY")
            assert [record["decision"]["effect"] for record in log.records] == ["allow", "block"]

    asyncio.run(work())


def test_a_halt_while_an_answer_is_held_blocks_it() -> None:
    async def work() -> None:
        async with holding(request()) as (short_way, log, waiting):
            short_way.service.deciding.in_force.refuse(Refusal("halted", "h-1"))
            log.keep()
            ((_, _, body),) = await waiting
            assert (body["effect"], body["outcome"]) == ("block", "BLOCKED_NO_POLICY")

    asyncio.run(work())


def test_a_log_that_fills_up_meanwhile_takes_the_block_and_nothing_after_it() -> None:
    async def work() -> None:
        async with holding(*numbered(2)) as (short_way, log, waiting):
            short_way.service.deciding.in_force.refuse(Refusal("halted", "h-1"))
            log.is_full = True
            log.keep()
            found = await waiting
            assert [status for status, _, _ in found] == ["HTTP/1.1 200 OK", "HTTP/1.1 503 Service Unavailable"]
            assert [body["effect"] for _, _, body in found] == ["block", "block"]
            assert [record["decision"]["effect"] for record in log.records] == ["allow", "block"]

    asyncio.run(work())


BATCH = json.dumps({
    "requests": [
        {"policy": "open-position", "inputs": json.loads(example("close"))},
        {"policy": "entry", "inputs": json.loads(INPUTS)},
    ]
})  # fmt: skip


@pytest.mark.parametrize("full", [False, True])
def test_an_exit_asked_for_with_an_opening_hardly_waits_for_the_disk(full: bool) -> None:
    """The opening is blocked where the disk is slow, and where the log has filled up the exit is let through too."""

    async def work() -> None:
        log = Slow()
        async with answering(short=True, log=log, wait=True) as (short_way, port):
            in_force = short_way.service.deciding.in_force
            in_force.max_age_s = 3600.0
            waiting = asyncio.create_task(answers(port, request("/v1/decide", BATCH)))
            await log.asked.wait()
            log.is_full = full
            ((status, _, body),) = await waiting
            assert status == "HTTP/1.1 200 OK"
            assert [one["effect"] for one in body["decisions"]] == ["allow", "block"]
            assert body["decisions"][1]["reason"].startswith("log-full: ")

    asyncio.run(work())


def test_an_opening_that_is_not_on_the_disk_in_time_is_blocked_the_usual_way_too() -> None:
    async def work() -> None:
        log = Slow()
        async with answering(short=False, log=log, wait=True) as (short_way, port):
            short_way.service.deciding.in_force.max_age_s = 0.05
            ((_, _, body),) = await answers(port, request())
            assert (body["effect"], body["reason"].partition(":")[0]) == ("block", "log-full")

    asyncio.run(work())


def test_who_hangs_up_while_an_answer_is_held_gets_none() -> None:
    async def work() -> None:
        log = Slow()
        async with answering(short=True, log=log, wait=True) as (short_way, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request())
            await log.asked.wait()
            writer.close()
            await writer.wait_closed()
            assert (await answers_of_another(port))[0] == "HTTP/1.1 200 OK"
            log.keep()
            assert dict(short_way.service.tally.answers) == {200: 1}, "the one of the other connection"

    async def answers_of_another(port: int) -> tuple[str, dict[str, str], Any]:
        return (await answers(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))[0]

    asyncio.run(work())


def test_a_service_that_ends_gives_the_answers_that_it_holds() -> None:
    async def work() -> None:
        async with holding(request()) as (short_way, log, waiting):
            ending = asyncio.create_task(short_way.aclose())
            await asyncio.sleep(0)
            assert not ending.done()
            log.keep()
            await ending
            assert (await waiting)[0][0] == "HTTP/1.1 200 OK"

    asyncio.run(work())


def test_nothing_is_held_once_the_service_ends() -> None:
    async def work() -> None:
        log = ReadLog()
        async with answering(short=True, log=log, wait=True) as (short_way, port):
            await short_way.aclose()
            assert (await answers(port, request()))[0][2]["effect"] == "allow"
            assert short_way.taken == 0

    asyncio.run(work())
