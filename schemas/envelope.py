"""CloudEvents 1.0 in Kafka binary mode: attributes are headers `ce_*`, the record's value is the data.

Extensions: `correlationid` (incident), `causationid` (the input that caused it), `sequence` (per area, gapless),
`recordedtime`, `actor`, `traceparent`, `chain` (hash chain head), `signature` (detached JWS of a directive),
`virtualtime` (exercise realms).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

SPECVERSION = "1.0"
CONTENT_TYPE = "application/json"
REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type")
MAX_HEADERS = 64
MAX_ATTRIBUTE_BYTES = 4096
MAX_ID_CHARS = 256
TIMER_SOURCE = "liandong/timer"
SHELL_SOURCE = "liandong/shell"
RESERVED_SOURCES = frozenset({TIMER_SOURCE, SHELL_SOURCE})
"""What Liandong itself puts on record beside inputs: no sender may speak under these names."""

Headers = Sequence[tuple[str, bytes | None]]


class EnvelopeError(ValueError):
    """The headers are no CloudEvents envelope; `code` is for machines, `path` names the header."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.path = path


@dataclass(frozen=True, slots=True)
class Envelope:
    """Context attributes of one message. `source` + `id` identify it."""

    id: str
    source: str
    type: str
    time: datetime | None = None
    subject: str | None = None
    traceparent: str | None = None
    actor: str | None = None
    signature: str | None = None
    virtualtime: datetime | None = None


def _text(name: str, value: bytes | None) -> str:
    if value is None or len(value) > MAX_ATTRIBUTE_BYTES:
        raise EnvelopeError("BAD_HEADER", name, "header is null or longer than 4096 bytes")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise EnvelopeError("BAD_HEADER", name, "header is not UTF-8") from None
    if "\x00" in text:
        raise EnvelopeError("BAD_HEADER", name, "header contains NUL")
    return text


def parse_time(text: str) -> datetime:
    """An RFC 3339 instant with offset, as UTC. Raises ValueError."""
    value = datetime.fromisoformat(text)
    if value.utcoffset() is None:
        raise ValueError("time without offset")
    return value.astimezone(UTC)


def _time(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise EnvelopeError("BAD_TIME", name, "not an RFC 3339 time with offset") from None


def _attributes(headers: Headers) -> dict[str, str]:
    if len(headers) > MAX_HEADERS:
        raise EnvelopeError("TOO_MANY_HEADERS", "headers", f"more than {MAX_HEADERS} headers")
    found: dict[str, str] = {}
    for name, value in headers:
        if name.startswith("ce_") or name == "content-type":
            if name in found:
                raise EnvelopeError("BAD_HEADER", name, "header is there twice")
            found[name] = _text(name, value)
    return found


def _check(found: dict[str, str]) -> None:
    for name in REQUIRED:
        if not found.get(name):
            raise EnvelopeError("MISSING_HEADER", name, "required CloudEvents attribute is missing")
        if len(found[name]) > MAX_ID_CHARS:
            raise EnvelopeError("BAD_HEADER", name, f"longer than {MAX_ID_CHARS} characters")
    if any(char.isspace() for char in found["ce_source"]) or found["ce_source"] in RESERVED_SOURCES:
        raise EnvelopeError("BAD_HEADER", "ce_source", "no URI reference, or a source that only we may use")
    if found["ce_specversion"] != SPECVERSION:
        raise EnvelopeError("BAD_SPECVERSION", "ce_specversion", "only CloudEvents 1.0 is read")
    if found.get("content-type", CONTENT_TYPE).split(";")[0].strip().lower() != CONTENT_TYPE:
        raise EnvelopeError("BAD_CONTENT_TYPE", "content-type", "only application/json is read")


def read(headers: Headers) -> Envelope:
    """The envelope of a record, or EnvelopeError: MISSING_HEADER, BAD_HEADER, TOO_MANY_HEADERS, ..."""
    found = _attributes(headers)
    _check(found)
    return Envelope(
        id=found["ce_id"],
        source=found["ce_source"],
        type=found["ce_type"],
        time=_time("ce_time", found.get("ce_time")),
        subject=found.get("ce_subject"),
        traceparent=found.get("ce_traceparent"),
        actor=found.get("ce_actor"),
        signature=found.get("ce_signature"),
        virtualtime=_time("ce_virtualtime", found.get("ce_virtualtime")),
    )


def write(attributes: dict[str, str | None]) -> list[tuple[str, bytes]]:
    """Headers of attributes (names without `ce_`), in a fixed order; absent ones are left out."""
    headers = [("ce_specversion", b"1.0"), ("content-type", b"application/json")]
    headers += [("ce_" + name, value.encode()) for name, value in attributes.items() if value is not None]
    return headers


@lru_cache(maxsize=1024)
def stamp(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC, always with microseconds, so that text order is time order."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
