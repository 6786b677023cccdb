"""Real servers for the tests: Valkey from the wheel, Redis where the machine has it; each ended by its own id."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.stores import leash
from adapters.stores.embedded import valkey_program
from engine.store import StoreUnavailable

START = 10.0


def program(kind: str) -> str:
    """A server's program; the test is skipped where there is none."""
    if kind == "redis":
        found = shutil.which("redis-server")
        return found or pytest.skip("no redis-server on this machine: apt install redis-server")
    try:
        return str(valkey_program())
    except StoreUnavailable as error:
        return pytest.skip(str(error))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Server:
    """A server on a socket, and on a port that the system chose; what it holds is gone unless restarted with it."""

    def __init__(self, kind: str, *options: str, first: tuple[str, ...] = (), password: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bascule-test-"))
        self.socket, self.port = self.folder / "s", free_port()
        self._password = password
        self._program = (program(kind), *first)
        self._options = ["--bind", "127.0.0.1", "--unixsocket", str(self.socket), "--dir", str(self.folder)]
        self._options += ["--save", "", "--logfile", str(self.folder / "log"), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.socket}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        command = leash.command(*self._program, "--port", str(self.port), *self._options)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                log = self.folder / "log"
                raise AssertionError(log.read_text() if log.exists() else f"{command} did not start")
            time.sleep(0.005)  # until there is a socket, there is nothing to await

    def do(self, *command: str | bytes | int) -> Any:
        """What the server answers to a command, from a connection of its own."""
        with redis.Redis(unix_socket_path=str(self.socket), password=self._password, protocol=2) as client:
            return client.execute_command(*command)

    def pause(self) -> None:
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, *, with_data: bool) -> None:
        if with_data:
            self.do("SAVE")
        else:
            self.forget()
        self.kill()
        self.start()

    def forget(self) -> None:
        """What was saved is gone."""
        (self.folder / "dump.rdb").unlink(missing_ok=True)

    def until(self, command: tuple[str, ...], told: str) -> None:
        """Wait until an answer says something; the server has no way to tell by itself."""
        until = time.monotonic() + START
        while told not in str(self.do(*command)):
            assert time.monotonic() < until, f"{command}: {self.do(*command)}"
            time.sleep(0.01)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(7) in (b"+PONG\r\n", b"-NOAUTH")
        except OSError:
            return False


@contextmanager
def sentinel_of(primary: int, kind: str, service: str, *options: str, password: str | None = None) -> Iterator[Server]:
    """A sentinel that watches the primary on a port; it writes into its own file of settings."""
    with tempfile.TemporaryDirectory(prefix="bascule-test-") as folder:
        settings = Path(folder) / "sentinel.conf"
        settings.write_text(f"sentinel monitor {service} 127.0.0.1 {primary} 1\n")
        first = (str(settings), "--sentinel")
        with Server(kind, *options, first=first, password=password) as sentinel:
            sentinel.until(("SENTINEL", "MASTER", service), "master")
            yield sentinel


@contextmanager
def silent_port() -> Iterator[int]:
    """A port where connections are taken, and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


@contextmanager
def cluster_of_two(kind: str) -> Iterator[tuple[Server, Server]]:
    """The node that serves every slot, and one that serves none."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port")
    with Server(kind, *options, str(free_port())) as owner:
        bus = str(free_port())
        with Server(kind, *options, bus) as other:
            owner.do("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            owner.do("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
            for node in (owner, other):
                node.until(("CLUSTER", "INFO"), "cluster_state:ok")
            other.until(("CLUSTER", "SLOTS"), str(owner.port))
            yield owner, other


@dataclass(frozen=True)
class Certificates:
    """An authority, and what it has given to a server on loopback: files."""

    authority: Path
    certificate: Path
    key: Path


def certificates(folder: Path) -> Certificates:
    """Certificates of an hour."""
    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority")])
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a server")])
    now = dt.datetime.now(dt.UTC)

    def signed(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *more: tuple[x509.ExtensionType, bool]) -> bytes:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
        for extension, critical in more:
            made = made.add_extension(extension, critical)
        return made.sign(ours, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    found = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    found.authority.write_bytes(signed(issuer, ours, (x509.BasicConstraints(ca=True, path_length=0), True)))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    found.certificate.write_bytes(signed(named, theirs, (names, False)))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found.key.write_bytes(theirs.private_bytes(*form))
    return found
