"""What only a Redis has: a record that others read, roles, scripts, permissions, and several ways to get there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from redis.crc import key_slot

from adapters.stores.redis_urls import DEFAULT_KEY
from adapters.stores.urls import open_store
from engine.store import PolicyStore, StoreUnavailable
from tests.adapters.stores.loops import in_loop
from tests.adapters.stores.proxy import Proxy
from tests.adapters.stores.servers import Server, certificates, cluster_of_two, free_port, sentinel_of, silent_port
from tests.adapters.stores.test_contract import CONTENT, DIGEST

SECRET = "p%40ss/w:rd?#"  # noqa: S105  # of the tests' own servers
QUOTED = "p%2540ss%2Fw%3Ard%3F%23"
PERMISSIONS = (
    "+@connection +hgetall +time +role +get +set +eval +evalsha +info +hget +hlen +hset +hdel +xadd "
    f"+xrevrange ~{DEFAULT_KEY} ~{{{DEFAULT_KEY}}}:*"
)


@pytest.fixture(params=("valkey", "redis"))
def guarded(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that wants a password."""
    with Server(request.param, "--requirepass", SECRET, password=SECRET) as server:
        yield server


async def all_of_it(store: PolicyStore) -> None:
    """Everything that a store does."""
    await store.keep(DIGEST, CONTENT)
    await store.keep(DIGEST, CONTENT)
    assert await store.bundle(DIGEST) == CONTENT
    await store.swap({"note": None}, {"revision": "1", "digest": DIGEST, "note": "x"}, "publish")
    await store.swap({"note": "x"}, {"note": None}, "forget")
    reading = await store.read()
    assert dict(reading.fields) == {"revision": "1", "digest": DIGEST}
    assert reading.primary
    assert [one.fields["change"] for one in await store.changes(10)] == ["forget", "publish"]


@in_loop
async def test_the_universe_is_where_the_other_systems_look_for_it(server: Server) -> None:
    async with aclosing(open_store(server.url, {})) as store:
        assert store.name == "quantum:policy:current"
        await store.swap({}, {"revision": "1", "universe_symbols": '["BTC", "ETH"]'}, "publish")
        assert json.loads(server.do("HGET", "quantum:policy:current", "universe_symbols")) == ["BTC", "ETH"]
        server.do("HSET", "quantum:policy:current", "universe_symbols", '["BTC"]')
        assert (await store.read()).fields["universe_symbols"] == '["BTC"]'


@in_loop
async def test_every_key_is_named_with_the_key_of_the_record_and_in_its_slot(server: Server) -> None:
    for url, key in ((server.url, DEFAULT_KEY), (f"{server.url}/0?key=desk%3Apolicy", "desk:policy")):
        server.do("FLUSHALL")
        async with aclosing(open_store(url, {})) as store:
            await all_of_it(store)
        keys = sorted(server.do("KEYS", "*"))
        assert keys == sorted([key.encode(), f"{{{key}}}:bundle:{DIGEST}".encode(), f"{{{key}}}:changes".encode()])
        assert len({key_slot(one) for one in keys}) == 1


@in_loop
async def test_the_database_of_the_url_is_used(server: Server) -> None:
    for url in (f"{server.url}/3", f"{server.unix_url}?db=3"):
        server.do("FLUSHALL")
        async with aclosing(open_store(url, {})) as store:
            await store.swap({}, {"revision": "1"}, "publish")
        assert server.do("EXISTS", DEFAULT_KEY) == 0
        assert "db3" in str(server.do("INFO", "keyspace"))


@in_loop
async def test_a_read_is_one_round_trip(server: Server) -> None:
    async with Proxy(server.port) as proxy, aclosing(open_store(proxy.url, {})) as store:
        await store.swap({}, {"revision": "1", "note": "x" * 10_000}, "publish")
        before = proxy.questions
        for _ in range(5):
            await store.read()
        assert proxy.questions - before == 5
        assert proxy.connections == 1


@in_loop
async def test_a_server_that_forgot_the_script_is_told_it_again(server: Server) -> None:
    async with aclosing(open_store(server.url, {})) as store:
        for number in range(3):
            server.do("SCRIPT", "FLUSH")
            await store.swap({}, {"revision": str(number)}, "publish")
        assert len(await store.changes(10)) == 3


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@in_loop
async def test_the_list_of_changes_is_kept_short(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.stores.redis.KEPT_CHANGES", 10)
    with Server(kind, "--stream-node-max-entries", "10") as server:
        async with aclosing(open_store(server.url, {})) as store:
            for number in range(50):
                await store.swap({}, {"revision": str(number)}, "publish")
            found = await store.changes(1000)
            assert 10 <= len(found) <= 30
            assert found[0].fields["revision"] == "49"


@in_loop
async def test_more_fields_than_a_script_takes_are_refused_before_they_are_sent(server: Server) -> None:
    async with aclosing(open_store(server.url, {})) as store:
        many = {f"f{number}": "x" for number in range(1000)}
        await store.swap({}, many, "publish")
        with pytest.raises(ValueError, match="at most 1000"):
            await store.swap({}, {**many, "one": "more"}, "publish")


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@pytest.mark.parametrize("takes_writes", ["yes", "no"])
@in_loop
async def test_a_replica_is_no_primary_and_takes_no_policy(kind: str, takes_writes: str) -> None:
    with Server(kind, "--repl-diskless-sync-delay", "0") as primary:
        primary.do("HSET", DEFAULT_KEY, "revision", "1")
        read_only = "no" if takes_writes == "yes" else "yes"
        with Server(kind, "--replicaof", f"127.0.0.1 {primary.port}", "--replica-read-only", read_only) as replica:
            replica.until(("INFO", "replication"), "'master_link_status': 'up'")
            async with aclosing(open_store(replica.url, {})) as store:
                reading = await store.read()
                assert dict(reading.fields) == {"revision": "1"}
                assert not reading.primary
                with pytest.raises(StoreUnavailable, match="it is a replica: name the primary"):
                    await store.swap({}, {"revision": "2"}, "publish")
                assert dict((await store.read()).fields) == {"revision": "1"}


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@in_loop
async def test_a_primary_that_is_demoted_is_one_no_longer(kind: str) -> None:
    with Server(kind) as server:
        async with aclosing(open_store(server.url, {})) as store:
            await store.swap({}, {"revision": "1"}, "publish")
            assert (await store.read()).primary
            server.do("REPLICAOF", "127.0.0.1", free_port())
            assert not (await store.read()).primary
            with pytest.raises(StoreUnavailable, match="it is a replica"):
                await store.swap({}, {"revision": "2"}, "publish")
            server.do("REPLICAOF", "NO", "ONE")
            reading = await store.read()
            assert reading.primary
            assert dict(reading.fields) == {"revision": "1"}


@pytest.mark.parametrize("look", [0, 1])
@in_loop
async def test_a_server_that_is_demoted_while_it_is_read_is_no_primary(server: Server, look: int) -> None:
    def demoted(answer: bytes) -> bytes:
        parts = answer.split(b"$6\r\nmaster")
        assert len(parts) == 3
        roles = [b"$6\r\nmaster", b"$6\r\nmaster"]
        roles[look] = b"$5\r\nslave"
        return parts[0] + roles[0] + parts[1] + roles[1] + parts[2]

    async with Proxy(server.port) as proxy, aclosing(open_store(proxy.url, {})) as store:
        assert (await store.read()).primary
        proxy.edit = demoted
        assert not (await store.read()).primary


@in_loop
async def test_a_password_is_taken_from_the_url_or_the_environment(guarded: Server) -> None:
    at = f"127.0.0.1:{guarded.port}"
    ways = [(f"redis://:{QUOTED}@{at}", {}), (f"redis://{at}", {"BASCULE_STORE_PASSWORD": SECRET})]
    ways += [(f"redis://default:{QUOTED}@{at}", {"BASCULE_STORE_PASSWORD": "another"})]
    ways += [(f"unix://default@{guarded.socket}", {"BASCULE_STORE_PASSWORD": SECRET})]
    for url, environment in ways:
        guarded.do("FLUSHALL")
        async with aclosing(open_store(url, environment)) as store:
            await all_of_it(store)


@in_loop
async def test_no_message_says_a_password(guarded: Server) -> None:
    at = f"127.0.0.1:{guarded.port}"
    said = []
    for url, environment in (
        (f"redis://:wr0ng@{at}", {}),
        (f"redis://someone:wr0ng@{at}", {}),
        (f"redis://{at}", {"BASCULE_STORE_PASSWORD": "wr0ng"}),
        (f"redis://:wr0ng@127.0.0.1:{free_port()}", {}),
        (f"redis+sentinel://:wr0ng@127.0.0.1:{free_port()}/desk", {"BASCULE_SENTINEL_PASSWORD": "wr0ng"}),
        (f"redis+sentinel://:wr0ng@{at}/desk", {"BASCULE_SENTINEL_PASSWORD": "wr0ng"}),
        (f"redis+cluster://:wr0ng@{at}", {}),
    ):
        async with aclosing(open_store(url, environment)) as store:
            for ask in (store.read, lambda store=store: store.swap({}, {"revision": "1"}, "publish")):
                with pytest.raises(StoreUnavailable) as raised:
                    await ask()
                said.append(str(raised.value))
            assert "wr0ng" not in repr(store)
    assert "BASCULE_STORE_PASSWORD" in said[0]
    assert not [one for one in said if "wr0ng" in one]
    async with aclosing(open_store(f"redis://{at}", {})) as store:
        with pytest.raises(StoreUnavailable, match="put it into BASCULE_STORE_PASSWORD"):
            await store.read()


@in_loop
async def test_the_permissions_that_are_asked_for_are_enough(server: Server) -> None:
    server.do("ACL", "SETUSER", "desk", "reset", "on", ">word", *PERMISSIONS.split())
    try:
        async with aclosing(open_store(f"redis://desk:word@127.0.0.1:{server.port}", {})) as store:
            server.do("SCRIPT", "FLUSH")
            await all_of_it(store)
            server.do("ACL", "SETUSER", "desk", "-role")
            with pytest.raises(StoreUnavailable, match="lacks a permission"):
                await store.read()
    finally:
        server.do("ACL", "DELUSER", "desk")


@in_loop
async def test_tls_checks_who_answers(tmp_path: Path) -> None:
    given = certificates(tmp_path)
    files = ("--tls-cert-file", str(given.certificate), "--tls-key-file", str(given.key))
    port = free_port()
    # The wheel's Valkey is built without TLS.
    with Server("redis", "--tls-port", str(port), *files, "--tls-auth-clients", "no"):
        trusted = f"?ssl_ca_certs={given.authority}"
        async with aclosing(open_store(f"rediss://127.0.0.1:{port}{trusted}", {})) as store:
            await all_of_it(store)
        for url in (f"rediss://127.0.0.1:{port}", f"rediss://localhost:{port}{trusted}", f"redis://127.0.0.1:{port}"):
            async with aclosing(open_store(url, {})) as store:
                with pytest.raises(StoreUnavailable, match=r"certificate|losed|reset"):
                    await store.read()


@in_loop
async def test_tls_with_a_server_that_hangs_ends_in_time(tmp_path: Path) -> None:
    given = certificates(tmp_path)
    files = ("--tls-cert-file", str(given.certificate), "--tls-key-file", str(given.key))
    port = free_port()
    with Server("redis", "--tls-port", str(port), *files, "--tls-auth-clients", "no") as server:
        async with aclosing(open_store(f"rediss://127.0.0.1:{port}?ssl_ca_certs={given.authority}", {}, 0.3)) as store:
            await store.read()
            server.pause()
            with pytest.raises(StoreUnavailable, match="no answer within"):
                await store.read()
            server.resume()
            assert (await store.read()).primary


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@in_loop
async def test_sentinel_names_the_primary(kind: str) -> None:
    wants = ("--requirepass", SECRET)
    with (
        Server(kind) as primary,
        silent_port() as silent,  # sentinels that are down or hang do not hide the others
        sentinel_of(primary.port, kind, "desk", *wants, password=SECRET) as sentinel,
    ):
        url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{silent},127.0.0.1:{sentinel.port}"
        environment = {"BASCULE_SENTINEL_PASSWORD": SECRET}
        async with aclosing(open_store(f"{url}/desk/2?key=k", environment, timeout=2)) as store:
            assert store.name == "k"
            await store.swap({}, {"revision": "1"}, "publish")
            assert "db2" in str(primary.do("INFO", "keyspace"))
            primary.restart(with_data=True)
            with pytest.raises(StoreUnavailable, match="closed"):
                await store.read()
            assert dict((await store.read()).fields) == {"revision": "1"}
        async with aclosing(open_store(f"{url}/other", environment, timeout=2)) as store:
            with pytest.raises(StoreUnavailable, match="no sentinel that answered knows"):
                await store.read()


@in_loop
async def test_sentinel_and_the_primary_it_names_are_reached_over_tls(tmp_path: Path) -> None:
    given = certificates(tmp_path)
    options = ["--tls-cert-file", str(given.certificate), "--tls-key-file", str(given.key), "--tls-auth-clients", "no"]
    options += ["--tls-replication", "yes", "--tls-ca-cert-file", str(given.authority)]
    there, watching = free_port(), free_port()
    with (
        Server("redis", "--tls-port", str(there), *options),
        sentinel_of(there, "redis", "desk", "--tls-port", str(watching), *options),
    ):
        url = f"rediss+sentinel://127.0.0.1:{watching}/desk"
        async with aclosing(open_store(f"{url}?ssl_ca_certs={given.authority}", {})) as store:
            await all_of_it(store)
        async with aclosing(open_store(url, {})) as store:
            with pytest.raises(StoreUnavailable, match="no sentinel that answered"):
                await store.read()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@in_loop
async def test_sentinel_is_asked_anew_where_the_primary_is_one_no_longer(kind: str) -> None:
    with Server(kind) as old, Server(kind) as new, sentinel_of(old.port, kind, "desk") as sentinel:
        async with aclosing(open_store(f"redis+sentinel://127.0.0.1:{sentinel.port}/desk", {})) as store:
            await store.swap({}, {"revision": "1"}, "publish")
            old.do("REPLICAOF", "127.0.0.1", new.port)
            new.do("HSET", DEFAULT_KEY, "revision", "2")
            sentinel.do("SENTINEL", "REMOVE", "desk")
            sentinel.do("SENTINEL", "MONITOR", "desk", "127.0.0.1", new.port, 1)
            assert not (await store.read()).primary  # the connection was still to the old one
            reading = await store.read()
            assert reading.primary
            assert dict(reading.fields) == {"revision": "2"}


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@in_loop
async def test_in_a_cluster_the_node_that_serves_the_slot_is_asked(kind: str) -> None:
    with cluster_of_two(kind) as (owner, other), silent_port() as silent:
        nobody = free_port()
        url = f"redis+cluster://127.0.0.1:{nobody},127.0.0.1:{silent},127.0.0.1:{other.port}"
        async with aclosing(open_store(url, {}, timeout=2)) as store:
            await asyncio.gather(*(store.read() for _ in range(5)))
            await all_of_it(store)
            assert owner.do("HGET", DEFAULT_KEY, "revision") == b"1"
        async with aclosing(open_store(f"redis://127.0.0.1:{other.port}", {})) as store:
            for ask in (store.read, lambda: store.swap({}, {"revision": "2"}, "publish")):
                with pytest.raises(StoreUnavailable, match=r"MOVED.*use redis\+cluster://"):
                    await ask()
        async with aclosing(open_store(f"redis+cluster://127.0.0.1:{nobody}", {})) as store:
            with pytest.raises(StoreUnavailable, match=f"no node of the cluster told who.*:{nobody}"):
                await store.read()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@in_loop
async def test_in_a_cluster_a_slot_that_has_moved_is_found_by_the_next_call(kind: str) -> None:
    with cluster_of_two(kind) as (owner, other):
        async with aclosing(open_store(f"redis+cluster://127.0.0.1:{owner.port}", {})) as store:
            assert dict((await store.read()).fields) == {}
            slot = key_slot(DEFAULT_KEY.encode())
            there = other.do("CLUSTER", "MYID")
            for node in (other, owner):
                node.do("CLUSTER", "SETSLOT", slot, "NODE", there)
            other.do("HSET", DEFAULT_KEY, "revision", "7")
            with pytest.raises(StoreUnavailable, match="MOVED"):
                await store.read()
            assert dict((await store.read()).fields) == {"revision": "7"}
