"""Who is answered: tables of tokens, roles and ways; who is not is refused, logged, and nothing was done."""

from __future__ import annotations

import hmac
import logging
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.service.auth import Auth, Role
from adapters.service.problems import Problem
from engine.policy import Machine
from tests.adapters.service.desk import ReadLog
from tests.adapters.service.running import EACH_ROLE, ROLES, Served, served, token
from tests.adapters.service.snapshots import BODIES, OPENS, asked

NEEDS: dict[tuple[str, str], Role | None] = {
    ("POST", "/v1/decide/{policy}"): "decide",
    ("POST", "/v1/decide"): "decide",
    ("POST", "/v1/simulate/{policy}"): "simulate",
    ("GET", "/v1/policies"): "read",
    ("GET", "/v1/policies/{policy}"): "read",
    ("POST", "/v1/policies:check"): "publish",
    ("POST", "/v1/policies:diff"): "publish",
    ("POST", "/v1/policies:publish"): "publish",
    ("POST", "/v1/policies:rollback"): "publish",
    ("GET", "/v1/policies:halt"): "read",
    ("POST", "/v1/policies:halt"): "publish",
    ("GET", "/metrics"): "read",
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/openapi.json"): None,
}
"""The role that each way needs, written down once more."""
GUARDED = [key for key, role in NEEDS.items() if role is not None]
UNKNOWN = (None, "Bearer someone", "Bearer ", "Bearer", "Basic decide", "decide", "Bearer decide x", "Bearer Decide")


def test_the_table_is_that_of_the_service() -> None:
    assert NEEDS.keys() == BODIES.keys()


def nothing_was_done(service: Served) -> bool:
    return not service.service.deciding.counts and not service.store._folder.joinpath("current.json").exists()


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("said", UNKNOWN)
def test_who_has_no_token_is_refused(
    guarded: Served, method: str, path: str, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    found = guarded.ask(method, asked(path), BODIES[method, path], {"Authorization": said})
    assert (found.status, found.effect) == (401, "block")
    assert found.headers["WWW-Authenticate"] == 'Bearer realm="bascule"'
    assert nothing_was_done(guarded)
    assert f"refused {method} {asked(path)}" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [(*key, role) for key in GUARDED for role in ROLES if role not in (NEEDS[key], "admin")],
)
def test_who_has_another_role_is_refused(
    guarded: Served, method: str, path: str, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = NEEDS[method, path]
    found = guarded.as_(role).ask(method, asked(path), BODIES[method, path], {"If-Match": '"0"'})
    assert (found.status, found.effect) == (403, "block")
    assert f"the token of `{role}` has no role `{wanted}`" in caplog.text
    assert nothing_was_done(guarded)


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [(*key, role) for key, wanted in NEEDS.items() for role in (*ROLES, None) if wanted in (role, None)]
    + [(*key, "admin") for key in GUARDED],
)
def test_who_has_the_role_is_not(guarded: Served, method: str, path: str, role: Role | None) -> None:
    """Asked with a body that is none, so that nothing comes of it."""
    body = b"none" if BODIES[method, path] is not None else None
    found = guarded.as_(role).ask(method, asked(path), body, {"If-Match": '"0"'})
    assert found.status == (200 if body is None else 422)


FORMS = (
    ("Authorization", "Bearer read"),
    ("Authorization", "bearer read"),
    ("Authorization", "BEARER  read "),
    ("X-Admin-Token", "read"),
)


@pytest.mark.parametrize(("name", "value"), FORMS)
def test_a_token_is_said_in_these_forms(guarded: Served, name: str, value: str) -> None:
    assert guarded.ask("GET", "/v1/policies", headers={name: value}).status == 200


def test_what_is_said_as_bearer_is_not_looked_for_elsewhere(guarded: Served) -> None:
    both = {"Authorization": "Bearer wrong", "X-Admin-Token": "read"}
    assert guarded.ask("GET", "/v1/policies", headers=both).status == 401


STRANGE = (b"Bearer \xff\xfe", b"Bearer " + b"x" * 513, b"Bearer read\x0b", "Bearer réad".encode(), b"Bearer \x00read")


@pytest.mark.parametrize("said", STRANGE)
def test_a_strange_token_is_refused(guarded: Served, said: bytes) -> None:
    head = b"GET /v1/policies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: " + said
    found = guarded.say(head + b"\r\n\r\n")
    assert found.split(b" ", 2)[1] in (b"400", b"401")
    assert b'"effect":"block"' in found


def test_every_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right one at the start, in the middle or at the end: as many comparisons, of digests of one length."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    auth = Auth(EACH_ROLE)
    for name in (*ROLES, "nobody"):
        compared.clear()
        with suppress(Problem):
            auth.caller({"Authorization": f"Bearer {name}"}, "", "admin")
        assert [one for one, _ in compared] == [each.digest for each in EACH_ROLE]
        assert {len(other) for _, other in compared} == {32}


# -- without tokens


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:8181", "127.0.0.1:80", "[::1]", "[::1]:8181"])
def test_this_machine_is_answered_under_its_own_names(open_service: Served, host: str) -> None:
    assert open_service.ask("GET", "/v1/policies", headers={"Host": host}).status == 200


FOREIGN = (
    "evil.example", "evil.example:8181", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:localhost",
    "0.0.0.0",  # noqa: S104 -- what a page might say
    "[::]", "", "localhost@evil.example", "user:localhost", "169.254.169.254", "[::1].evil.example",
)  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_page_of_another_host_asks_nothing(open_service: Served, host: str, method: str, path: str) -> None:
    found = open_service.ask(method, asked(path), BODIES[method, path], {"Host": host})
    assert (found.status, found.effect) == (403, "block")
    assert nothing_was_done(open_service)


PROXIED = (
    ("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-proto", "https"), ("X-FORWARDED-HOST", "desk.example"),
    ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Anything", ""), ("X-Real-IP", "203.0.113.9"),
    ("Forwarded", "for=203.0.113.9"), ("Via", "1.1 proxy"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "value"), PROXIED)
@pytest.mark.parametrize(("method", "path"), [key for key in GUARDED if NEEDS[key] in ("decide", "read")])
def test_a_proxy_on_this_machine_does_not_make_the_world_local(
    open_service: Served, method: str, path: str, name: str, value: str
) -> None:
    found = open_service.ask(method, asked(path), BODIES[method, path], {name: value})
    assert (found.status, found.effect) == (403, "block")
    assert "use --tokens" in found.json["detail"]
    assert nothing_was_done(open_service)


def test_with_a_token_a_proxy_may_ask(guarded: Served) -> None:
    for name, value in PROXIED:
        assert guarded.as_("read").ask("GET", "/v1/policies", headers={name: value}).status == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json", "text/json"]
)
def test_a_page_of_this_host_asks_nothing_either(open_service: Served, kind: str) -> None:
    """What a form of a browser can send without being asked whether it may."""
    found = open_service.ask("POST", "/v1/decide/entry", {"inputs": OPENS}, {"Content-Type": kind})
    assert (found.status, found.effect) == (415, "block")
    assert not open_service.service.deciding.counts


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.168.1.7", "::2", "127.0.0.1.evil", "fe80::1", "::ffff:10.0.0.1"])
def test_another_machine_is_not_answered(peer: str) -> None:
    with pytest.raises(Problem, match="only this machine"):
        Auth(()).caller({"Host": "localhost"}, peer, "decide")


@pytest.mark.parametrize(("method", "path"), [key for key in GUARDED if NEEDS[key] not in ("decide", "read")])
def test_without_tokens_nobody_does_more_than_decide_and_read(
    open_service: Served, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    for headers in ({}, {"Authorization": "Bearer admin"}, {"X-Admin-Token": ""}):
        found = open_service.ask(method, asked(path), BODIES[method, path], {"If-Match": '"0"', **headers})
        assert (found.status, found.effect) == (403, "block")
    assert "needs a token, and the service has none" in caplog.text
    assert nothing_was_done(open_service)


def test_a_path_cannot_write_lines_of_the_log(guarded: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert guarded.ask("GET", "/v1/policies/a%0d%0aERROR%20all%20is%20lost").status == 401
    assert "all is lost" not in caplog.text
    assert all("\n" not in one.getMessage() for one in caplog.records)


def test_the_caller_is_whose_token_it_is(shipped: Machine, tmp_path: Path) -> None:
    tokens = (token("desk-7", "decide"), token("other", "decide"))
    with served(shipped, tmp_path, tokens=tokens) as service:
        log = service.service.deciding.log = ReadLog()
        assert service.as_("desk-7").decide(OPENS).status == 200
    assert [record["caller"] for record in log.records] == ["desk-7"]
