"""What the URL of a Redis says: which servers, how to get there, under which key; and how it is shown to people.

Read here, and not by the client's library, so that no parameter of a URL loosens what the store relies on (time-outs,
retries, checks of certificates), a misspelt one is refused, and no message shows a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

DEFAULT_KEY = "quantum:policy:current"
PASSWORD = "BASCULE_STORE_PASSWORD"  # noqa: S105  # the name of a variable
SENTINEL_PASSWORD = "BASCULE_SENTINEL_PASSWORD"  # noqa: S105  # the name of a variable
TIMEOUT = 0.5
"""Seconds that a call to a server may take unless said otherwise; below the age at which a policy is stale."""
PORT, SENTINEL_PORT = 6379, 26379


class Layout(Enum):
    """How many servers there are, and how the one that is written to is found."""

    ONE = "one"
    UNIX = "unix"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a scheme means, and an example of its URLs."""

    layout: Layout
    tls: bool
    example: str


SCHEMES: Mapping[str, Scheme] = {
    "redis": Scheme(Layout.ONE, tls=False, example="redis://host:6379/0"),
    "rediss": Scheme(Layout.ONE, tls=True, example="rediss://host:6379/0?ssl_ca_certs=ca.pem"),
    "unix": Scheme(Layout.UNIX, tls=False, example="unix:///run/redis.sock?db=0"),
    "redis+sentinel": Scheme(Layout.SENTINEL, tls=False, example="redis+sentinel://host:26379,host:26379/service/0"),
    "rediss+sentinel": Scheme(Layout.SENTINEL, tls=True, example="rediss+sentinel://host:26379,host:26379/service/0"),
    "redis+cluster": Scheme(Layout.CLUSTER, tls=False, example="redis+cluster://host:6379,host:6379"),
    "rediss+cluster": Scheme(Layout.CLUSTER, tls=True, example="rediss+cluster://host:6379,host:6379"),
}
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
"""The parameters that name files of certificates; called as in redis-py, where operators know them from."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is."""

    shown: str
    """The URL without password and parameters."""
    layout: Layout
    tls: bool
    key: str
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    service: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    tls_files: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, ...]:
        """Which store it is, whoever asks there, with or without TLS; no password is part of it."""
        hosts = sorted(f"{host.lower()}:{port}" for host, port in self.hosts)
        places = [str(Path(self.path).resolve())] if self.layout is Layout.UNIX else hosts
        return (self.layout.value, *places, self.service, str(self.db), self.key)


def shown(url: str) -> str:
    """A URL as it may be printed: whatever could be a password is left out, even where the URL is malformed."""
    scheme, _, rest = url.partition("://")
    secret, at, place = rest.rpartition("@")
    place = place.partition("?")[0]
    return f"{scheme}://***@{place}" if at and secret else f"{scheme}://{place}"


def read_url(url: str, environment: Mapping[str, str]) -> Address:
    """The address in a URL, with passwords from the environment where the URL has none. Raises ValueError."""
    name, _, rest = url.partition("://")
    scheme, told = SCHEMES[name], shown(url)
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    login, _, places = authority.rpartition("@")
    username, _, password = login.partition(":")
    given = _parameters(query, scheme, told)
    key = given.pop("key", DEFAULT_KEY)
    if not key or "{" in key or "}" in key:
        raise ValueError(
            f"{told}: the key may not be empty, nor hold braces: its other keys are named with it in braces"
        )
    service, db = _path(path, scheme, given.pop("db", ""), told)
    return Address(
        shown=told,
        layout=scheme.layout,
        tls=scheme.tls,
        key=key,
        hosts=() if scheme.layout is Layout.UNIX else _hosts(places, scheme, told),
        path="/" + unquote(path) if scheme.layout is Layout.UNIX else "",
        service=service,
        db=db,
        username=unquote(username) or None,
        password=unquote(password) or environment.get(PASSWORD) or None,
        sentinel_password=environment.get(SENTINEL_PASSWORD) or None,
        tls_files=given,
    )


def _parameters(query: str, scheme: Scheme, told: str) -> dict[str, str]:
    known = ["key"]
    if scheme.layout in (Layout.ONE, Layout.UNIX):
        known.append("db")
    if scheme.tls:
        known.extend(TLS_FILES)
    given = dict(parse_qsl(query, keep_blank_values=True))
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise ValueError(f"{told}: there is no parameter `{name}` here, there are {', '.join(known)}{hint}")
    return given


def _path(path: str, scheme: Scheme, db: str, told: str) -> tuple[str, int]:
    """The service that sentinels know, and the number of the database."""
    parts = [] if scheme.layout is Layout.UNIX else [unquote(part) for part in path.split("/") if part]
    service = ""
    if scheme.layout is Layout.SENTINEL:
        if not parts:
            raise ValueError(f"{told}: which service? as in {scheme.example}")
        service = parts.pop(0)
    if scheme.layout is Layout.UNIX and not path:
        raise ValueError(f"{told}: which socket? as in {scheme.example}")
    number = parts.pop(0) if parts else db or "0"
    if parts or not number.isdecimal():
        raise ValueError(f"{told}: the number of a database was expected after the last slash, as in {scheme.example}")
    if scheme.layout is Layout.CLUSTER and int(number):
        raise ValueError(f"{told}: a cluster has database 0 alone")
    return service, int(number)


def _hosts(places: str, scheme: Scheme, told: str) -> tuple[tuple[str, int], ...]:
    usual = SENTINEL_PORT if scheme.layout is Layout.SENTINEL else PORT
    found = []
    for place in places.split(","):
        host, colon, port = place.rpartition(":")
        if not colon or place.endswith("]"):  # no port: a name, or an IPv6 address in brackets
            host, port = place, str(usual)
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"{told}: host:port was expected, as in {scheme.example}")
        found.append((host.removeprefix("[").removesuffix("]"), int(port)))
    if scheme.layout is Layout.ONE and len(found) > 1:
        raise ValueError(
            f"{told}: one host was expected, as in {scheme.example}; for several, redis+sentinel:// or redis+cluster://"
        )
    return tuple(found)
