"""What every store does, whoever keeps it: one suite, over each of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from engine.store import Conflict, PolicyStore, Reading, StoreUnavailable
from tests.adapters.stores.conftest import Kept
from tests.adapters.stores.loops import in_loop

CONTENT = b'{"name":"\xc3\xbc"}\x00\r\n\xff'
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
NEAR = timedelta(seconds=5)
TEXTS = {
    "empty": "",
    "spaces": "  \t",
    "lines": "one\r\ntwo\n",
    "zero": "a\0b",
    "quotes": "\"'`\\ {} [] $1 %s",
    "accents": "ß é ü Ελλάδα 東京",
    "beyond": "🏛️ 𐍈",
    "not characters": "\ufeff\uffff\u2028\u202e",
    "protocol": "*1\r\n$4\r\nPING\r\n",
    "long": "é" * 100_000,
}


async def read(kept: Kept) -> Mapping[str, str]:
    """The fields, by a store that has just been opened."""
    async with aclosing(kept.open()) as store:
        return (await store.read()).fields


@in_loop
async def test_a_store_that_was_never_written_to_is_empty(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        reading = await store.read()
        assert dict(reading.fields) == {}
        assert reading.primary
        assert await store.bundle(DIGEST) is None
        assert list(await store.changes(10)) == []
        assert store.name


@in_loop
async def test_the_clock_is_of_now_and_has_a_zone(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        swapped = await store.swap({}, {"note": "x"}, "publish")
        (change,) = await store.changes(1)
        for at in ((await store.read()).at, swapped.at, change.at):
            assert at.utcoffset() == timedelta(0)
            assert abs(datetime.now(UTC) - at) < NEAR


@in_loop
async def test_a_swap_from_nothing(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        reading = await store.swap({"revision": None}, {"revision": "1", "digest": DIGEST}, "publish")
        assert isinstance(reading, Reading)
        assert reading.primary
        assert dict(reading.fields) == {"revision": "1", "digest": DIGEST} == await read(kept)


@pytest.mark.parametrize(
    "expected",
    [
        {"revision": None},
        {"revision": "2"},
        {"revision": "1 "},
        {"revision": "01"},
        {"revision": ""},
        {"halt": ""},
        {"halt": "{}"},
        {"revision": "1", "note": "other"},
        {"revision": "1", "note": "as it was", "halt": "{}"},
    ],
    ids=str,
)
@in_loop
async def test_a_swap_that_expects_something_else_writes_nothing(
    kept: Kept, expected: Mapping[str, str | None]
) -> None:
    async with aclosing(kept.open()) as store:
        before = {"revision": "1", "note": "as it was"}
        await store.swap({}, {**before}, "publish")
        with pytest.raises(Conflict, match=r"`\w+`.*expected.*read (it|the record)? ?again"):
            await store.swap(expected, {"revision": "2", "note": None, "halt": "new"}, "publish")
        assert await read(kept) == before
        assert len(await store.changes(10)) == 1


@pytest.mark.parametrize(
    "expected",
    [{}, {"revision": "1"}, {"halt": None}, {"revision": "1", "note": "as it was", "halt": None}],
    ids=str,
)
@in_loop
async def test_a_swap_that_expects_what_is_there_writes_what_it_names(
    kept: Kept, expected: Mapping[str, str | None]
) -> None:
    async with aclosing(kept.open()) as store:
        await store.swap({}, {"revision": "1", "note": "as it was"}, "publish")
        reading = await store.swap(expected, {"revision": "2"}, "publish")
        assert dict(reading.fields) == {"revision": "2", "note": "as it was"} == await read(kept)


@in_loop
async def test_a_field_is_removed(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        await store.swap({}, {"revision": "1", "valid_until": "then"}, "publish")
        reading = await store.swap({"valid_until": "then"}, {"valid_until": None, "never": None}, "extend")
        assert dict(reading.fields) == {"revision": "1"} == await read(kept)
        await store.swap({"valid_until": None}, {"revision": None}, "clear")
        assert await read(kept) == {}


@in_loop
async def test_a_swap_that_writes_nothing_is_told_among_the_changes(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        assert dict((await store.swap({"revision": None}, {}, "look")).fields) == {}
        assert [dict(one.fields) for one in await store.changes(10)] == [{"change": "look"}]


@in_loop
async def test_of_many_swaps_at_once_exactly_one_wins(kept: Kept) -> None:
    async with aclosing(kept.open()) as first, aclosing(kept.open()) as second:
        await first.swap({}, {"revision": "1"}, "publish")

        async def attempt(number: int) -> str | None:
            store: PolicyStore = (first, second)[number % 2]
            try:
                await store.swap({"revision": "1"}, {"revision": str(100 + number)}, f"publish {number}")
            except Conflict:
                return None
            return str(100 + number)

        won = [one for one in await asyncio.gather(*(attempt(number) for number in range(20))) if one]
        assert len(won) == 1
        assert (await first.read()).fields["revision"] == won[0]
        assert len(await second.changes(100)) == 2


@in_loop
async def test_a_bundle_is_given_back_as_it_was_kept(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        await store.keep(DIGEST, CONTENT)
        await store.keep(DIGEST, CONTENT)
        assert await store.bundle(DIGEST) == CONTENT
        with pytest.raises(Conflict, match="another content"):
            await store.keep(DIGEST, CONTENT + b" ")
        assert await store.bundle(DIGEST) == CONTENT
        assert await read(kept) == {}


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../x", "sha256:" + "A" * 64, "0" * 64, DIGEST + "0"])
@in_loop
async def test_what_is_no_digest_has_no_bundle(kept: Kept, digest: str) -> None:
    async with aclosing(kept.open()) as store:
        assert await store.bundle(digest) is None
        with pytest.raises(ValueError, match="no digest"):
            await store.keep(digest, CONTENT)


@in_loop
async def test_changes_are_told_newest_first_with_the_fields_written(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        for number in range(1, 6):
            await store.swap({}, {"revision": str(number), "note": "ü"}, f"publish {number}")
        await store.swap({}, {"note": None, "halt": "{}"}, "halt")
        found = await store.changes(3)
        assert [dict(one.fields) for one in found] == [
            {"change": "halt", "halt": "{}"},
            {"change": "publish 5", "revision": "5", "note": "ü"},
            {"change": "publish 4", "revision": "4", "note": "ü"},
        ]
        everything = await store.changes(1000)
        assert len({one.id for one in everything}) == 6
        assert [one.at for one in everything] == sorted((one.at for one in everything), reverse=True)
        assert list(everything[:3]) == list(found)
        assert list(await store.changes(0)) == []


@in_loop
async def test_changes_are_told_page_by_page(kept: Kept) -> None:
    """Whatever is written meanwhile; those made at once differ in a part of their ids that stands at their end."""
    async with aclosing(kept.open()) as store:
        for number in range(1, 8):
            await store.swap({}, {"revision": str(number)}, "publish")
        everything = list(await store.changes(1000))
        for size in (1, 2, 3, 7, 8):
            found = list(await store.changes(size))
            while page := await store.changes(size, found[-1].id):
                found.extend(page)
            assert found == everything
        await store.swap({}, {"revision": "8"}, "publish")
        assert list(await store.changes(2, everything[2].id)) == everything[3:5]
        assert list(await store.changes(9, everything[-1].id)) == []
        assert list(await store.changes(0, everything[2].id)) == []


@in_loop
async def test_a_field_that_another_system_writes_is_read(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        await store.swap({}, {"revision": "1", "universe_symbols": '["A"]'}, "publish")
        kept.put("universe_symbols", '["A", "B"]')
        assert dict((await store.read()).fields) == {"revision": "1", "universe_symbols": '["A", "B"]'}
        with pytest.raises(Conflict):
            await store.swap({"universe_symbols": '["A"]'}, {"revision": "2"}, "publish")
        await store.swap({"revision": "1"}, {"revision": "2"}, "publish")
        assert await read(kept) == {"revision": "2", "universe_symbols": '["A", "B"]'}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@in_loop
async def test_a_text_is_given_back_as_it_was_written(kept: Kept, text: str) -> None:
    async with aclosing(kept.open()) as store:
        name = text[:20] or "name"
        written = await store.swap({}, {name: text}, text)
        assert dict(written.fields) == {name: text} == await read(kept)
        assert [dict(one.fields) for one in await store.changes(1)] == [{"change": text, name: text}]
        await store.swap({name: text}, {"revision": "1"}, "publish")


@pytest.mark.parametrize(
    ("fields", "change"),
    [({"note": "\ud800"}, "publish"), ({"\udfff": ""}, "publish"), ({}, "\ud800"), ({"change": "x"}, "publish")],
)
@in_loop
async def test_what_could_not_be_given_back_is_not_written(kept: Kept, fields: dict[str, str], change: str) -> None:
    async with aclosing(kept.open()) as store:
        with pytest.raises(ValueError, match=r"surrogates|no field `change`"):
            await store.swap({}, {"revision": "1", **fields}, change)
        assert dict((await store.read()).fields) == {}


@in_loop
async def test_readers_leave_their_last_word(kept: Kept) -> None:
    async with aclosing(kept.open()) as store:
        assert dict(await store.reports()) == {}
        await store.report("host:8181", "one")
        await store.report("host:8181", "two")
        await store.report("a/../é *", "three")
    async with aclosing(kept.open()) as store:
        assert dict(await store.reports()) == {"host:8181": "two", "a/../é *": "three"}
        await store.report("host:8181", None)
        await store.report("never there", None)
        assert dict(await store.reports()) == {"a/../é *": "three"}
        assert dict((await store.read()).fields) == {}
        assert list(await store.changes(9)) == []


@in_loop
async def test_a_closed_store_is_of_no_use_and_says_so(kept: Kept) -> None:
    store = kept.open()
    await store.swap({}, {"revision": "1"}, "publish")
    await store.aclose()
    await store.aclose()
    asked = (store.read, lambda: store.bundle(DIGEST), lambda: store.keep(DIGEST, CONTENT))
    more = (lambda: store.swap({}, {"revision": "2"}, "publish"), lambda: store.changes(1))
    for ask in (*asked, *more):
        with pytest.raises(StoreUnavailable, match="closed"):
            await ask()
    assert await read(kept) == {"revision": "1"}
