"""The trust file: whose signatures count, one key an owner, and whether two must sign.

Rules kept here: to require no signature has to be said, a file can never say it; whatever is not as it must be is told
with its place, and then nothing is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from adapters.publishing.keys import Unfit, key_id, read_public, verify
from engine.published import Trust, TrustedKey
from rules.diagnostics import Diagnostics, Refused
from rules.documents.kinds import Document
from rules.documents.sections import Strict
from rules.documents.shape import Shaped, shaped
from rules.yaml_reader import MAX_BYTES, read_yaml

Owner = Annotated[str, Field(min_length=1, max_length=64)]


class TrustSpec(Strict):
    """Whose signatures count."""

    keys: Annotated[dict[Owner, str], Field(min_length=1, max_length=200)] = Field(
        description="The public key of each owner, as `bascule key show` prints it."
    )
    four_eyes: bool = Field(description="Whether two owners must sign.")


class TrustDocument(Document):
    """Whose signatures a published policy must have."""

    kind: Literal["Trust"]
    spec: TrustSpec


KINDS: Mapping[str, type[Document]] = MappingProxyType({"Trust": TrustDocument})


def unsigned() -> Trust:
    """What is said by asking for no signature at all."""
    return Trust({}, four_eyes=False, verify=verify)


def read_trust(path: Path) -> Trust:
    """The trust that a file declares. Raises `Refused` with every finding, and OSError."""
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    found = Diagnostics()
    read = read_yaml(str(path), raw)
    found.extend(read.diagnostics)
    document = None if read.root is None else shaped(read.source, read.root, found, KINDS)
    keys = {} if document is None else _keys(document, found)
    if document is None or found.errors:
        raise Refused(found)
    assert isinstance(document.model, TrustDocument)
    return Trust(keys, document.model.spec.four_eyes, verify, document.model.metadata.name)


def _keys(document: Shaped, found: Diagnostics) -> dict[str, TrustedKey]:
    """The keys by their ids; every fault is reported."""
    assert isinstance(document.model, TrustDocument)
    spec = document.model.spec
    keys: dict[str, TrustedKey] = {}
    for owner, text in spec.keys.items():
        if owner != owner.strip() or not owner.isprintable():
            found.error(
                "document-value",
                document.key_span("spec", "keys", owner),
                "an owner's name has a space at an end, or a character that cannot be seen",
                expected="a name as a person would type it",
            )
        _add_key(owner, text, document, keys, found)
    if spec.four_eyes and len(spec.keys) < 2:
        found.error(
            "document-value",
            document.span("spec", "four_eyes"),
            "two owners must sign, and there is one",
            expected="the keys of at least two owners",
            remedy="another key under `keys`, or `four_eyes: false`",
        )
    return keys


def _add_key(owner: str, text: str, document: Shaped, keys: dict[str, TrustedKey], found: Diagnostics) -> None:
    place = document.span("spec", "keys", owner)
    try:
        public = read_public(text)
    except Unfit as unfit:
        found.error(
            "document-value",
            place,
            f"this is no public key: {unfit}",
            expected="`ed25519:` and 44 digits in base64",
            remedy="what `bascule key show` prints for the key of this owner",
        )
        return
    other = keys.setdefault(key_id(public), TrustedKey(owner, public))
    if other.owner != owner:
        found.error(
            "document-value",
            place,
            f"`{owner}` has the key of `{other.owner}`",
            expected="a key of their own for each owner, or one person could sign as two",
            remedy="what `bascule key show` prints for the key of this owner",
            notes=[(document.span("spec", "keys", other.owner), "the other one")],
        )
