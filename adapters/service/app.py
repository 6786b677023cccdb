"""The HTTP of the service: which paths there are, who may ask them, and what they answer.

Rules kept here: every answer to a request for a decision carries an effect, whatever its status; nothing that goes
wrong in here is answered with anything but a block.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from asyncio import timeout
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import Any, Protocol, TypeAlias

import msgspec
from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from adapters.service import bodies
from adapters.service.answers import JSON, Heads, answer
from adapters.service.auth import Auth, Role
from adapters.service.counting import Tally, added, exposition, nothing_counted
from adapters.service.deciding import ENCODE, Asked, Deciding, Made
from adapters.service.deciding import Log as DecidingLog
from adapters.service.messages import Counts
from adapters.service.problems import CONTENT_TYPE, Problem
from adapters.service.serving import continued
from engine.standing import Standing
from rules.plan import Plan
from rules.types import show

LOGGER = logging.getLogger("bascule.service")
WITH_EXITS_S = 0.1
"""How long openings that are asked for together with exits may keep these waiting for the disk."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Handler: TypeAlias = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""Answers a request of a caller."""


class Log(DecidingLog, Protocol):
    """The decision log as the service uses it."""

    @property
    def backlog(self) -> int:
        """Bytes that wait to be written."""

    async def durable(self) -> None:
        """Wait until what was offered is kept."""

    def when_durable(self, call: Callable[[], None]) -> None:
        """Call once what was offered is kept; what is called must not raise."""

    async def aclose(self) -> None:
        """Keep what is left, and end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    body: int = 1024 * 1024
    """Bytes of a body."""
    seconds: float = 5.0
    """For a body to arrive."""
    batch: int = 100
    """Decisions asked for at once."""
    bundle: int = 8 * 1024 * 1024
    """Bytes of a body that holds the files of a bundle."""


@dataclass(frozen=True, slots=True)
class Way:
    """One method of a path: the role it needs (None: nobody is asked who they are), and what answers."""

    method: str
    role: Role | None
    answer: Handler


class Service:
    """What the handlers share."""

    def __init__(self, deciding: Deciding, auth: Auth, log: Log, limits: Limits, *, wait: bool) -> None:
        self.deciding, self.auth, self.log, self.limits = deciding, auth, log, limits
        self.tally = Tally()
        self.others: Counts = nothing_counted()
        """What the other workers have counted, and the reads of the store that failed."""
        self.waits = wait
        """Whether an allow is answered only when it is kept."""
        self._ids, self._series = count(1), secrets.token_hex(6)
        self.heads = Heads()

    @property
    def standing(self) -> Standing:
        """What is in force."""
        return self.deciding.in_force.current.standing

    def counts(self) -> Counts:
        """What this worker has counted."""
        return self.tally.counts(self.deciding.counts, self.log.backlog)

    def application(self, more: Mapping[str, tuple[Way, ...]] | None = None) -> web.Application:
        """The application, with more paths where there are some."""
        application = web.Application(client_max_size=self.limits.body)
        for path, ways in {**self.ways(), **(more or {})}.items():
            answer = self._answering(_by_method(ways))
            application.router.add_route("*", path, answer, expect_handler=continued)
        application.on_response_prepare.append(_unversioned)
        application.router.add_route("*", "/{path:.*}", self._answering({}), expect_handler=continued)
        return application

    def ways(self) -> dict[str, tuple[Way, ...]]:
        """The paths, each with its methods."""
        return {
            "/v1/decide/{policy}": (Way("POST", "decide", self.decide),),
            "/v1/decide": (Way("POST", "decide", self.decide_several),),
            "/v1/simulate/{policy}": (Way("POST", "simulate", self.simulate),),
            "/v1/policies": (Way("GET", "read", self.policies),),
            "/v1/policies/{policy}": (Way("GET", "read", self.policy),),
            "/metrics": (Way("GET", "read", self.metrics),),
            "/healthz": (Way("GET", None, self.healthz),),
            "/readyz": (Way("GET", None, self.readyz),),
        }

    # -- every request

    def _answering(self, ways: Mapping[str, Way]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Answer a path: find the way, ask who it is, and turn whatever goes wrong into a problem."""

        async def answered(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            try:
                way = ways.get(request.method)
                if way is None:
                    raise _no_way(request, ways)
                caller = "" if way.role is None else self.auth.caller(request.headers, request.remote or "", way.role)
                response = await way.answer(request, caller)
            except Problem as problem:
                response = self._problem(request, problem)
            except web.RequestPayloadError:
                told = "the body is not as its headers say: not of that encoding, or cut short"
                response = self._problem(request, Problem(HTTPStatus.BAD_REQUEST, told))
            except web.HTTPException as error:
                response = self._problem(request, Problem(HTTPStatus(error.status), error.reason.lower()))
            except Exception:
                LOGGER.exception("answering %s %s failed", request.method, request.rel_url.raw_path)
                response = self._problem(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed"))
            self.tally.took(time.perf_counter() - began, response.status)
            return response

        return answered

    def _problem(self, request: web.Request, problem: Problem) -> web.Response:
        if problem.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            path = request.rel_url.raw_path  # as it was sent: a line break in a path would begin a line of the log
            LOGGER.warning("refused %s %s from %s: %s", request.method, path, request.remote, problem.detail)
        headers = {"Content-Type": CONTENT_TYPE, "X-Request-Id": self.request_id(request), **problem.headers}
        return web.Response(body=problem.body(), status=problem.status, headers=headers)

    def request_id(self, request: web.Request | RawRequestMessage) -> str:
        """The id of a request: what it says itself, or a new one."""
        said = request.headers.get("X-Request-Id")
        if said is not None and _REQUEST_ID.fullmatch(said):
            return said
        return f"{self._series}-{next(self._ids):x}"

    async def body(self, request: web.Request) -> bytes:
        """The body of a request, which must be JSON and arrive in time."""
        kind = request.headers.get("Content-Type", "")
        if kind != JSON and kind.partition(";")[0].strip().lower() != JSON:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the body as `Content-Type: {JSON}`")
        arrived = bodies.arrived(request.content)
        if arrived is not None and len(arrived) <= self.limits.body:
            return arrived
        try:
            async with timeout(self.limits.seconds):
                return await request.read()
        except TimeoutError:
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, f"no body within {self.limits.seconds:g}s") from None

    # -- deciding

    async def decide(self, request: web.Request, caller: str) -> web.StreamResponse:
        """One decision."""
        inputs = bodies.one(await self.body(request))
        asked = Asked(self.request_id(request), caller)
        made = self._decided(request.match_info["policy"], inputs, asked)
        made = self.deciding.confirmed(made, kept=await self._kept([made]))
        return answer(self.heads, request, asked.request_id, made.body)

    async def decide_several(self, request: web.Request, caller: str) -> web.StreamResponse:
        """Several decisions, in the order in which they are asked for; one with faults is a problem among them."""
        requests = bodies.several(await self.body(request), self.limits.batch)
        asked = Asked(self.request_id(request), caller)
        made: list[Made | Problem] = []
        for one in requests:
            try:
                made.append(one if isinstance(one, Problem) else self._decided(one.policy, bytes(one.inputs), asked))
            except Problem as problem:
                made.append(problem)
        kept = await self._kept(made)
        told = [
            one.body() if isinstance(one, Problem) else self.deciding.confirmed(one, kept=kept).body for one in made
        ]
        body = b'{"decisions":[' + b",".join(told) + b"]}"
        return answer(self.heads, request, asked.request_id, body)

    def _decided(self, policy: str, inputs: bytes, asked: Asked) -> Made:
        try:
            return self.deciding.decide(policy, inputs, asked)
        except Problem as problem:
            self.deciding.refused(policy, asked, problem)
            raise

    def waits_for_log(self, made: Sequence[Made | Problem]) -> bool:
        """Whether what was decided must be in the log before it is answered."""
        return self.waits and any(not isinstance(one, Problem) and one.opens for one in made)

    async def _kept(self, made: Sequence[Made | Problem]) -> bool:
        """Wait until openings are in the log, where that is asked for; whether they are.

        A log that takes longer than a policy may be old is not waited for, and exits are hardly made to wait.
        """
        if not self.waits_for_log(made):
            return True
        exits = any(not isinstance(one, Problem) and one.exits for one in made)
        try:
            async with timeout(WITH_EXITS_S if exits else self.deciding.in_force.max_age_s):
                await self.log.durable()
        except TimeoutError:
            return False
        return True

    async def simulate(self, request: web.Request, caller: str) -> web.Response:
        """One decision on inputs that are all given."""
        del caller
        inputs = bodies.one(await self.body(request))
        decision = self.deciding.simulate(request.match_info["policy"], inputs)
        return self.json(request, ENCODE(decision))

    # -- reading

    async def policies(self, request: web.Request, caller: str) -> web.Response:
        """The policies in force."""
        del caller
        standing = self.standing
        machine = standing.machine
        plans = [] if machine is None else [policy.plan for policy in machine.policies.values()]
        told = {**_state(standing), "policies": [_told(plan) for plan in plans]}
        return self.json(request, msgspec.json.encode(told), headers={"ETag": f'"{standing.revision}"'})

    async def policy(self, request: web.Request, caller: str) -> web.Response:
        """One policy in force."""
        del caller
        name, ready = request.match_info["policy"], self.deciding.in_force.current.ready
        if name not in ready:
            raise Problem.no_such_policy(name, ready)
        plan = ready[name].policy.plan
        told = {
            **_told(plan),
            "inputs": {
                f.name: {"type": show(f.type), "supplied": ready[name].supplied.get(f.name)} for f in plan.inputs
            },
            "outcomes": plan.outcomes,
            "outputs": {output.name: show(output.type) for output in plan.outputs},
            "parameters": {
                p.name: {"default": p.written(p.default), "description": p.description} for p in plan.parameters
            },
        }
        return self.json(request, msgspec.json.encode(told))

    async def metrics(self, request: web.Request, caller: str) -> web.Response:
        """Counts of all workers, for Prometheus."""
        del caller
        clocks, standing = self.deciding.clocks, self.standing
        steady = clocks.steady()
        ready = self._refusal() is None
        body = exposition(added([self.counts(), self.others]), standing, steady, ready=ready)
        headers = {
            "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
            "X-Request-Id": self.request_id(request),
        }
        return web.Response(body=body, headers=headers)

    async def healthz(self, request: web.Request, caller: str) -> web.Response:
        """Whether this process answers."""
        del caller
        return self.json(request, b'{"status":"ok"}')

    async def readyz(self, request: web.Request, caller: str) -> web.Response:
        """Whether openings are decided on, and why not."""
        del caller
        standing, refusal = self.standing, self._refusal()
        told: dict[str, Any] = {"ready": refusal is None, **_state(standing)}
        if standing.machine is not None:
            told["policy_age_ms"] = standing.age_ms(self.deciding.clocks.steady())
        if refusal is not None:
            told |= {"cause": refusal.cause, "detail": str(refusal)}
        status = HTTPStatus.OK if refusal is None else HTTPStatus.SERVICE_UNAVAILABLE
        return self.json(request, msgspec.json.encode(told), status)

    def _refusal(self) -> Any:
        clocks = self.deciding.clocks
        return self.standing.why_not(clocks.steady(), clocks.now()) or self.log.refusal

    def json(
        self, request: web.Request, body: bytes, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] = {}
    ) -> web.Response:
        """An answer of JSON."""
        said = {"Content-Type": JSON, "X-Request-Id": self.request_id(request), **headers}
        return web.Response(body=body, status=status, headers=said)


def _state(standing: Standing) -> dict[str, Any]:
    machine = standing.machine
    bundle = {} if machine is None else {"bundle": f"{machine.bundle.name} {machine.bundle.version}"}
    digest = {} if machine is None else {"digest": machine.bundle.digest}
    return {"revision": standing.revision, **bundle, **digest}


def _told(plan: Plan) -> dict[str, str]:
    return {"name": plan.name, "version": plan.version, "title": plan.title}


async def _unversioned(_: web.Request, response: web.StreamResponse) -> None:
    """Say who answers, and not which version of what."""
    response.headers["Server"] = "bascule"


def _by_method(ways: Iterable[Way]) -> dict[str, Way]:
    """The ways of a path by their methods; what may be got may be asked for without its body."""
    found = {way.method: way for way in ways}
    return {**found, "HEAD": found["GET"]} if "GET" in found else found


def _no_way(request: web.Request, ways: Mapping[str, Way]) -> Problem:
    if not ways:
        return Problem(HTTPStatus.NOT_FOUND, f"there is nothing at `{request.path[:200]}`: see /openapi.json")
    allowed = ", ".join(ways)
    return Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"ask with {allowed}", headers={"Allow": allowed})
