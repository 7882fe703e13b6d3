"""One transaction's worth of decisions: what was decided, in the rows that will be stored. Does no I/O.

The lane locks heads and loads states; this module runs cascades on them and keeps heads, recorder rows and dead
letters in step. If anything raises, the lane throws the unit away and undoes the states.
"""

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.base import OutputEvent
from schemas.codec import Readable, Unreadable, digest, encode
from schemas.envelope import SHELL_SOURCE, TIMER_SOURCE
from schemas.inputs.directives import DirectiveIssued
from streams.domain.cascade import cascade
from streams.domain.context import Context, Happened, Received, TimerFired, Trigger
from streams.domain.state import AreaState
from streams.policy.model import Policy
from streams.runtime.records import Record
from streams.store.rows import EventRow, InputRow, LetterRow, event_id, link, origin

YEAR_9000_MS = 221_845_392_000_000


@dataclass(slots=True)
class Head:
    """An area's head while a transaction works on it."""

    area: str
    seq: int
    now: datetime
    chain: bytes
    published: int
    telemetry: int
    partition: int


@dataclass(slots=True)
class Unit:
    """What one transaction will store."""

    realm: str
    namespace: uuid.UUID
    heads: dict[str, Head] = field(default_factory=dict)
    states: dict[str, AreaState] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    inputs: list[InputRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    letters: list[LetterRow] = field(default_factory=list)
    decisions: list["Decision"] = field(default_factory=list)

    def decide(self, area: str, trigger: Trigger, cause: "Cause", now: datetime | None = None) -> list[OutputEvent]:
        """Run the cascade of one trigger and record it. `now` moves the area's time forward, never back."""
        started = time.perf_counter()
        head, state = self.heads[area], self.states[area]
        if now is not None and now > head.now:
            head.now = now
        state.now = head.now
        context = Context(area, self.realm, head.now, self.policies[area], trigger)
        causation = f"{cause.source} {cause.id}"
        base = f"{area} {causation} "
        recorded = InputRow(
            area,
            head.seq + 1,
            cause.source,
            cause.id,
            cause.type,
            cause.digest,
            head.now,
            cause.topic,
            cause.partition,
            cause.offset,
            cause.signature,
            cause.traceparent,
            cause.value,
        )
        content = origin(recorded)
        emitted: list[OutputEvent] = []
        for index, event in enumerate(cascade(state, context)):
            head.seq += 1
            row = EventRow(
                area,
                head.seq,
                event_id(self.namespace, base + str(index)),
                event.TYPE,
                event.TOPIC,
                event.key(area),
                event.subject(),
                event.incident,
                causation,
                cause.actor,
                cause.traceparent,
                head.now,
                b"",
                encode(event),
            )
            head.chain = link(head.chain, content, row)
            content = b""
            self.events.append(row._replace(chain=head.chain))
            emitted.append(event)
        self.inputs.append(recorded)
        self.decisions.append(Decision(area, cause, emitted, time.perf_counter() - started))
        return emitted

    def decide_input(self, record: Record, readable: Readable, now: datetime) -> list[OutputEvent]:
        """Decide a decoded record."""
        envelope, event = readable.envelope, readable.event
        value = record.value or b""
        trigger = Received(event, envelope.source, envelope.id, value, envelope.signature, readable.digest.hex())
        cause = Cause(
            envelope.source,
            envelope.id,
            event.TYPE,
            readable.digest,
            value,
            record.topic,
            record.partition,
            record.offset,
            envelope.signature,
            envelope.traceparent,
            event.issuer if isinstance(event, DirectiveIssued) else envelope.actor,
        )
        return self.decide(event.area, trigger, cause, now)

    def decide_timer(self, area: str, fired: TimerFired, now: datetime) -> list[OutputEvent]:
        """Decide a timer that fell due."""
        value = timer_value(fired)
        id = f"{fired.timer}#{self.heads[area].seq + 1}"
        return self.decide(
            area, fired, Cause(TIMER_SOURCE, id, "timer.fired", digest("timer.fired", value), value), now
        )

    def happened(self, area: str, event: OutputEvent, id: str, now: datetime | None = None) -> list[OutputEvent]:
        """Let the area know something the shell saw."""
        value = encode(event)
        cause = Cause(SHELL_SOURCE, id, event.TYPE, digest(event.TYPE, value), value)
        return self.decide(area, Happened(event, id), cause, now)

    def letter(self, record: Record, area: str | None, category: str, why: Unreadable, at: datetime) -> None:
        """Keep a record that cannot be applied, with its bytes."""
        headers = [
            [name, None if value is None else base64.b64encode(value).decode()] for name, value in record.headers
        ]
        self.letters.append(
            LetterRow(
                record.topic,
                record.partition,
                record.offset,
                area,
                category,
                why.code,
                plain(why.path, 2000),
                plain(why.message, 2000),
                at,
                record.timestamp,
                record.key,
                json.dumps(headers),
                record.value,
            )
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a decision comes from: an input's identity and bytes, a timer, or the shell itself."""

    source: str
    id: str
    type: str
    digest: bytes
    value: bytes
    topic: str = ""
    partition: int = -1
    offset: int = -1
    signature: str | None = None
    traceparent: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the log line and the metrics of one decision are made of."""

    area: str
    cause: Cause
    events: list[OutputEvent]
    seconds: float


def timer_value(fired: TimerFired) -> bytes:
    """A fired timer as the recorder keeps it."""
    what = {"timer": fired.timer, "kind": fired.kind, "ref": fired.ref, "due": fired.due.isoformat()}
    return json.dumps({**what, "incident": fired.incident, "lateness_ms": fired.lateness_ms}).encode()


def namespace(realm: str) -> uuid.UUID:
    """Namespace of a realm's event ids: uuid5(realm; area, source, id, index)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"liandong:{realm}")


def instant(timestamp_ms: int) -> datetime:
    """A Kafka timestamp as an instant; nonsense (negative, beyond year 9000) counts as the epoch."""
    if not 0 <= timestamp_ms < YEAR_9000_MS:
        return datetime.fromtimestamp(0, UTC)
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)


def plain(text: str, limit: int | None = None) -> str:
    """Text that PostgreSQL and our own models take: no NUL, no lone surrogates, bounded."""
    return text[:limit].replace("\x00", "�").encode("utf-8", "replace").decode()
