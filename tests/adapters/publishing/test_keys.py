"""Keys: what verifies, which texts and files are keys, and which are refused."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.publishing.keys import (
    Unfit,
    key_id,
    new_key,
    public_text,
    read_key,
    read_public,
    verify,
    write_key,
)
from tests.adapters.publishing.desk import key_of

KEY = key_of("ann")
SIGNED = KEY.sign(b"message")
# RFC 8032, 7.1, test 2
RFC_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def never() -> str:
    raise AssertionError("no passphrase was needed")


@pytest.mark.parametrize(
    ("public", "signature", "message", "holds"),
    [
        (KEY.public, SIGNED, b"message", True),
        (RFC_PUBLIC, RFC_SIGNATURE, b"\x72", True),
        (RFC_PUBLIC, RFC_SIGNATURE, b"\x73", False),
        (KEY.public, SIGNED, b"messagE", False),
        (KEY.public, SIGNED[:-1], b"message", False),
        (KEY.public, SIGNED + b"\0", b"message", False),
        (KEY.public, b"", b"message", False),
        (key_of("bob").public, SIGNED, b"message", False),
        (KEY.public[:-1], SIGNED, b"message", False),
        (b"", SIGNED, b"message", False),
        (b"\xff" * 32, SIGNED, b"message", False),
    ],
    ids=lambda value: hashlib.sha256(value).hexdigest()[:6] if isinstance(value, bytes) else str(value),
)
def test_verify(public: bytes, signature: bytes, message: bytes, holds: bool) -> None:
    assert verify(public, signature, message) is holds


def test_a_public_key_as_text() -> None:
    assert read_public(public_text(KEY.public)) == KEY.public
    assert key_id(RFC_PUBLIC) == "39f713d0a644253f"
    assert len(KEY.id) == 16


B64 = base64.b64encode(RFC_PUBLIC).decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (B64, "does not begin"),
        (f"ED25519:{B64}", "does not begin"),
        (f"ed25519: {B64}", "not base64"),
        (f"ed25519:{B64}\n", "not base64"),
        (f"ed25519:{B64[:-1]}", "not base64"),
        ("ed25519:\u00e9", "not base64"),
        ("ed25519:", "0 bytes"),
        (f"ed25519:{base64.b64encode(RFC_PUBLIC[1:]).decode()}", "31 bytes"),
        (f"ed25519:{B64[:-2]}{chr(ord(B64[-2]) + 1)}=", "last digit"),
    ],
)
def test_what_is_no_public_key(text: str, found: str) -> None:
    with pytest.raises(Unfit, match=found):
        read_public(text)


@pytest.mark.parametrize("passphrase", ["", "a horse"])
def test_a_key_file(tmp_path: Path, passphrase: str) -> None:
    path = tmp_path / "ann.pem"
    write_key(path, KEY, passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"ENCRYPTED" in path.read_bytes()) is bool(passphrase)
    found = read_key(path, (lambda: passphrase) if passphrase else never)
    assert (found.public, found.sign(b"message")) == (KEY.public, SIGNED)
    with pytest.raises(Unfit, match="never written over"):
        write_key(path, new_key(), "")


def test_a_key_file_is_its_owners_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_key(tmp_path / "ann.pem", KEY, "")
    finally:
        os.umask(before)
    assert (tmp_path / "ann.pem").stat().st_mode & 0o777 == 0o600


def test_another_passphrase_opens_nothing(tmp_path: Path) -> None:
    write_key(tmp_path / "ann.pem", KEY, "a horse")
    for wrong in ("a mule", ""):
        with pytest.raises(Unfit, match="does not open with this passphrase"):
            read_key(tmp_path / "ann.pem", lambda wrong=wrong: wrong)  # type: ignore[misc]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ann.pem"
    write_key(path, KEY, "")
    path.chmod(mode)
    with pytest.raises(Unfit, match=f"mode {mode:04o}.*chmod 600"):
        read_key(path, never)


OTHER_KIND = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "no private key"), (b"secret", "no private key"), (OTHER_KIND, "another kind than ed25519")],
    ids=["empty", "a word", "another kind"],
)
def test_what_is_no_key_file(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "ann.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Unfit, match=found) as refused:
        read_key(path, never)
    assert "secret" not in str(refused.value).replace(str(path), "")
    with pytest.raises(Unfit, match="no file"):
        read_key(tmp_path, never)


def test_a_new_key_is_nobody_elses() -> None:
    one, other = new_key(), new_key()
    assert one.public != other.public
    assert verify(one.public, one.sign(b"message"), b"message")


def test_a_key_does_not_show_itself() -> None:
    assert "private" not in repr(KEY)
