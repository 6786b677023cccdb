"""Asking a running service what documents change: where it is, the token that is said there, and what it answers.

Rules kept here: a token stands in a file that is its owner's alone, never on the command line; it is said over TLS, or
to this machine, and to nobody that a service points at; what is answered is read as a report, or is none.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from adapters.replaying.report import Report

LOCAL = ("127.0.0.1", "::1", "localhost")
PATIENCE_S = 150.0
"""Longer than a service gives such work."""
LARGEST = 64 * 1024 * 1024
"""Bytes of an answer."""
WAY = "/v1/policies:diff"


class NotAsked(Exception):
    """Nobody could be asked, or nothing came of it; says why."""


@dataclass(frozen=True, slots=True)
class AtService:
    """A service, the file with the token that is said there, and whose certificates are trusted beside the system's."""

    url: str
    token_file: Path | None
    authority: Path | None

    def compared(self, files: Mapping[str, str]) -> Report:
        """What files change in what is live there, and in what was decided lately. Raises `NotAsked`."""
        import msgspec

        from adapters.replaying.report import Report

        status, body = self._posted(msgspec.json.encode({"files": files}))
        try:
            if status != HTTPStatus.OK:
                told = msgspec.json.decode(body, type=dict[str, object]).get("detail", "")
                raise NotAsked(f"the service at {self.url} answers {status}: {str(told)[:500]}")
            return msgspec.json.decode(body, type=Report)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise NotAsked(f"what answers at {self.url} is no service of ours (status {status}): {error}") from None

    def _posted(self, body: bytes) -> tuple[int, bytes]:
        where, token = self._where(), self._token()
        connection = self._connection(where)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", where.path.rstrip("/") + WAY, body, headers)
            response = connection.getresponse()
            return response.status, response.read(LARGEST)
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NotAsked(f"the service at {self.url} cannot be asked: {why.lower()}") from None
        finally:
            connection.close()

    def _where(self) -> SplitResult:
        wrong = f"`{self.url}` is no URL of a service, as https://host:8181"
        try:
            found = urlsplit(self.url)
            usable = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
        except ValueError:
            raise NotAsked(wrong) from None
        if not usable or found.username or found.query or found.fragment:
            raise NotAsked(wrong)
        if found.scheme == "http" and found.hostname not in LOCAL:
            raise NotAsked(f"a token is not said to `{self.url}` without TLS: give a URL with https")
        return found

    def _connection(self, where: SplitResult) -> http.client.HTTPConnection:
        host = where.hostname or ""
        if where.scheme == "http":
            return http.client.HTTPConnection(host, where.port, timeout=PATIENCE_S)
        try:
            context = ssl.create_default_context(cafile=self.authority)
        except OSError as error:
            told = (error.strerror or str(error)).lower()
            raise NotAsked(f"`{self.authority}` holds no certificates to trust: {told}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(host, where.port, timeout=PATIENCE_S, context=context)

    def _token(self) -> str:
        from adapters.publishing.keys import Unfit, private_bytes

        if self.token_file is None:
            raise NotAsked("no token to say to the service: give the file that holds it with `--token FILE`")
        try:
            text = private_bytes(self.token_file).decode().strip()
        except Unfit as unfit:
            raise NotAsked(str(unfit)) from None
        except OSError as error:
            raise NotAsked(f"cannot read `{self.token_file}`: {(error.strerror or str(error)).lower()}") from None
        except UnicodeDecodeError:
            text = ""
        if not text.isascii() or not text.isprintable() or not text or " " in text:
            raise NotAsked(f"`{self.token_file}` holds no token: it is the one line that `bascule token` prints")
        return text
