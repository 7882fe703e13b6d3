"""CloudEvents headers: what is read, what is refused with which code, and that writing is the inverse of reading."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import MAX_HEADERS, EnvelopeError, parse_time, read, stamp, write

GOOD: dict[str, bytes | None] = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/cad", "ce_type": b"t.v1"}
WORD = st.text(st.characters(exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"]), min_size=1, max_size=60)


def refusal(headers: list[tuple[str, bytes | None]]) -> tuple[str, str]:
    with pytest.raises(EnvelopeError) as error:
        read(headers)
    return error.value.code, error.value.path


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_source", "ce_type"])
def test_required_attributes_must_be_there_and_hold_something(name: str) -> None:
    assert refusal([(n, v) for n, v in GOOD.items() if n != name]) == ("MISSING_HEADER", name)
    assert refusal(list({**GOOD, name: b""}.items())) == ("MISSING_HEADER", name)
    assert refusal(list({**GOOD, name: None}.items())) == ("BAD_HEADER", name)
    assert refusal([*GOOD.items(), (name, b"again")]) == ("BAD_HEADER", name)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ce_id", b"\xff", "BAD_HEADER"),
        ("ce_id", b"a\x00", "BAD_HEADER"),
        ("ce_id", b"x" * 257, "BAD_HEADER"),
        ("ce_subject", b"x" * 4097, "BAD_HEADER"),
        ("ce_source", b"two words", "BAD_HEADER"),
        ("ce_source", b"liandong/timer", "BAD_HEADER"),
        ("ce_source", b"liandong/shell", "BAD_HEADER"),
        ("ce_specversion", b"0.3", "BAD_SPECVERSION"),
        ("content-type", b"text/plain", "BAD_CONTENT_TYPE"),
        ("ce_time", b"yesterday", "BAD_TIME"),
        ("ce_time", b"2026-01-01T00:00:00", "BAD_TIME"),
        ("ce_time", b"0001-01-01T00:00:00+14:00", "BAD_TIME"),
        ("ce_virtualtime", b"99999-01-01T00:00:00Z", "BAD_TIME"),
    ],
)
def test_bad_values_have_codes(name: str, value: bytes, code: str) -> None:
    assert refusal(list({**GOOD, name: value}.items())) == (code, name)


def test_too_many_headers_are_not_even_looked_at() -> None:
    assert refusal([*GOOD.items(), *((f"x{n}", b"") for n in range(MAX_HEADERS))]) == ("TOO_MANY_HEADERS", "headers")


def test_foreign_headers_are_nobodys_business() -> None:
    odd: list[tuple[str, bytes | None]] = [("x", b"\xff\x00"), ("x", None), ("", b"")]
    assert read([*GOOD.items(), *odd]).id == "1"


def test_content_type_parameters_are_allowed() -> None:
    assert read([*GOOD.items(), ("content-type", b"Application/JSON; charset=utf-8")]).source == "/cad"


@given(WORD, WORD, st.none() | WORD, st.none() | WORD)
def test_what_is_written_is_read_back(id: str, source: str, subject: str | None, actor: str | None) -> None:
    if source in {"liandong/timer", "liandong/shell"} or source.split() != [source]:
        return
    at = datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC)
    attributes = {"id": id, "source": source, "type": "t.v1", "time": stamp(at), "subject": subject, "actor": actor}
    envelope = read(write(attributes))  # type: ignore[arg-type]
    assert (envelope.id, envelope.source, envelope.time, envelope.subject, envelope.actor) == (
        id, source, at, subject, actor,
    )  # fmt: skip


@given(st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60))
def test_stamps_are_in_the_order_of_time(at: datetime, minutes: int) -> None:
    later = at + timedelta(microseconds=1) if at.year < 9999 else at
    assert stamp(at) <= stamp(later)
    assert parse_time(stamp(at)) == at
    if 2 < at.year < 9998:
        assert stamp(at.astimezone(timezone(timedelta(minutes=minutes)))) == stamp(at)
