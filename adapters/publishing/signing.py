"""Who signs: a key that the trust knows, and so the owner whose signature it makes."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from adapters.publishing.candidates import Unpublishable
from adapters.publishing.keys import SigningKey
from engine.published import Signature, Trust


@dataclass(frozen=True, slots=True)
class Signer:
    """An owner, the key that they sign with, and the trust that they sign under."""

    owner: str
    key: SigningKey
    trust: Trust

    def sign(self, message: bytes) -> Signature:
        """The signature of a message."""
        return Signature(
            self.owner, self.key.id, base64.b64encode(self.key.sign(self.trust.bound(message))).decode("ascii")
        )


def signer_of(key: SigningKey, trust: Trust) -> Signer:
    """Whose key it is. Raises `Unpublishable` where the trust does not know it."""
    known = trust.keys.get(key.id)
    if known is None or known.public != key.public:
        owners = ", ".join(sorted(one.owner for one in trust.keys.values()))
        raise Unpublishable(
            f"the key {key.id} is of none of those who are trusted ({owners}): its signature counts for nothing"
        )
    return Signer(known.owner, key, trust)
