"""The yardstick: an aiohttp server that answers constant bytes, set up as ours is.

The same `web.Application` with the same catch-all pattern of a path, an `AppRunner` without access log, one socket with
the same backlog, uvloop. No middleware. The handler looks at nothing: not at the method, the path's variable, a header
or the body, which it neither reads nor parses (aiohttp has parsed the head and holds the body in memory, as it does for
ours); it makes a `web.Response` of the constant body with its content type, which aiohttp writes with date and server.

`python -m benchmarks.serving.constant` takes the body from standard input and prints the port that the system chose.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

import uvloop
from aiohttp import web


async def serve(body: bytes) -> None:
    """Answer until asked to end."""

    async def constant(request: web.Request) -> web.Response:
        del request
        return web.Response(body=body, headers={"Content-Type": "application/json"})

    application = web.Application()
    application.router.add_route("*", "/v1/decide/{policy}", constant)
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    await web.SockSite(runner, listening, backlog=1024).start()
    print(listening.getsockname()[1], flush=True)
    await ending.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve(sys.stdin.buffer.read()))
