"""Keys that sign what is published: ed25519 (RFC 8032), the private half in a file that its owner alone may read.

Rules kept here: a file that others may read or write is no key; nothing of a private key is ever part of a message;
verifying never raises.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PREFIX = "ed25519:"
PUBLIC_BYTES = 32
MOST_BYTES = 65_536
"""Of a key file that are looked at."""
ID_DIGITS = 16


class Unfit(Exception):
    """A key that cannot be used; says why and what to do."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the public one (32 bytes) that verifies what it signs."""

    _private: Ed25519PrivateKey = field(repr=False)
    public: bytes

    @property
    def id(self) -> str:
        """The id of the key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message: 64 bytes."""
        return self._private.sign(message)

    def as_pem(self, passphrase: str) -> bytes:
        """The private key in PEM (PKCS #8), encrypted where there is a passphrase."""
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        )
        return self._private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def new_key() -> SigningKey:
    """A key that nobody else has."""
    return _of(Ed25519PrivateKey.generate())


def _of(private: Ed25519PrivateKey) -> SigningKey:
    return SigningKey(private, private.public_key().public_bytes_raw())


def key_id(public: bytes) -> str:
    """What a public key is called: the first 16 hex digits of its sha256."""
    return hashlib.sha256(public).hexdigest()[:ID_DIGITS]


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature of a message is that of a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_text(public: bytes) -> str:
    """A public key as it stands in a trust file."""
    return PREFIX + base64.b64encode(public).decode("ascii")


def read_public(text: str) -> bytes:
    """The public key of such a text. Raises `Unfit`."""
    if not text.startswith(PREFIX):
        raise Unfit(f"it does not begin with `{PREFIX}`")
    try:
        public = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise Unfit(f"what follows `{PREFIX}` is not base64") from None
    if len(public) != PUBLIC_BYTES:
        raise Unfit(f"it has {len(public)} bytes, and a key has {PUBLIC_BYTES}")
    if public_text(public) != text:
        raise Unfit("its last digit is not the one that its bytes have")
    return public


def write_key(path: Path, key: SigningKey, passphrase: str) -> None:
    """Write a private key to a new file of mode 0600 (PEM, PKCS #8), encrypted where there is a passphrase.

    Raises `Unfit` where there is a file already, and OSError.
    """
    pem = key.as_pem(passphrase)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Unfit(f"there is a file `{path}` already: a key is never written over, so give another name") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(pem)


def read_key(path: Path, passphrase: Callable[[], str]) -> SigningKey:
    """The private key of a file; the passphrase is asked for where it is encrypted. Raises `Unfit`, and OSError."""
    pem = private_bytes(path)
    try:
        private = serialization.load_pem_private_key(pem, None)
    except TypeError:  # it is encrypted
        private = _decrypted(path, pem, passphrase())
    except (ValueError, UnsupportedAlgorithm):
        raise Unfit(f"`{path}` holds no private key: make one with `bascule key new FILE`") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise Unfit(f"`{path}` holds a key of another kind than ed25519: make one with `bascule key new FILE`")
    return _of(private)


def _decrypted(path: Path, pem: bytes, passphrase: str) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unfit(f"`{path}` does not open with this passphrase") from None


def private_bytes(path: Path) -> bytes:
    """The content of a file that none but its owner may read or write."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Unfit(f"`{path}` is no file")
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(found.st_mode)
            raise Unfit(f"`{path}` may be read or written by others (mode {mode:04o}): say `chmod 600 {path}`")
        return os.read(descriptor, MOST_BYTES)
    finally:
        os.close(descriptor)
