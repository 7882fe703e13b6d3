"""Bytes to typed inputs and back. What cannot be read becomes `Unreadable`: a machine code and a field path."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from schemas import inputs, outputs
from schemas.base import INPUTS, OUTPUTS, InputEvent, OutputEvent
from schemas.envelope import Envelope, EnvelopeError, Headers, read

MAX_VALUE_BYTES = 1024 * 1024
"""No message of ours comes near it; larger ones are dead letters (the topics accept 6 MiB, so nobody is cut off)."""
MAX_DEPTH = 64

inputs.load()
outputs.load()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a record cannot be read. `envelope` is there when the headers at least made sense."""

    code: str
    path: str
    message: str
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Readable:
    """A decoded input, its envelope, the digest that tells a repetition from a conflict, and unknown field names."""

    event: InputEvent
    envelope: Envelope
    digest: bytes
    unknown: tuple[str, ...] = ()


@cache
def _fields(cls: type[InputEvent]) -> frozenset[str]:
    return frozenset(cls.model_fields)


def _too_deep(value: Any, room: int) -> bool:
    if isinstance(value, dict):
        return room == 0 or any(_too_deep(item, room - 1) for item in value.values())
    if isinstance(value, list):
        return room == 0 or any(_too_deep(item, room - 1) for item in value)
    return False


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in key or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)


class _BadError(ValueError):
    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.path = path


def _parse(value: bytes) -> dict[str, Any]:
    try:
        value.decode("utf-8")
        tree = from_json(value, allow_inf_nan=False)
    except UnicodeDecodeError as error:
        raise _BadError("BAD_UTF8", f"byte {error.start}", "value is not UTF-8") from None
    except ValueError as error:
        code = "TOO_DEEP" if "recursion" in str(error) else "BAD_UTF8" if "surrogate" in str(error) else "BAD_JSON"
        raise _BadError(code, "$", str(error)) from None
    if not isinstance(tree, dict):
        raise _BadError("BAD_JSON", "$", "value is not a JSON object")
    if value.count(b"[") + value.count(b"{") > MAX_DEPTH and _too_deep(tree, MAX_DEPTH):
        raise _BadError("TOO_DEEP", "$", f"nested deeper than {MAX_DEPTH}")
    if b"u0000" in value and _has_nul(tree):
        raise _BadError("NUL", "$", "a string contains NUL")
    return tree


def _class_of(topic: str, envelope: Envelope, value: bytes | None) -> tuple[type[InputEvent], bytes]:
    if value is None:
        raise _BadError("TOMBSTONE", "$", "record has no value")
    if len(value) > MAX_VALUE_BYTES:
        raise _BadError("TOO_LARGE", "$", f"value has {len(value)} bytes, limit {MAX_VALUE_BYTES}")
    cls = INPUTS.get(envelope.type)
    if cls is None:
        raise _BadError("UNKNOWN_TYPE", "ce_type", f"no input type {envelope.type[:100]}")
    if topic != cls.TOPIC:
        raise _BadError("WRONG_TOPIC", "ce_type", f"{cls.TYPE} belongs to {cls.TOPIC}")
    return cls, value


def _validate(cls: type[InputEvent], value: bytes) -> InputEvent:
    try:
        return cls.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _BadError("SCHEMA", ".".join(map(str, first["loc"])) or "$", first["msg"]) from None
    except (ValueError, RecursionError, OverflowError) as error:
        raise _BadError("SCHEMA", "$", str(error)[:200]) from None


def decode(topic: str, headers: Headers, value: bytes | None) -> Readable | Unreadable:
    """Read one record of an input topic (name without prefix). Never raises."""
    try:
        envelope = read(headers)
    except EnvelopeError as error:
        return Unreadable(error.code, error.path, str(error))
    try:
        cls, data = _class_of(topic, envelope, value)
        tree = _parse(data)
        event = _validate(cls, data)
    except _BadError as error:
        return Unreadable(error.code, error.path, str(error), envelope)
    return Readable(event, envelope, digest(cls.TYPE, data), tuple(sorted(tree.keys() - _fields(cls))))


def digest(type: str, value: bytes) -> bytes:
    """Content identity of an input: its type and its bytes."""
    return sha256(type.encode() + b"\x00" + value).digest()


def encode(event: InputEvent | OutputEvent) -> bytes:
    """The data of an event as JSON bytes, fields in declaration order: the same event gives the same bytes."""
    return event.__pydantic_serializer__.to_json(event)


def decode_output(type: str, data: bytes) -> OutputEvent:
    """An event of ours back from the recorder or a topic. Raises KeyError or ValidationError: our own data is sound."""
    return OUTPUTS[type].model_validate_json(data)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, for digests of what has no fixed field order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
