"""Bytes to inputs: whatever arrives, decoding ends in a typed input or in a machine code."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.base import INPUTS
from schemas.codec import MAX_DEPTH, MAX_VALUE_BYTES, Readable, Unreadable, decode, digest, encode
from schemas.inputs.registers import DistrictRegistered
from schemas.topics import INPUT_TOPICS, REGISTERS

TYPE = DistrictRegistered.TYPE
GOOD = {"area": "420100", "district": "420101", "name": "武昌"}


def headers(**changes: bytes | None) -> list[tuple[str, bytes | None]]:
    base: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": b"1",
        "ce_source": b"/cad",
        "ce_type": TYPE.encode(),
        **changes,
    }
    return list(base.items())


def code(value: bytes | None, topic: str = REGISTERS, **changes: bytes | None) -> str:
    read = decode(topic, headers(**changes), value)
    return read.code if isinstance(read, Unreadable) else "READ"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["420100", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(INPUT_TOPICS),
    st.lists(
        st.tuples(st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_time", "x", ""]), st.none() | st.binary()),
        max_size=9,
    ),
    st.none() | st.binary(max_size=300),
)
def test_no_bytes_make_decoding_raise(topic: str, odd: list[tuple[str, bytes | None]], value: bytes | None) -> None:
    for given_headers in (odd, [*headers(), *odd], headers()):
        read = decode(topic, given_headers, value)
        assert isinstance(read, Readable) or (read.code and read.path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(INPUTS)), st.dictionaries(st.text(max_size=8), JSON, max_size=3), st.data())
def test_no_json_makes_decoding_raise(type: str, odd: dict[str, object], data: st.DataObject) -> None:
    """Every input type, its own field names, values of any kind."""
    cls = INPUTS[type]
    fields = {name: data.draw(JSON, label=name) for name in cls.model_fields}
    value = json.dumps({**fields, **odd, "area": "420100"}).encode("utf-8", "surrogatepass")
    read = decode(cls.TOPIC, headers(ce_type=type.encode()), value)
    if isinstance(read, Readable):
        assert isinstance(read.event, cls)
        again = decode(cls.TOPIC, headers(ce_type=type.encode()), encode(read.event))
        assert isinstance(again, Readable)
        assert again.event == read.event


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", "BAD_JSON"),
        (b"[]", "BAD_JSON"),
        (b"{", "BAD_JSON"),
        (b'{"a":NaN}', "BAD_JSON"),
        (b'{"a":-Infinity}', "BAD_JSON"),
        (b"\xef\xbb\xbf{}", "BAD_JSON"),
        (b'{"a":"\xff"}', "BAD_UTF8"),
        (b'{"a":"\xed\xa0\x80"}', "BAD_UTF8"),
        (json.dumps({**GOOD, "x": "\ud800"}).encode(), "BAD_JSON"),
        (json.dumps({**GOOD, "x": "\x00"}).encode(), "NUL"),
        (json.dumps({**GOOD, "\x00": 1}).encode(), "NUL"),
        (json.dumps({**GOOD, "x": [[[{"y": "a\x00"}]]]}).encode(), "NUL"),
        (b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", "TOO_DEEP"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "TOO_DEEP"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "TOO_DEEP"),
        (b" " * (MAX_VALUE_BYTES + 1), "TOO_LARGE"),
        (None, "TOMBSTONE"),
        (b"{}", "SCHEMA"),
        (json.dumps({**GOOD, "district": 420101}).encode(), "SCHEMA"),
        (json.dumps({**GOOD, "area": "420101"}).encode(), "SCHEMA"),
        (b'{"area":"420100","district":"420101","name":' + b"9" * 5000 + b"}", "BAD_JSON"),
    ],
)
def test_each_fault_has_its_code(value: bytes | None, expected: str) -> None:
    assert code(value) == expected


def test_what_is_as_deep_and_as_large_as_allowed_is_read() -> None:
    inner: object = 1
    for _ in range(MAX_DEPTH - 1):
        inner = [inner]
    value = json.dumps({**GOOD, "x": inner}).encode()
    assert code(value) == "READ"
    assert code(value + b" " * (MAX_VALUE_BYTES - len(value))) == "READ"


def test_type_and_topic_must_fit() -> None:
    value = json.dumps(GOOD).encode()
    assert code(value, ce_type=b"nothing.known.v1") == "UNKNOWN_TYPE"
    assert code(value, topic="alerts") == "WRONG_TOPIC"


def test_a_schema_fault_names_the_field() -> None:
    read = decode(REGISTERS, headers(), json.dumps({**GOOD, "travel_minutes": {"420102": "soon"}}).encode())
    assert isinstance(read, Unreadable)
    assert read.path == "travel_minutes.420102"


def test_unknown_fields_are_ignored_and_named() -> None:
    read = decode(REGISTERS, headers(), json.dumps({**GOOD, "zz": 1, "aa": {"b": 2}}).encode())
    assert isinstance(read, Readable)
    assert read.unknown == ("aa", "zz")


@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59-14:00")
@example("1969-12-30T23:59:59Z")
@given(st.text(max_size=40))
def test_no_time_makes_decoding_raise(text: str) -> None:
    from schemas.inputs.clock import ClockAdvanced

    value = json.dumps({"area": "420100", "to": text}).encode("utf-8", "surrogatepass")
    read = decode(ClockAdvanced.TOPIC, headers(ce_type=ClockAdvanced.TYPE.encode()), value)
    if isinstance(read, Readable):
        assert isinstance(read.event, ClockAdvanced)
        assert datetime(1969, 12, 30, tzinfo=UTC) < read.event.to < datetime(9000, 1, 3, tzinfo=UTC)


def test_the_digest_tells_contents_and_types_apart() -> None:
    assert digest("a.v1", b"{}") == digest("a.v1", b"{}")
    assert len({digest("a.v1", b"{}"), digest("b.v1", b"{}"), digest("a.v1", b"{} ")}) == 3
