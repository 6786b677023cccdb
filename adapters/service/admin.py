"""Publishing over HTTP: what may be published is found out, put in force, taken back; openings are halted.

Rules kept here: it is what the commands do, with the same checks and suites, and there is no way round them; the
service holds no private key, it verifies what was signed elsewhere, and where nothing is signed nobody publishes in
the name of another; whoever changes what is in force says which revision they have seen (`If-Match`); every change and
every refusal is logged with who asked, and a refusal does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from adapters.bootstrap import new_id
from adapters.publishing import halting
from adapters.publishing.candidates import Candidate, Unpublishable, kept
from adapters.publishing.given import with_statement
from adapters.publishing.proposals import Kind
from adapters.publishing.publication import Prepared, Publisher, Terms
from adapters.publishing.told import publication_json, statement_json
from adapters.service.admin_bodies import (
    MOST_SIGNATURES,
    Check,
    Diff,
    Halting,
    Publish,
    Rollback,
    Sealed,
    Signed,
    check_files,
    decoded,
    faulty,
    files_of,
    terms_of,
    wanted_of,
)
from adapters.service.admin_diff import compared_over, not_compared, sides_of
from adapters.service.apart import NotDone
from adapters.service.app import Handler, Service, Way
from adapters.service.checking import Report, Sent, checked
from adapters.service.differing import differed
from adapters.service.problems import Problem
from engine.faults import quoted
from engine.published import Halt, Record, Signature, Trust, clearing
from engine.store import Conflict, PolicyStore, StoreUnavailable

LOGGER = logging.getLogger("bascule.service")
AGAIN = {"Retry-After": "1"}
S = TypeVar("S")
T = TypeVar("T")

STAGING_S = 10.0
"""How long services are given to load what is published before it is put in force."""


class Administration:
    """Answers those who publish and halt. The store is opened when it is first needed.

    `log` is the folder of the decision log, where one is kept.
    """

    def __init__(
        self,
        service: Service,
        open_store: Callable[[], PolicyStore],
        trust: Trust,
        check: Callable[[Sent], Awaitable[Report]] = checked,
        log: Path | None = None,
    ) -> None:
        self._service, self._open, self._trust, self._examined = service, open_store, trust, check
        self._log = log
        self._store: PolicyStore | None = None
        self._checking = asyncio.Lock()

    def ways(self) -> dict[str, tuple[Way, ...]]:
        """The paths, each with its methods."""
        return {
            "/v1/policies:check": (Way("POST", "publish", self._audited("check", self._check)),),
            "/v1/policies:diff": (Way("POST", "publish", self._audited("compare", self._diff)),),
            "/v1/policies:publish": (Way("POST", "publish", self._audited("publish", self._publish)),),
            "/v1/policies:rollback": (Way("POST", "publish", self._audited("roll back", self._rollback)),),
            "/v1/policies:halt": (
                Way("GET", "read", self._halted),
                Way("POST", "publish", self._audited("halt or clear", self._halt)),
            ),
        }

    async def aclose(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            await self._store.aclose()

    # -- every request

    def _audited(self, what: str, handler: Handler) -> Handler:
        """Log what was refused, to whom and why; what was done is logged where it is done."""

        async def answered(request: web.Request, caller: str) -> web.StreamResponse:
            try:
                return await handler(request, caller)
            except Problem as problem:
                LOGGER.warning("%s may not %s: %s", caller, what, _on_one_line(problem.detail))
                raise

        return answered

    @property
    def _at_store(self) -> PolicyStore:
        if self._store is None:
            self._store = self._open()
        return self._store

    async def _body(self, request: web.Request, form: type[Any]) -> Any:
        return decoded(await self._service.body(request.clone(client_max_size=self._service.limits.bundle)), form)

    def _json(
        self, request: web.Request, told: object, status: HTTPStatus = HTTPStatus.OK, revision: str | None = None
    ) -> web.Response:
        headers = {} if revision is None else {"ETag": f'"{revision}"'}
        return self._service.json(request, msgspec.json.encode(told), status, headers)

    # -- what may be published

    async def _check(self, request: web.Request, caller: str) -> web.Response:
        """Whether something may be published, and what is to be signed then. Nothing is written."""
        asked: Check = await self._body(request, Check)
        terms = self._terms(asked, caller)
        files = files_of(asked)
        if files is None:
            report, record = await self._earlier(wanted_of(asked))
        else:
            report, record = await self._checked(Sent(files=files)), None
        fits = report.holds or (record is not None and bool(report.content))
        told: dict[str, object] = {"ok": fits, "bundle": report.bundle, "version": report.version}
        told |= {"diagnostics": report.diagnostics, "suites": report.suites}
        if not fits:
            return self._json(request, {**told, "why_not": report.why_not()})
        candidate = report.candidate(record)
        told["digest"] = candidate.digest
        LOGGER.info("%s has checked %s, %s", caller, candidate.bundle, candidate.digest)
        try:
            prepared = await self._prepared(candidate, terms, "publish" if record is None else "rollback", caller)
        except Problem as problem:
            if problem.status != HTTPStatus.CONFLICT:
                raise
            return self._json(request, {**told, "withheld": problem.detail})
        return self._json(
            request, {**told, **_to_sign(prepared, self._trust)}, revision=prepared.expected["revision"] or "0"
        )

    async def _diff(self, request: web.Request, caller: str) -> web.Response:
        """What something changes in what is live or was, in words and in recent decisions. Nothing is written."""
        asked: Diff = await self._body(request, Diff)
        files = files_of(asked)
        with _store_problems():
            sides = await sides_of(asked, files, self._at_store, self._trust)
        answer = await self._alone(differed, compared_over(asked, sides, self._log))
        if answer.fault:
            raise not_compared(answer)
        old = "nothing" if sides.old is None else sides.old.given
        LOGGER.info("%s has compared %s with %s", caller, answer.digest, old)
        return self._service.json(request, bytes(answer.report))

    async def _earlier(self, wanted: str) -> tuple[Report, Record]:
        with _store_problems():
            record, content = await kept(self._at_store, self._trust, wanted)
        return await self._checked(Sent(content=content)), record

    async def _checked(self, sent: Sent) -> Report:
        """What is found of documents. Raises `Problem`."""
        return await self._alone(self._examined, sent)

    async def _alone(self, work: Callable[[S], Awaitable[T]], said: S) -> T:
        """What comes of work that is done apart; one request at a time. Raises `Problem`."""
        if self._checking.locked():
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "other documents are being checked", headers=AGAIN)
        async with self._checking:
            try:
                return await work(said)
            except NotDone as fault:
                LOGGER.error("documents could not be checked: %s", _on_one_line(str(fault)))
                told = "the documents could not be checked within the time and memory that there is for them"
                raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, told) from None

    # -- what is put in force

    async def _publish(self, request: web.Request, caller: str) -> web.Response:
        """Put files in force, or propose to."""
        seen = _if_match(request)
        asked: Publish = await self._body(request, Publish)
        check_files(asked.files)
        terms = self._terms(asked, caller)
        self._check_signed(asked.statement, asked.signatures)
        await self._check_seen(seen)
        report = await self._checked(Sent(files=asked.files))
        if not report.holds:
            raise _unfit(report)
        return await self._put(request, caller, report.candidate(), terms, "publish", asked, seen)

    async def _rollback(self, request: web.Request, caller: str) -> web.Response:
        """Put an earlier publication in force again, or propose to."""
        seen = _if_match(request)
        asked: Rollback = await self._body(request, Rollback)
        wanted, terms = wanted_of(asked), self._terms(asked, caller)
        self._check_signed(asked.statement, asked.signatures)
        await self._check_seen(seen)
        report, record = await self._earlier(wanted)
        if not report.content:
            raise _unfit(report)
        return await self._put(request, caller, report.candidate(record), terms, "rollback", asked, seen)

    async def _put(
        self,
        request: web.Request,
        caller: str,
        candidate: Candidate,
        terms: Terms,
        change: Kind,
        asked: Publish | Rollback,
        seen: str,
    ) -> web.Response:
        """Put a bundle in force where the record is still the one that was seen."""
        prepared = await self._prepared(candidate, terms, change, caller)
        _check_revision(prepared.expected["revision"], seen)
        with _store_problems(conflict=HTTPStatus.PRECONDITION_FAILED):
            if asked.statement is not None:
                prepared = with_statement(prepared, asked.statement.statement())
            published = await self._publisher(caller).put(prepared, [one.made() for one in asked.signatures])
        statement, proposes = prepared.statement, published.prepared.proposes
        LOGGER.warning(
            "%s has %s %s, %s, as revision %d, signed by %s: %s",
            caller,
            "proposed" if proposes else "put in force",
            statement.bundle,
            statement.digest,
            statement.revision,
            " and ".join(one.by for one in published.signatures) or "nobody",
            quoted(statement.note),
        )
        status = HTTPStatus.ACCEPTED if proposes else HTTPStatus.OK
        revision = prepared.expected["revision"] if proposes else str(statement.revision)
        return self._json(request, publication_json(prepared, published), status, revision or "0")

    def _publisher(self, caller: str) -> Publisher:
        return Publisher(self._at_store, self._trust, None, caller, STAGING_S)

    async def _prepared(self, candidate: Candidate, terms: Terms, change: Kind, caller: str) -> Prepared:
        with _store_problems():
            return await self._publisher(caller).prepare(candidate, terms, change)

    def _terms(self, asked: Check | Publish | Rollback, caller: str) -> Terms:
        """What is said of a publication. Raises `Problem` where another is named who did not sign it."""
        if not self._trust.wanted and asked.by not in (None, caller):
            told = f"nothing is signed here, and so it is by {quoted(caller)}, whose token this is: leave it out"
            raise faulty("/by", told)
        return terms_of(asked)

    def _check_signed(self, statement: Signed | None, signatures: list[Sealed]) -> None:
        """Raise `Problem` where what is signed, and by whom, is not what the trust of the service asks for."""
        if not self._trust.wanted:
            if statement is not None or signatures:
                raise faulty("/signatures", "nothing is signed here: leave out `statement` and `signatures`")
        elif statement is None or not signatures:
            raise faulty(
                "/signatures", "signatures are wanted", "`statement`, from `/v1/policies:check`, and who signed it"
            )
        elif len(signatures) > MOST_SIGNATURES:
            raise faulty("/signatures", f"{len(signatures)} signatures", f"at most {MOST_SIGNATURES}")

    async def _check_seen(self, seen: str) -> None:
        """Raise `Problem` early, where the record is not the one that was seen."""
        with _store_problems():
            reading = await self._at_store.read()
        _check_revision(reading.fields.get("revision"), seen)

    # -- halting

    async def _halted(self, request: web.Request, caller: str) -> web.Response:
        """The halt in force, and what is signed to clear it."""
        del caller
        with _store_problems():
            store = self._at_store
            reading = await store.read()
            found = halting.in_force(reading, store.name, self._trust)
        if found is None:
            return self._json(request, {"halted": False})
        return self._json(request, self._halt_json(halting.cleared_by(store.name, found, self._trust)))

    async def _halt(self, request: web.Request, caller: str) -> web.Response:
        """Halt all openings, or clear that for one of two."""
        asked: Halting = await self._body(request, Halting)
        if (asked.note is None) == (asked.clear is None):
            raise faulty("", "give `note` to halt all openings, or `clear` to clear a halt")
        if asked.clear is not None:
            return await self._clear(request, caller, asked, asked.clear)
        if asked.signature is not None or asked.by not in (None, caller):
            raise faulty("", f"a halt is not signed, and it is by {quoted(caller)}: leave out `signature` and `by`")
        with _store_problems():
            found = await halting.halt(self._at_store, self._trust, caller, asked.note or "", new_id())
        LOGGER.warning("%s has halted all openings: %s", caller, quoted(found.note))
        return self._json(request, self._halt_json(halting.Cleared(found, ())))

    async def _clear(self, request: web.Request, caller: str, asked: Halting, halt_id: str) -> web.Response:
        self._service.auth.caller(request.headers, request.remote or "", "admin")
        if bool(self._trust.keys) != (asked.signature is not None):
            wanted = "signatures are wanted" if self._trust.keys else "nothing is signed here: leave it out"
            raise faulty("/signature", wanted)
        if not self._trust.keys and asked.by not in (None, caller):
            raise faulty("/by", f"it is cleared by {quoted(caller)}, whose token this is")

        def own(found: Halt, message: bytes) -> Signature:
            if found.id != halt_id:
                raise Unpublishable(f"another halt is in force, {found.id}: {halting.told_of(found)}")
            if asked.signature is None:
                return Signature(caller, "", "")
            made = msgspec.structs.replace(asked.signature.made(), by=asked.by or "whoever it is of")
            if asked.by is not None and halting.whose(made, message, self._trust) not in (None, asked.by):
                raise Unpublishable(f"the signature is not of {quoted(asked.by)}")
            return made

        with _store_problems():
            cleared = await halting.clear_with(self._at_store, self._trust, own)
        LOGGER.warning("%s has cleared the halt %s; cleared by %s", caller, halt_id, " and ".join(cleared.by))
        return self._json(request, self._halt_json(cleared))

    def _halt_json(self, cleared: halting.Cleared) -> dict[str, object]:
        told = {"halted": bool(cleared.missing), "halt": cleared.halt, "cleared_by": cleared.by}
        message = self._trust.bound(clearing(self._at_store.name, cleared.halt)).decode()
        return {**told, "missing": cleared.missing, "to_sign": message if self._trust.keys else None}


@contextmanager
def _store_problems(conflict: HTTPStatus = HTTPStatus.CONFLICT) -> Iterator[None]:
    """What goes wrong at a store, as problems."""
    try:
        yield
    except Unpublishable as fault:
        raise Problem(HTTPStatus.CONFLICT, str(fault)) from None
    except Conflict as fault:
        raise Problem(conflict, str(fault)) from None
    except StoreUnavailable as fault:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(fault), headers=AGAIN) from None


def _if_match(request: web.Request) -> str:
    """The entity tags that are said. Raises `Problem`; `*` names no revision, and is as good as none."""
    said = ",".join(request.headers.getall("If-Match", ()))
    if not said or said.strip() == "*":
        told = 'say which revision you have seen, as `If-Match: "1770120000000"`: `GET /v1/policies` tells it as `ETag`'
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, told)
    return said


def _check_revision(there: str | None, seen: str) -> None:
    tag = f'"{there or 0}"'
    if tag not in [one.strip() for one in seen.split(",")]:
        told = f"the store holds revision {there or 'none'}: look at it, and say it as `If-Match: {tag}`"
        raise Problem(HTTPStatus.PRECONDITION_FAILED, told, headers={"ETag": tag})


def _unfit(report: Report) -> Problem:
    """Documents that are not published."""
    found = {"diagnostics": report.diagnostics, "suites": [one for one in report.suites if one.failed]}
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{report.why_not()}: nothing was published", more=found)


def _to_sign(prepared: Prepared, trust: Trust) -> dict[str, object]:
    """What is signed to publish this, as values and as the text whose bytes in UTF-8 are signed."""
    return {
        "statement": statement_json(prepared.statement),
        "to_sign": trust.bound(prepared.statement.signed()).decode(),
        "proposes": prepared.proposes,
        "completes": None if prepared.completes is None else prepared.completes.told(),
        "universe": prepared.universe,
        "notices": prepared.notices,
    }


def _on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]
