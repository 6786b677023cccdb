"""The short way answers as the usual way does, and leaves to it what it cannot answer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

import pytest
from aiohttp import web

from adapters.service.app import Limits, Service
from adapters.service.at_once import shortened
from adapters.service.auth import Auth
from tests.adapters.service.desk import ReadLog, desk, example

INPUTS = example("entry").decode()
BODY = f'{{"inputs":{INPUTS}}}'


class Counted(Service):
    """Counts what was answered at once."""

    at_once_count = 0

    def at_once(self, *given: Any) -> bytes | None:
        self.asked.set()
        found = super().at_once(*given)
        self.at_once_count += found is not None
        return found

    @cached_property
    def asked(self) -> asyncio.Event:
        """Set once a request has begun to arrive."""
        return asyncio.Event()


@asynccontextmanager
async def answering(*, short: bool, log: ReadLog, wait: bool = False) -> AsyncIterator[tuple[Counted, int]]:
    deciding = desk().deciding
    deciding.log = log
    service = Counted(deciding, Auth(()), log, Limits(body=8192), wait=wait)
    runner = web.AppRunner(service.application(), access_log=None)
    await runner.setup()
    accepted = runner.server
    assert accepted is not None
    listener = await asyncio.get_running_loop().create_server(
        (lambda: shortened(accepted(), service)) if short else accepted, "127.0.0.1", 0
    )
    try:
        yield service, listener.sockets[0].getsockname()[1]
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
            async with answering(short=short, log=ReadLog()) as (service, port):
                begun = service.asked if short and len(parts) > 1 else None
                said.append(alike((await answers(port, *parts, begun=begun))[0]))
                assert service.at_once_count == (at_once and short)
        assert said[0] == said[1]

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
        async with answering(short=True, log=log) as (service, port):
            (found,) = await answers(port, request())
            assert [record["decision"] for record in log.records] == [found[2]]
            assert dict(service.tally.answers) == {200: 1}

    asyncio.run(work())


def test_an_allow_that_must_be_kept_first_is_waited_for() -> None:
    class Waited(ReadLog):
        waits = 0

        async def durable(self) -> None:
            self.waits += 1

    log = Waited()

    async def work() -> None:
        async with answering(short=True, log=log, wait=True) as (service, port):
            assert (await answers(port, request()))[0][2]["effect"] == "allow"
            assert (service.at_once_count, log.waits) == (0, 1)

    asyncio.run(work())
