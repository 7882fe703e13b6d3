"""Detached JWS over the record's bytes: nothing else is ever accepted."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.directives.signing import UnreadableSignatureError, key_from_seed, key_id, sign, verify

KEY = key_from_seed("a", "k-1")
OTHER = key_from_seed("b", "k-1")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def header(**fields: object) -> str:
    return b64(json.dumps(fields).encode())


def test_the_same_seed_gives_the_same_key_everywhere() -> None:
    assert key_from_seed("a", "k-1") == KEY
    assert KEY.x == "b--ag0QjS-YRPsixaDmDj4PK3hWrloetn2ZENSp5luY"


def test_a_signature_names_its_key_and_leaves_the_payload_out() -> None:
    signature = sign(b"{}", KEY)
    assert key_id(signature) == "k-1"
    assert signature.split(".")[1] == ""


@given(st.binary(min_size=1, max_size=2000))
@settings(max_examples=40, deadline=None)
def test_a_signature_covers_exactly_the_bytes_it_was_made_for(claims: bytes) -> None:
    signature = sign(claims, KEY)
    assert verify(claims, signature, KEY.x)
    assert not verify(claims + b" ", signature, KEY.x)
    assert not verify(claims, signature, OTHER.x)


def test_the_former_name_of_the_algorithm_is_understood() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    protected = header(alg="EdDSA", kid="k-1")
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(KEY.d + "="))
    signed = private.sign(f"{protected}.{b64(b'{}')}".encode())
    assert verify(b"{}", f"{protected}..{b64(signed)}", KEY.x)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "..",
        "a.b",
        "a.b.c",
        "....",
        sign(b"{}", KEY).replace("..", f".{b64(b'{}')}."),
        header(alg="none", kid="k-1") + "..",
        header(alg="HS256", kid="k-1") + "..AAAA",
        header(alg="Ed25519") + "..AAAA",
        header(alg="Ed25519", kid=1) + "..AAAA",
        header(alg="Ed25519", kid="k-1", b64=False, crit=["b64"]) + "..AAAA",
        header(alg="Ed25519", kid="k-1", jwk={"x": KEY.x}) + "..AAAA",
        b64(b"[]") + "..AAAA",
        b64(b'"alg"') + "..AAAA",
        b64(b"\xff\xfe") + "..AAAA",
        b64(b"[" * 300) + "..AAAA",
        header(alg="Ed25519", kid="k" * 2000) + "..AAAA",
    ],
)
def test_anything_but_a_detached_ed25519_signature_is_unreadable(signature: str) -> None:
    with pytest.raises(UnreadableSignatureError):
        key_id(signature)
    assert not verify(b"{}", signature, KEY.x)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    assert not verify(b"{}", text, KEY.x)
    assert not verify(b"{}", sign(b"{}", KEY)[:-8] + text, KEY.x)


@pytest.mark.parametrize("x", ["", "A", "A" * 43, "!" * 43, "ü"])
def test_a_broken_public_key_verifies_nothing(x: str) -> None:
    assert not verify(b"{}", sign(b"{}", KEY), x)
