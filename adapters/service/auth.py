"""Who may ask for what: tokens with roles, of which only hashes are kept, and what is allowed where there are none.

Rules kept here: a token is compared with every hash, in constant time; without any token only this machine is
answered, under its own name (a page in a browser here must not ask on behalf of another host), not by way of a proxy
(which makes the whole world local), and only what decides and what reads.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import yaml

from adapters.service.problems import Problem

Role: TypeAlias = Literal["decide", "simulate", "read", "publish", "admin"]
WITHOUT_TOKENS: frozenset[Role] = frozenset({"decide", "read"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
OF_A_PROXY = frozenset({"forwarded", "via", "x-real-ip"})
"""Headers that say that a request was passed on; so do all that begin with `X-Forwarded-`."""
ANYONE = "anyone here"
_LONGEST = 512


class NoTokens(ValueError):
    """A file of tokens cannot be used; says where and why."""


class _Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    hash: str
    roles: list[Role]


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    tokens: list[_Entry]


@dataclass(frozen=True, slots=True)
class Token:
    """One token: whose it is, the hash of its text, and what it may do."""

    name: str
    digest: bytes
    roles: frozenset[Role]


def new_token(name: str, roles: Collection[Role]) -> tuple[str, dict[str, object]]:
    """A new token, and the entry of a file of tokens that admits it."""
    text = "bascule_" + secrets.token_urlsafe(32)
    return text, {"name": name, "hash": hashed(text), "roles": list(roles)}


def hashed(text: str) -> str:
    """The hash of a token, as a file of tokens has it: a token is random, and needs no salt."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """The tokens of a file. Raises `NoTokens`, and OSError."""
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _File)
    except (msgspec.ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise NoTokens(f"`{path}`: {error}") from None
    tokens = tuple(_token(path, entry) for entry in found.tokens)
    if not tokens:
        raise NoTokens(f"`{path}` holds no token: make one with `bascule token NAME --role decide`")
    if len({token.name for token in tokens}) < len(tokens):
        raise NoTokens(f"`{path}`: two tokens have one name")
    return tokens


def _token(path: Path, entry: _Entry) -> Token:
    kind, _, digest = entry.hash.partition(":")
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    if kind != "sha256" or len(raw) != hashlib.sha256().digest_size:
        raise NoTokens(f"`{path}`: the hash of `{entry.name}` is not `sha256:` and 64 hexadecimal digits")
    return Token(entry.name, raw, frozenset(entry.roles))


MOST_HOSTS = 16


class Auth:
    """Admits requests. `tokens` are all there are."""

    def __init__(self, tokens: Collection[Token]) -> None:
        self._tokens = tuple(tokens)
        self._of_here: set[str] = set()
        """Values of `Host` that mean this machine, as far as they have been seen: few, as there are few ports."""

    def caller(self, headers: Mapping[str, str], peer: str, role: Role) -> str:
        """Who asks, where they may do what needs a role. Raises `Problem`."""
        if not self._tokens:
            return self._local(headers, peer, role)
        said = _said(headers)
        if said is None:
            raise _unauthorized("send a token as `Authorization: Bearer …` or as `X-Admin-Token`")
        digest = hashlib.sha256(said.encode("utf-8", "surrogateescape")).digest()
        found = [token for token in self._tokens if hmac.compare_digest(token.digest, digest)]
        if not found:
            raise _unauthorized("the token is not known here")
        if role not in found[0].roles and "admin" not in found[0].roles:
            raise Problem(HTTPStatus.FORBIDDEN, f"the token of `{found[0].name}` has no role `{role}`")
        return found[0].name

    def _local(self, headers: Mapping[str, str], peer: str, role: Role) -> str:
        if peer not in ("127.0.0.1", "::1", ""):
            raise Problem(HTTPStatus.FORBIDDEN, "without tokens only this machine is answered")
        host = headers.get("Host", "")
        if host not in self._of_here:
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            if name.lower() not in LOCAL_NAMES:
                told = "without tokens `Host` must be this machine: localhost or 127.0.0.1"
                raise Problem(HTTPStatus.FORBIDDEN, told)
            if len(self._of_here) < MOST_HOSTS:
                self._of_here.add(host)
        if _passed_on(headers):
            told = "a proxy asks, as the headers say, and without tokens only this machine is answered: use --tokens"
            raise Problem(HTTPStatus.FORBIDDEN, told)
        if role not in WITHOUT_TOKENS:
            raise Problem(HTTPStatus.FORBIDDEN, f"`{role}` needs a token, and the service has none: start it with some")
        return ANYONE


def _passed_on(headers: Mapping[str, str]) -> bool:
    """Whether headers say that a proxy has passed the request on. Asked of every request: it looks twice at few."""
    for name in headers:
        if name[:1] in "FfVvXx" and ((small := name.lower()) in OF_A_PROXY or small.startswith("x-forwarded-")):
            return True
    return False


def _said(headers: Mapping[str, str]) -> str | None:
    """The token that a request says; None where it says none that could be one."""
    bearer = headers.get("Authorization", "")
    scheme, _, token = bearer.partition(" ")
    found = token.strip() if scheme.lower() == "bearer" else headers.get("X-Admin-Token", "")
    return found if 0 < len(found) <= _LONGEST else None


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": 'Bearer realm="bascule"'})
