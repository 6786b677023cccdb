"""One worker: a process that answers HTTP on a socket it was given, with what the supervisor says is in force.

It is started by the supervisor as `python -m adapters.service.worker`, with its settings on standard input: what the
supervisor has read holds for every worker, however late it is started. It ends when it is asked to (SIGTERM), or when
the supervisor is gone: first the answers that are under way, then the log.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import web

from adapters.publishing.keys import verify
from adapters.service import openapi
from adapters.service.admin import Administration
from adapters.service.app import Limits, Log, Service
from adapters.service.auth import Auth, Token
from adapters.service.connections import IDLE_S, Bounds, within_files
from adapters.service.deciding import Deciding
from adapters.service.decision_log import DecisionLog, NoLog
from adapters.service.in_force import InForce
from adapters.service.listening import Listener, tls
from adapters.service.messages import Counts, Line
from adapters.service.obeying import Obeying
from adapters.stores.urls import open_store
from engine.published import Trust, TrustedKey

COUNTS_EVERY_S = 0.5


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a worker is told when it starts. The sockets are descriptors that it inherits."""

    listening: int
    line: int
    max_age_s: float
    tokens: tuple[Token, ...]
    log_folder: str | None
    log_sync: bool
    log_limit: int
    certificate: str | None
    key: str | None
    body: int
    seconds: float
    connections: int
    batch: int
    grace_s: float
    store: str
    trusted: dict[str, TrustedKey]
    four_eyes: bool
    trust_name: str

    def trust(self) -> Trust:
        """Whose signatures count."""
        return Trust(self.trusted, self.four_eyes, verify, self.trust_name)


async def serve(settings: Settings) -> None:
    """Answer until asked to end, or left alone."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=settings.line))
    line = Line(reader, writer)
    in_force = InForce(settings.max_age_s)
    folder = None if settings.log_folder is None else Path(settings.log_folder)
    log: Log = NoLog() if folder is None else DecisionLog(folder, sync=settings.log_sync, limit=settings.log_limit)
    limits = Limits(settings.body, settings.seconds, settings.batch)
    service = Service(Deciding(in_force, log), Auth(settings.tokens), log, limits, wait=settings.log_sync)

    def heard(counts: Counts) -> None:
        service.others = counts

    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    obeying = asyncio.create_task(Obeying(in_force, line, heard).run())
    obeying.add_done_callback(lambda _: ending.set())
    telling = asyncio.create_task(_tell_counts(service, line))
    store = partial(open_store, settings.store, os.environ)
    administration = Administration(service, store, settings.trust(), log=folder)
    bounds = Bounds(
        within_files(settings.connections), head_s=settings.seconds, idle_s=max(IDLE_S, 2 * settings.max_age_s)
    )
    listener = Listener(service, whole(service, administration), bounds, settings.grace_s)
    await listener.open(socket.socket(fileno=settings.listening), tls(settings.certificate, settings.key))
    await ending.wait()
    telling.cancel()
    await listener.aclose()
    await administration.aclose()
    await log.aclose()
    obeying.cancel()


def whole(service: Service, administration: Administration) -> web.Application:
    """The application with every way there is, each of which its own document tells."""
    ways = {**service.ways(), **administration.ways()}
    return service.application({**ways, **openapi.ways(service, ways)})


async def _tell_counts(service: Service, line: Line) -> None:
    """Tell the supervisor what was counted, again and again."""
    while True:
        line.send(service.counts())
        await asyncio.sleep(COUNTS_EVERY_S)


def main() -> int:
    """Run a worker."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s worker %(process)d: %(message)s")
    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=Settings)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(settings))
    return 0


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop: uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
