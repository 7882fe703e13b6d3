"""Signatures of directives: a detached JWS (RFC 7515 appendix F) over exactly the record's bytes, Ed25519.

Header `ce_signature` carries `<protected header>..<signature>`, both base64url. The protected header is
`{"alg":"Ed25519","kid":"<key id>"}` (RFC 9864; the older name `EdDSA` of RFC 8037 means the same here). What is
signed is `<protected header>.<base64url of the record's value>`, the plain form of RFC 7515 that every JOSE library
has; `b64: false` of RFC 7797 is not used. Realm, area, directive id and expiry are claims inside the value.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

LONGEST_SIGNATURE = 1024
ALGORITHMS = ("Ed25519", "EdDSA")


class _Registry(jws.JWSRegistry):
    """Ed25519 under its present name and under its former one, and nothing else."""

    algorithms = dict.fromkeys(ALGORITHMS, jws.JWSRegistry.algorithms["Ed25519"])


_REGISTRY = _Registry(algorithms=ALGORITHMS)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A signing key: `d` is secret (base64url of the 32-byte seed), `x` goes into the authority register."""

    kid: str
    x: str
    d: str


class UnreadableSignatureError(ValueError):
    """The text is not a detached JWS of the form that directives carry."""


def key_from_seed(seed: str, kid: str) -> KeyPair:
    """The key pair that belongs to a seed text: fixtures and exercises have the same keys everywhere.

    Never for the actual realm: whoever knows the seed can sign.
    """
    derivation = {"salt": b"liandong directive key", "info": b"Ed25519"}
    jwk = OKPKey.derive_key(seed, "Ed25519", kdf_name="HKDF", kdf_options=dict(derivation)).as_dict(private=True)
    return KeyPair(kid=kid, x=str(jwk["x"]), d=str(jwk["d"]))


def sign(claims: bytes, key: KeyPair) -> str:
    """The value of header `ce_signature` for these bytes."""
    secret = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key.x, "d": key.d})
    header = {"alg": "Ed25519", "kid": key.kid}
    return jws.detach_content(jws.serialize_compact(header, claims, secret, registry=_REGISTRY))


def key_id(signature: str) -> str:
    """The `kid` that the signature names.

    Raises:
        UnreadableSignatureError: not a detached JWS with exactly `alg` and `kid` in its protected header. An attached
            payload, which a library would check instead of the record, is refused here.
    """
    protected, detached, _ = signature.partition("..")
    if len(signature) > LONGEST_SIGNATURE or not detached or signature.count(".") != len(detached):
        raise UnreadableSignatureError("not a detached JWS")
    try:
        header: Any = json.loads(base64.b64decode(_padded(protected), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UnreadableSignatureError("its protected header is not base64url JSON") from error
    if not isinstance(header, dict) or set(header) != {"alg", "kid"}:
        raise UnreadableSignatureError("its protected header must state alg and kid, and nothing else")
    if header["alg"] not in ALGORITHMS or not isinstance(header["kid"], str):
        raise UnreadableSignatureError("alg must be Ed25519")
    kid: str = header["kid"]
    return kid


def verify(claims: bytes, signature: str, x: str) -> bool:
    """Whether the signature covers these bytes under the public key `x` (base64url, RFC 8037)."""
    try:
        key_id(signature)
        jws.deserialize_compact(signature, _public(x), registry=_REGISTRY, payload=claims)
    except (JoseError, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def _public(x: str) -> OKPKey:
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
