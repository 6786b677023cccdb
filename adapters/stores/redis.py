"""A policy store in a Redis or Valkey: one hash, which others read too; bundles and changes under the same hash tag.

Rules kept here:

- the record is read in one atomic command, between two looks at the server's role, in one round trip (and not in a
  transaction, which a Redis whose memory is full refuses even where it only reads);
- each answer is shown to be the one to its own question, by an echo: an answer that comes late is never taken for a
  later one, whatever the client's library does with the connection;
- a call ends within the time-out, and is tried once; after a fault idle connections are dropped, and the next call
  connects anew;
- a write is one script: it expects, writes the change, then the record, and only on a server that is the primary.

The user needs `+@connection +hgetall +time +role +get +set +eval +evalsha +info +hget +hlen +hset +hdel +xadd
+xrevrange` on the keys `<key>` and `{<key>}:*`, and `+cluster|slots` in a cluster. A store belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from adapters.stores.redis_faults import MAY_BE_WRITTEN, NoText, explained, written_nothing
from adapters.stores.redis_servers import Servers
from adapters.stores.redis_urls import TIMEOUT
from adapters.stores.writes import (
    KEPT_CHANGES,
    check_expected,
    check_kept,
    check_writable,
    digits_of,
    not_a_digest,
)
from engine.store import Change, Conflict, Reading, StoreUnavailable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# KEYS: the record, the changes. ARGV: the kind of change, how many changes to keep, how many fields are expected; then
# for each field expected, and each field written: name, whether it is there ('1' or '0'), text.
#
# A script that fails half-way has written its first half. So the entry of the list of changes is written first: it is
# the write that lack of memory, of replicas or of a stream under its key can refuse; past it, and with the record known
# to be a hash, nothing can.
SWAP = """
local role = string.match(redis.call('INFO', 'replication'), 'role:(%a+)')
if role ~= 'master' then
  return redis.error_reply('READONLY the role of this server is ' .. tostring(role))
end
local first_written = 4 + 3 * tonumber(ARGV[3])
local as_expected = true
for i = 4, first_written - 1, 3 do
  local found = redis.call('HGET', KEYS[1], ARGV[i])
  if ARGV[i + 1] == '1' then
    as_expected = as_expected and found == ARGV[i + 2]
  else
    as_expected = as_expected and not found
  end
end
if as_expected then
  redis.call('HLEN', KEYS[1])  -- refuses what is no hash, where no field of it was expected
  local entry = {'change', ARGV[1]}
  for i = first_written, #ARGV, 3 do
    if ARGV[i + 1] == '1' then
      table.insert(entry, ARGV[i])
      table.insert(entry, ARGV[i + 2])
    end
  end
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', unpack(entry))
  for i = first_written, #ARGV, 3 do
    if ARGV[i + 1] == '1' then
      redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    else
      redis.call('HDEL', KEYS[1], ARGV[i])
    end
  end
end
return {as_expected and 1 or 0, redis.call('HGETALL', KEYS[1]), redis.call('TIME')}
"""
SWAP_SHA = hashlib.sha1(SWAP.encode(), usedforsecurity=False).hexdigest()
MOST_FIELDS = 1000
"""That one swap writes: Lua hands over some thousand values at a time."""


class RedisStore:
    """The store in a Redis; `shown` is where it is, without a password."""

    def __init__(self, servers: Servers, key: str, shown: str, timeout: float = TIMEOUT) -> None:
        self._servers, self._shown, self._timeout = servers, shown, timeout
        self._key = key
        self._changes = f"{{{key}}}:changes"
        self._readers = f"{{{key}}}:readers"
        self._numbers = count(1)
        self._open = True

    @property
    def name(self) -> str:
        """What the store calls the record: its key, which is the same by whatever way it is reached."""
        return self._key

    async def read(self) -> Reading:
        """The record in force, with the server's clock and whether it is the primary."""
        asked = (("ROLE",), ("HGETALL", self._key), ("TIME",), ("ROLE",))
        async with self._asking() as client:
            (before, *_), record, clock, (after, *_) = await self._answers(client, *asked)
            reading = Reading(_texts(record), _instant(*clock), primary=before == after == b"master")
        if not reading.primary:
            await self._servers.forget()
        return reading

    async def bundle(self, digest: str) -> bytes | None:
        """The bundle kept under a digest."""
        if digits_of(digest) is None:
            return None
        async with self._asking() as client:
            (found,) = await self._answers(client, ("GET", self._bundle_key(digest)))
        content: bytes | None = found
        return content

    async def keep(self, digest: str, content: bytes) -> None:
        """Keep a bundle. Raises `Conflict`."""
        if digits_of(digest) is None:
            raise not_a_digest(digest)
        key = self._bundle_key(digest)
        async with self._asking(writes=True) as client:
            _, found = await self._answers(client, ("SET", key, content, "NX"), ("GET", key))
        if found is None:
            raise StoreUnavailable(f"{self._shown}: {digest} was there, and is gone: does something remove keys there?")
        check_kept(digest, found, content)

    async def swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        """Write fields of the record where it is still as expected. Raises `Conflict`."""
        check_writable(fields, change)
        if len(fields) > MOST_FIELDS:
            raise ValueError(f"{len(fields)} fields: at most {MOST_FIELDS} are written at a time")
        told: tuple[str | int, ...] = (change, KEPT_CHANGES, len(expected), *_triples(expected), *_triples(fields))
        given = (2, self._key, self._changes, *told)
        async with self._asking(writes=True) as client:
            try:
                (answer,) = await self._answers(client, ("EVALSHA", SWAP_SHA, *given))
            except NoScriptError:
                (answer,) = await self._answers(client, ("EVAL", SWAP, *given))
            written, pairs, clock = answer
            flat = iter(pairs)
            reading = Reading(_texts(dict(zip(flat, flat, strict=True))), _instant(*clock), primary=True)
        if not written:
            check_expected(reading.fields, expected)
            raise Conflict("the record is not as expected: read it again, and decide anew")
        return reading

    async def changes(self, most: int, before: str | None = None) -> Sequence[Change]:
        """The latest changes, newest first, or those before one."""
        if most <= 0:
            return []
        last = "+" if before is None else _before(before)
        async with self._asking() as client:
            (entries,) = await self._answers(client, ("XREVRANGE", self._changes, last, "-", "COUNT", most))
            return [_change(number.decode(), fields) for number, fields in entries]

    async def report(self, reader: str, word: str | None) -> None:
        """Leave a reader's word of how far it is."""
        told = ("HDEL", self._readers, reader) if word is None else ("HSET", self._readers, reader, word)
        async with self._asking(writes=True) as client:
            await self._answers(client, told)

    async def reports(self) -> Mapping[str, str]:
        """The last word of each reader."""
        async with self._asking() as client:
            (found,) = await self._answers(client, ("HGETALL", self._readers))
            return _texts(found)

    async def aclose(self) -> None:
        """Let go of connections."""
        self._open = False
        await self._servers.aclose()

    @asynccontextmanager
    async def _asking(self, *, writes: bool = False) -> AsyncIterator[Redis]:
        """The client, for as long as a call may take; whatever goes wrong becomes `StoreUnavailable`."""
        if not self._open:
            raise StoreUnavailable(f"the store at {self._shown} was closed: open it again")
        try:
            async with asyncio.timeout(self._timeout):
                yield await self._servers.client()
        except Exception as error:  # what a server answers may make the library raise anything
            await self._servers.forget()
            doubt = f"; {MAY_BE_WRITTEN}" if writes and not written_nothing(error) else ""
            raise StoreUnavailable(f"{self._shown}: {explained(error, self._timeout)}{doubt}") from error

    async def _answers(self, client: Redis, *commands: tuple[str | bytes | int, ...]) -> list[Any]:
        """What the server answers to commands, in one round trip; raises the first of them that is an error."""
        number = str(next(self._numbers)).encode()
        asked = client.pipeline(transaction=False)
        for command in (*commands, ("ECHO", number)):
            asked.execute_command(*command)
        *answers, echo = await asked.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        if isinstance(echo, RedisError):  # not as it is: the error of an echo does not say that nothing was written
            raise RedisError(f"{echo.status_code or ''} ECHO: {echo}")
        if echo != number:
            raise ValueError(f"{str(answers)[:100]} is no answer to question {number.decode()}")
        return answers

    def _bundle_key(self, digest: str) -> str:
        return f"{{{self._key}}}:bundle:{digest}"


def _triples(fields: Mapping[str, str | None]) -> list[str]:
    return [part for name, text in fields.items() for part in (name, "0" if text is None else "1", text or "")]


def _change(number: str, fields: Mapping[bytes, bytes]) -> Change:
    return Change(number, EPOCH + timedelta(milliseconds=int(number.partition("-")[0])), _texts(fields))


def _before(number: str) -> str:
    """The greatest number of an entry before another; servers before Redis 6.2 know no end that is left out."""
    millis, _, nth = number.partition("-")
    return f"{millis}-{int(nth) - 1}" if int(nth) else str(int(millis) - 1)  # without a second part it is the last


def _texts(found: Mapping[bytes, bytes]) -> dict[str, str]:
    """Fields as texts; a field that is none makes the record unreadable, and is named."""
    texts: dict[str, str] = {}
    for name, text in found.items():
        try:
            texts[name.decode()] = text.decode()
        except UnicodeDecodeError:
            raise NoText(f"the field `{name.decode(errors='replace')}` is no text in UTF-8: write it anew") from None
    return texts


def _instant(seconds: bytes | int, micros: bytes | int) -> datetime:
    return EPOCH + timedelta(seconds=int(seconds), microseconds=int(micros))
