"""Faults of requests as `application/problem+json` (RFC 9457); each carries an effect, and it is always a block."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from engine.faults import Fault
from rules.diagnostics import did_you_mean

MOST_FAULTS = 100
"""How many faults of one set of inputs are looked for: nothing else may hold a worker for long."""
CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Why a request is not answered as it asks to be: its status, what is wrong, and where."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        faults: Iterable[Fault] = (),
        headers: dict[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.faults = status, detail, tuple(faults)
        self.headers = headers or {}
        self.more = more or {}
        """Members that problems of this sort have beside the usual ones."""

    def told(self) -> dict[str, Any]:
        """The members of the problem."""
        found: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "effect": "block",
        }
        if self.faults:
            found["faults"] = [fault.as_json() for fault in self.faults]
        return {**self.more, **found}

    def body(self) -> bytes:
        """The problem as JSON."""
        return msgspec.json.encode(self.told())

    @classmethod
    def no_such_policy(cls, name: str, known: Collection[str]) -> Problem:
        """A policy that the bundle in force does not have."""
        near = did_you_mean(name, known)
        hint = f"did you mean `{near}`?" if near else f"there are {', '.join(sorted(known))}"
        return cls(HTTPStatus.NOT_FOUND, f"there is no policy `{name[:100]}`: {hint}")

    @classmethod
    def faulty(cls, faults: Collection[Fault], *, cut: bool = False) -> Problem:
        """Inputs that cannot be decided on; `cut` says that there are more faults, which were not looked for."""
        others = f"{'at least ' if cut else ''}{len(faults) - 1 + cut}"
        more = f" (and {others} more)" if others != "0" else ""
        first = next(iter(faults))
        detail = f"{first.pointer or 'the inputs'}: {first.message}{more}"
        rest = [Fault("", f"there are more: no more than {len(faults)} are looked for")] if cut else []
        return cls(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults=[*faults, *rest])
