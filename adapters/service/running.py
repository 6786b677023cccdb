"""Starting the service: its parts put together from what the command was told."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from adapters.service.auth import Token, read_tokens
from adapters.service.compiling import compiled
from adapters.service.following import Follower, Pace
from adapters.service.listening import tls
from adapters.service.memory import Memory, remembered_at
from adapters.service.supervisor import Supervisor, listening
from adapters.service.worker import Settings
from adapters.stores.urls import open_store
from engine.published import Trust

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Misconfigured(ValueError):
    """The service may not be started as it was asked to be; says what to say instead."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the service is told."""

    store: str
    trust: Trust
    host: str = "127.0.0.1"
    port: int = 8181
    workers: int = 1
    state: Path | None = None
    """Where it remembers what it has seen; None: where the service manager or the user's system says."""
    max_age_s: float = 1.0
    every_s: float = 0.1
    patience_s: float = 0.5
    tokens: Path | None = None
    decision_log: Path | None = None
    log_sync: bool = False
    log_limit: int = 64 * 1024 * 1024
    certificate: Path | None = None
    key: Path | None = None
    body: int = 1024 * 1024
    seconds: float = 5.0
    connections: int = 1000
    batch: int = 100
    grace_s: float = 10.0


def check(options: Options) -> None:
    """Refuse what would not be safe, or could not work. Raises `Misconfigured`."""
    if options.tokens is None and options.host not in LOOPBACK:
        raise Misconfigured(
            f"without tokens the service listens on this machine alone, and `{options.host}` was asked for: "
            "give --tokens FILE, or --host 127.0.0.1"
        )
    if (options.certificate is None) != (options.key is None):
        raise Misconfigured("--tls-cert and --tls-key are given together")
    if options.patience_s + options.every_s >= options.max_age_s:
        raise Misconfigured(
            f"one read that is not answered takes {options.patience_s + options.every_s:g}s, and a policy may be "
            f"{options.max_age_s:g}s old: every such read would block; raise --max-age or lower --store-timeout"
        )
    if options.log_sync and options.decision_log is None:
        raise Misconfigured("--log-sync is about the decision log: give --decision-log DIR")
    if options.decision_log is not None:
        _may_be_written_to(options.decision_log)
    try:
        tls(_text(options.certificate), _text(options.key))
    except OSError as error:
        told = f"`{options.certificate}` and `{options.key}` make no TLS: {(error.strerror or str(error)).lower()}"
        raise Misconfigured(f"{told}: give a chain of certificates and its private key, without a passphrase") from None


def _may_be_written_to(folder: Path) -> None:
    """Make the folder of the log. Raises `Misconfigured` where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Misconfigured(
            f"the decision log cannot be written to `{folder}` ({why}): give --decision-log a folder that can"
        ) from None


async def run(options: Options, environment: Mapping[str, str], on_listening: Callable[[str], None]) -> None:
    """Serve until asked to end. `on_listening` is told the address. Raises as `check` does, `NoTokens`, and OSError."""
    check(options)
    tokens = () if options.tokens is None else read_tokens(options.tokens)
    store = open_store(options.store, environment, options.patience_s)
    memory = Memory(remembered_at(environment, options.store, options.trust, options.state))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.aclose)
        sock = stack.enter_context(listening(options.host, options.port))
        supervisor = Supervisor(settings_of(options, tokens), sock, options.workers)
        pace = Pace(options.every_s, options.patience_s, options.max_age_s)
        follower = Follower(store, options.trust, memory, compiled, supervisor.say, pace)
        on_listening(address_of(sock, tls=options.certificate is not None))
        await supervisor.run(follower)


def settings_of(options: Options, tokens: tuple[Token, ...]) -> Settings:
    """What the workers are told."""
    return Settings(
        listening=-1,
        line=-1,
        max_age_s=options.max_age_s,
        tokens=tokens,
        log_folder=_text(options.decision_log),
        log_sync=options.log_sync,
        log_limit=options.log_limit,
        certificate=_text(options.certificate),
        key=_text(options.key),
        body=options.body,
        seconds=options.seconds,
        connections=options.connections,
        batch=options.batch,
        grace_s=options.grace_s,
        store=options.store,
        trusted=dict(options.trust.keys),
        four_eyes=options.trust.four_eyes,
        trust_name=options.trust.name,
    )


def address_of(sock: socket.socket, *, tls: bool) -> str:
    """The URL of a socket that listens."""
    host, port = sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())


def start(options: Options, on_listening: Callable[[str], None]) -> None:
    """Serve in this process until it is asked to end."""
    asyncio.run(run(options, os.environ, on_listening))
