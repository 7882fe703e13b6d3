"""Records that must end in dead.letters, each with the code that the codec or the lane gives it."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count, cycle

from tests.support.messages import Message, changed

_numbers = count(1)


def _value(code: str, value: bytes | None) -> Callable[[Message], Message]:
    return lambda message: replace(message, value=value).expecting(code)


def _header(code: str, name: str, value: bytes | None) -> Callable[[Message], Message]:
    return lambda message: message.header(name, value).expecting(code)


def _field(code: str, **fields: object) -> Callable[[Message], Message]:
    return lambda message: replace(message, value=changed(message.value, **fields)).expecting(code)


def _many_headers(message: Message) -> Message:
    more = tuple((f"x-{n}", b"x") for n in range(80))
    return replace(message, headers=(*message.headers, *more)).expecting("TOO_MANY_HEADERS")


KINDS: tuple[Callable[[Message], Message], ...] = (
    _value("BAD_JSON", b'{"area": '),
    _value("BAD_UTF8", b'{"area": "\xff\xfe"}'),
    _value("TOMBSTONE", None),
    _value("TOO_DEEP", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}"),
    _value("TOO_LARGE", b" " * 1_100_000),
    _field("NUL", text="a\x00b"),
    _field("SCHEMA", area=42),
    _field("UNKNOWN_AREA", area="999900"),
    _header("UNKNOWN_TYPE", "ce_type", b"nothing.known.v1"),
    _header("WRONG_TOPIC", "ce_type", b"register.agreement.v1"),
    _header("MISSING_HEADER", "ce_source", None),
    _header("BAD_SPECVERSION", "ce_specversion", b"0.3"),
    _header("BAD_TIME", "ce_time", b"yesterday"),
    _header("BAD_CONTENT_TYPE", "content-type", b"text/plain"),
    _many_headers,
)
_turn = cycle(KINDS)


def poisoned(message: Message) -> Message:
    """A record like this one, under an identity of its own, that cannot be applied."""
    own = message.header("ce_id", f"poison-{message.area}-{next(_numbers)}".encode())
    return next(_turn)(own)


def conflicting(message: Message) -> Message:
    """The identity of this record with other content."""
    return replace(message, value=changed(message.value, x_other=True)).expecting("ID_CONFLICT")
