"""Keys of a scenario's people: made from the person's id, so a file needs no secrets and a drill none either.

They sign in exercise realms only; nobody registers them in the actual realm.
"""

import base64
import hashlib
import json
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SALT = b"liandong scenario key\x00"


@cache
def _key(person: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_SALT + person.encode()).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_key(person: str) -> str:
    """The `x` of the person's Ed25519 key (RFC 8037)."""
    return _text(_key(person).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def sign(person: str, value: bytes, kid: str | None = None) -> str:
    """Detached JWS (RFC 7515 appendix F) of a directive's bytes with the person's key."""
    header = json.dumps({"alg": "EdDSA", "kid": kid or f"{person}-1"}, separators=(",", ":")).encode()
    signing_input = f"{_text(header)}.{_text(value)}".encode()
    return f"{_text(header)}..{_text(_key(person).sign(signing_input))}"
