"""Keys of a scenario's people: made from the person's id, so that a file needs no secrets and a drill none either.

They are registered in exercise realms only; whoever knows the id can sign.
"""

from functools import cache

from streams.domain.directives.signing import KeyPair, key_from_seed
from streams.domain.directives.signing import sign as sign_claims


@cache
def key_of(person: str) -> KeyPair:
    """The key pair of a person of a fixture."""
    return key_from_seed(f"scenario:{person}", f"{person}-1")


def sign(person: str, value: bytes, kid: str | None = None) -> str:
    """The signature of a directive's bytes with the person's key; `kid` claims another key's name."""
    key = key_of(person)
    return sign_claims(value, KeyPair(kid or key.kid, key.x, key.d))
