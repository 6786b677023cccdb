"""What comes back over HTTP, whatever was sent: to a request for a decision, always something with an effect."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.service.app import Limits
from adapters.service.at_once import AtOnce
from adapters.service.deciding import Made
from engine.policy import Machine
from tests.adapters.service.desk import EXAMPLES
from tests.adapters.service.running import PATIENCE, InOnePiece, Reply, Served, served
from tests.adapters.service.snapshots import BLOCKS, GOOD, OPENS, with_said

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(GOOD)


def replies(raw: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """The answers on a connection: status, headers (small letters), body."""
    found = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", len(rest)))
        found.append((status, headers, rest[:length]))
        raw = rest[length:]
    return found


def only(raw: bytes) -> Reply:
    ((status, headers, body),) = [one for one in replies(raw) if one[0] != 100]
    return Reply(status, headers, body)


def post(*lines: bytes, body: bytes = GOOD, version: bytes = b"1.1") -> bytes:
    """A request for a decision, as bytes."""
    return b"POST /v1/decide/entry HTTP/%b\r\n" % version + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


USUAL = (b"Host: localhost", b"Content-Type: application/json", b"Content-Length: %d" % len(GOOD))
LAST = b"Connection: close"


def test_the_example_opens(open_service: Served) -> None:
    found = open_service.decide(OPENS)
    assert (found.status, found.effect) == (200, "allow")
    assert {"valid_until", "policy_age_ms", "decided_at"} <= found.json.keys()


def test_it_is_asked_as_a_worker_is(open_service: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is what answers in service: one decision is answered as it is read."""
    short = open_service.listener.at_once
    answered: list[Made] = []

    def answer(made: Made, began: float, *, kept: bool) -> bytes:
        answered.append(made)
        return AtOnce.answer(short, made, began, kept=kept)

    monkeypatch.setattr(short, "answer", answer)
    connection = InOnePiece("127.0.0.1", open_service.port, timeout=PATIENCE)
    for _ in range(100):  # a request that is faster than its connection is made ready goes the usual way
        connection.request("POST", "/v1/decide/entry", GOOD, {"Content-Type": "application/json"})
        assert json.loads(connection.getresponse().read())["effect"] == "allow"
        if answered:
            break
    connection.close()
    assert answered


def test_a_block_is_a_decision(open_service: Served) -> None:
    found = open_service.decide(BLOCKS)
    assert (found.status, found.effect, found.headers["Content-Type"]) == (200, "block", "application/json")


# -- every status has an effect

ASKED: Mapping[str, tuple[str, str, bytes | None, dict[str, str | None], int]] = {
    "no such policy": ("POST", "/v1/decide/entri", GOOD, {}, 404),
    "no policy named": ("POST", "/v1/decide/", GOOD, {}, 404),
    "a policy's part": ("POST", "/v1/decide/entry/x", GOOD, {}, 404),
    "a path that climbs": ("POST", "/v1/decide/../policies", GOOD, {}, 404),
    "a policy with a line break": ("POST", "/v1/decide/a%0ab", GOOD, {}, 404),
    "a policy that is no text": ("POST", "/v1/decide/%ff%fe", GOOD, {}, 404),
    "a long policy": ("POST", "/v1/decide/" + "a" * 5000, GOOD, {}, 404),
    "to get": ("GET", "/v1/decide/entry", None, {}, 405),
    "to put": ("PUT", "/v1/decide/entry", GOOD, {}, 405),
    "to delete": ("DELETE", "/v1/decide/entry", None, {}, 405),
    "to patch": ("PATCH", "/v1/decide/entry", GOOD, {}, 405),
    "to be told the options": ("OPTIONS", "/v1/decide/entry", None, {}, 405),
    "to get several": ("GET", "/v1/decide", None, {}, 405),
    "no body": ("POST", "/v1/decide/entry", b"", {}, 422),
    "text": ("POST", "/v1/decide/entry", GOOD, {"Content-Type": "text/plain"}, 415),
    "no kind": ("POST", "/v1/decide/entry", GOOD, {"Content-Type": None}, 415),
    "a body of another encoding": ("POST", "/v1/decide/entry", GOOD, {"Content-Encoding": "gzip"}, 400),
    "a strange expectation": ("POST", "/v1/decide/entry", GOOD, {"Expect": "a miracle"}, 417),
    "too much": ("POST", "/v1/decide/entry", b" " * (1024 * 1024 + 1), {}, 413),
    "too much, pressed": (
        "POST", "/v1/decide/entry", gzip.compress(b" " * (1024 * 1024 + 1)), {"Content-Encoding": "gzip"}, 413,
    ),
    "no length that is one": ("POST", "/v1/decide/entry", GOOD, {"Content-Length": "x"}, 400),
    "two encodings": ("POST", "/v1/decide/entry", GOOD, {"Transfer-Encoding": "gzip, x"}, 400),
}  # fmt: skip


@pytest.mark.parametrize("what", ASKED)
def test_every_refusal_has_an_effect(open_service: Served, what: str) -> None:
    method, path, body, headers, status = ASKED[what]
    found = open_service.ask(method, path, body, headers)
    assert (found.status, found.effect) == (status, "block"), found.body
    assert found.headers["Content-Type"] == "application/problem+json"
    assert found.json["status"] == status
    assert found.headers["Server"] == "bascule"


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"POST /v1/decide/entry HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"POST /v1/decide/entry HTTP/1.1\r\nHost: localhost\r\nA Header: x\r\n\r\n",
        b"POST /v1/decide/entry HTTP/1.1\r\n" + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        b"POST /v1/decide/entry HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        post(*USUAL, b"Transfer-Encoding: chunked"),
        post(*USUAL[:2], b"Content-Length: 5", b"Content-Length: 6"),
        post(*USUAL[:2], b"Transfer-Encoding: chunked", body=b"zz\r\n\r\n"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 what begins a secured connection\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_the_same_words(open_service: Served, said: bytes) -> None:
    found = only(open_service.say(said))
    assert (found.status, found.effect) == (400, "block")
    assert found.headers["content-type"] == "application/problem+json"
    assert found.headers["server"] == "bascule"


@pytest.mark.parametrize("path", [b"/v1/decide/entry", b"/v1/policies", b"/healthz", b"/nothing"])
def test_head_has_no_body(open_service: Served, path: bytes) -> None:
    found = open_service.say(b"HEAD %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    head, _, rest = found.partition(b"\r\n\r\n")
    wanted = {b"/v1/decide/entry": b"405", b"/nothing": b"404"}.get(path, b"200")
    assert head.split(b" ")[1] == wanted
    assert rest == b""


@pytest.mark.parametrize(("path", "allowed"), [("/v1/decide/entry", "POST"), ("/healthz", "GET, HEAD")])
def test_what_may_be_asked_is_told(open_service: Served, path: str, allowed: str) -> None:
    found = open_service.ask("DELETE", path)
    assert (found.status, found.headers["Allow"]) == (405, allowed)


def test_a_body_that_does_not_come_is_waited_for_so_long(open_service: Served) -> None:
    """The limit of this service is 0.3 s."""
    found = http.client.HTTPConnection("127.0.0.1", open_service.port, timeout=PATIENCE)
    found.putrequest("POST", "/v1/decide/entry")
    for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(GOOD)))):
        found.putheader(name, value)
    found.endheaders(GOOD[:10])
    response = found.getresponse()
    assert (response.status, json.loads(response.read())["effect"]) == (408, "block")
    found.close()


def test_who_goes_before_the_body_is_there_does_no_harm(open_service: Served) -> None:
    before = open_service.service.deciding.counts.total()
    found = http.client.HTTPConnection("127.0.0.1", open_service.port, timeout=PATIENCE)
    found.putrequest("POST", "/v1/decide/entry")
    found.putheader("Content-Type", "application/json")
    found.putheader("Content-Length", str(len(GOOD)))
    found.endheaders(GOOD[:-1])
    found.close()
    assert open_service.decide(OPENS).effect == "allow"
    assert open_service.service.deciding.counts.total() == before + 1


# -- faults of inputs

FAULTS: tuple[tuple[str, object, str], ...] = (
    ("intent.confidence", 1.5, "/intent/confidence"),
    ("intent.confidence", "0.8", "/intent/confidence"),
    ("intent.confidence", None, "/intent/confidence"),
    ("intent.side", "UP", "/intent/side"),
    ("intent.typo", 1, "/intent/typo"),
    ("intent", [], "/intent"),
    ("portfolio.positions", {}, "/portfolio/positions"),
    ("portfolio.last_trade_at", "yesterday", "/portfolio/last_trade_at"),
    ("typo/~", 1, "/typo~1~0"),
    ("now", "2026-02-03T12:00:00Z", "/now"),
    ("universe", {"symbols": ["BTCUSDT"]}, "/universe"),
)


@pytest.mark.parametrize(("path", "value", "pointer"), FAULTS)
def test_a_fault_is_told_by_its_pointer(open_service: Served, path: str, value: object, pointer: str) -> None:
    found = open_service.decide(with_said(path, value))
    assert (found.status, found.effect) == (422, "block")
    assert pointer in [one["pointer"] for one in found.json["faults"]]


def test_every_fault_is_told(open_service: Served) -> None:
    inputs = with_said("intent.side", "UP")
    del inputs["portfolio"]["pending"]
    pointers = {one["pointer"] for one in open_service.decide(inputs).json["faults"]}
    assert {"/intent/side", "/portfolio/pending"} <= pointers


BODIES: tuple[tuple[object, str], ...] = (
    ([], ""),
    ({}, ""),
    ({"input": OPENS}, ""),
    ({"inputs": OPENS, "policy": "entry"}, ""),
    ({"inputs": []}, ""),
    ({"inputs": None}, ""),
)


@pytest.mark.parametrize(("body", "pointer"), BODIES)
def test_a_body_of_another_form_is_refused(open_service: Served, body: object, pointer: str) -> None:
    found = open_service.ask("POST", "/v1/decide/entry", body)
    assert (found.status, found.effect) == (422, "block")
    assert found.json["faults"][0]["pointer"] == pointer


@pytest.mark.parametrize(("name", "policy", "outcome"), [
    ("entry", "entry", "ALLOW_NEW_ENTRY"), ("close", "open-position", "EXIT"),
])  # fmt: skip
def test_the_requests_among_the_examples(open_service: Served, name: str, policy: str, outcome: str) -> None:
    request = (EXAMPLES / "http" / f"{name}.json").read_bytes()
    assert json.loads(request)["inputs"].items() <= json.loads((EXAMPLES / f"{name}.json").read_bytes()).items()
    found = open_service.ask("POST", f"/v1/decide/{policy}", request, {"Content-Type": "application/json"})
    assert (found.json["outcome"], found.effect) == (outcome, "allow")


def test_facts_that_are_not_in_inputs_are_told_where_to_stand(open_service: Served) -> None:
    assert "the facts stand in `inputs`" in open_service.ask("POST", "/v1/decide/entry", OPENS).json["detail"]


# -- several


def several(service: Served, *requests: object) -> Reply:
    return service.ask("POST", "/v1/decide", {"requests": list(requests)})


def test_faulty_ones_stand_among_good_ones(open_service: Served) -> None:
    good: dict[str, Any] = {"policy": "entry", "inputs": OPENS}
    found = several(
        open_service,
        good,
        {"policy": "entri", "inputs": OPENS},
        {"policy": "entry", "inputs": with_said("intent.side", "UP")},
        {"policy": "entry", "inputs": BLOCKS},
        {"policy": "entry", "inputs": []},
        {"policy": 1, "inputs": OPENS},
        {"policy": "entry"},
        "nonsense",
        good,
    )
    told = found.json["decisions"]
    assert found.status == 200
    assert [one["effect"] for one in told] == ["allow", *["block"] * 7, "allow"]
    assert [one.get("status") for one in told] == [None, 404, 422, None, 422, 422, 422, 422, None]
    places = [one["faults"][0]["pointer"] for one in told[5:8]]
    assert places == ["/requests/5/policy", "/requests/6", "/requests/7"]


def test_inputs_that_are_refused_are_counted_once(open_service: Served) -> None:
    counts, key = open_service.service.deciding.counts, ("entry", "INPUTS_REFUSED", "block", "")
    before = counts[key]
    assert open_service.ask("POST", "/v1/decide/entry", {"inputs": with_said("intent.side", "UP")}).status == 422
    assert counts[key] == before + 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"requests": {}}, "/requests"),
        ({"requests": [{"policy": "entry", "inputs": {}}] * 101}, "/requests"),
    ],
)
def test_several_of_another_form_are_refused_together(open_service: Served, body: object, pointer: str) -> None:
    found = open_service.ask("POST", "/v1/decide", body)
    assert (found.status, found.effect) == (422, "block")
    assert found.json["faults"][0]["pointer"] == pointer


def test_none_at_all_is_answered(open_service: Served) -> None:
    assert several(open_service).json == {"decisions": []}


# -- connections


def test_one_connection_serves_many(open_service: Served) -> None:
    found = replies(open_service.say(post(*USUAL) + post(*USUAL) + post(*USUAL, LAST)))
    assert [(status, json.loads(body)["effect"]) for status, _, body in found] == [(200, "allow")] * 3


def test_a_fault_does_not_end_a_connection(open_service: Served) -> None:
    wrong = post(*USUAL[:2], b"Content-Length: 2", body=b"{}")
    found = replies(open_service.say(wrong + post(*USUAL, LAST)))
    assert [(status, json.loads(body)["effect"]) for status, _, body in found] == [(422, "block"), (200, "allow")]


@pytest.mark.parametrize(
    ("version", "more", "kept"),
    [(b"1.1", (LAST,), "close"), (b"1.0", (), None), (b"1.0", (b"Connection: keep-alive",), "keep-alive")],
)
def test_who_wants_one_answer_gets_one(
    open_service: Served, version: bytes, more: tuple[bytes, ...], kept: str | None
) -> None:
    said = [post(*USUAL, *more, version=version)]
    said += [post(*USUAL, version=version)] if kept == "keep-alive" else []
    found = replies(open_service.say(*said))
    assert [json.loads(body)["effect"] for _, _, body in found] == ["allow"] * len(said)
    assert found[0][1].get("connection") == kept


def test_a_body_may_come_in_pieces(open_service: Served) -> None:
    chunked = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (10, GOOD[:10], len(GOOD) - 10, GOOD[10:])
    found = only(open_service.say(post(*USUAL[:2], b"Transfer-Encoding: chunked", LAST, body=chunked)))
    assert (found.status, found.effect) == (200, "allow")


@pytest.mark.parametrize(("encoding", "pressed"), [("gzip", gzip.compress(GOOD)), ("deflate", zlib.compress(GOOD))])
def test_a_body_may_be_pressed(open_service: Served, encoding: str, pressed: bytes) -> None:
    found = open_service.ask("POST", "/v1/decide/entry", pressed, {"Content-Encoding": encoding})
    assert (found.status, found.effect) == (200, "allow")


def test_who_asks_whether_to_go_on_is_told(open_service: Served) -> None:
    first, _, rest = open_service.say(post(*USUAL, LAST, b"Expect: 100-continue")).partition(b"\r\n\r\n")
    assert first == b"HTTP/1.1 100 Continue"
    assert only(rest).effect == "allow"


# -- the id of a request

SAID = ("a", "A-1._z", "x" * 64)
REPLACED = ("", "x" * 65, "a b", "a;b", "ä", "a/b", "<script>", "a\tb")


@pytest.mark.parametrize("said", SAID)
def test_an_id_of_the_caller_comes_back(open_service: Served, said: str) -> None:
    for body, status in ((GOOD, 200), (b"{}", 422)):
        found = open_service.ask("POST", "/v1/decide/entry", body, {"X-Request-Id": said})
        assert (found.status, found.headers["X-Request-Id"]) == (status, said)


@pytest.mark.parametrize("said", REPLACED)
def test_an_id_that_is_none_is_replaced(open_service: Served, said: str) -> None:
    found = open_service.ask("POST", "/v1/decide/entry", GOOD, {"X-Request-Id": said.encode()})  # type: ignore[dict-item]
    assert found.headers["X-Request-Id"] not in ("", said)


def test_each_request_has_an_id_of_its_own(open_service: Served) -> None:
    found = {open_service.decide(OPENS).headers["X-Request-Id"] for _ in range(5)}
    assert len(found) == 5


# -- nothing in force


def test_without_a_policy_nothing_opens_and_it_says_so(tmp_path: Path) -> None:
    with served(None, tmp_path, limits=Limits(seconds=0.3)) as service:
        found = service.decide(OPENS)
        assert (found.status, found.effect, found.json["outcome"]) == (200, "block", "BLOCKED_NO_POLICY")
        assert service.ask("GET", "/readyz").status == 503
        assert service.ask("GET", "/healthz").status == 200


def test_who_follows_is_ready(open_service: Served, shipped: Machine) -> None:
    found = open_service.ask("GET", "/readyz")
    assert (found.status, found.json["ready"], found.json["digest"]) == (200, True, shipped.bundle.digest)
    told = open_service.ask("GET", "/v1/policies")
    assert told.headers["ETag"] == f'"{found.json["revision"]}"'
    assert {one["name"] for one in told.json["policies"]} == set(shipped.policies)
