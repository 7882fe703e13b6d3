"""A record as an upstream system sends it, and what the sender knows about it."""

import json
from dataclasses import dataclass, replace
from itertools import count

from schemas.base import InputEvent
from schemas.codec import encode
from streams.domain.directives.signing import KeyPair, sign

EXPECT = "x-test-expect"
"""Header by which a checker that reads only topics learns what the sender meant: `valid`, or a dead-letter code."""
VALID = "valid"
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One record. `system` is the sending system: it decides which producer takes it."""

    topic: str
    area: str
    value: bytes | None
    headers: Headers
    system: str

    @property
    def expect(self) -> str:
        """What the sender means to happen."""
        return dict(self.headers)[EXPECT].decode()

    @property
    def type(self) -> str:
        """Its CloudEvents type."""
        return (dict(self.headers)["ce_type"] or b"").decode()

    def header(self, name: str, value: bytes | None) -> "Message":
        """The same record with one header set, or taken away."""
        rest = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=rest if value is None else (*rest, (name, value)))

    def expecting(self, what: str) -> "Message":
        """The same record with another expectation."""
        return self.header(EXPECT, what.encode())


class Writer:
    """Numbers the records of one system, so that no identity is used twice."""

    def __init__(self, system: str, prefix: str) -> None:
        self.system = system
        self._ids = (f"{prefix}-{n}" for n in count(1))

    def write(self, event: InputEvent, *, key: KeyPair | None = None) -> Message:
        """The record of an event; signed where a key is given."""
        value = encode(event)
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", next(self._ids).encode()),
            ("ce_source", f"/test/{self.system}".encode()),
            ("ce_type", event.TYPE.encode()),
            ("content-type", b"application/json"),
            (EXPECT, VALID.encode()),
        ]
        if key is not None:
            headers.append(("ce_signature", sign(value, key).encode()))
        return Message(event.TOPIC, event.area, value, tuple(headers), self.system)


def changed(value: bytes | None, **fields: object) -> bytes:
    """A record's JSON with some fields replaced."""
    return json.dumps({**json.loads(value or b"{}"), **fields}, ensure_ascii=False).encode()
