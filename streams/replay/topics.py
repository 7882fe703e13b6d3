"""Folds what the topics hold: outputs give the state, inputs the content that the hash chain covers."""

import uuid
from itertools import groupby

from schemas.codec import digest
from schemas.envelope import SHELL_SOURCE, TIMER_SOURCE
from schemas.outputs.deadlines import DeadlineFell
from schemas.topics import INPUT_TOPICS
from streams.domain.core import Timer
from streams.domain.state import AreaState
from streams.replay.fold import Tick, apply
from streams.replay.proof import Proof
from streams.replay.recorded import Caused, DifferenceError, HeadRow
from streams.replay.wire import Wire
from streams.runtime.due import fired
from streams.runtime.unit import timer_value
from streams.store.rows import EventRow, InputRow, link, origin


class TopicFold:
    """Folds one area from its records."""

    def __init__(self, wire: Wire, head: HeadRow, namespace: uuid.UUID) -> None:
        self.unchecked = 0
        """Inputs that retention has removed: the chain goes on at their events, their own bytes are not checked."""
        self.state = AreaState(head.area, head.now)
        self._wire = wire
        self._head = head
        self._proof = Proof(head.area, namespace)

    def run(self, tick: Tick) -> AreaState:
        """The state that the topics fold to. Raises DifferenceError at the first record that is wrong or missing."""
        rows = self._rows()
        for causation, group in groupby(rows, key=lambda row: row.causation):
            events = tuple(group)
            self._take(causation, events)
            for row in events:
                apply(self.state, row)
            tick(len(events))
        self._proof.end(self._head)
        return self.state

    def _rows(self) -> list[EventRow]:
        events = self._wire.events[self._head.area]
        for seq in range(1, self._head.seq + 1):
            if seq not in events:
                raise DifferenceError(self._head.area, seq, f"no output topic has it{self._retention()}")
        return [events[seq] for seq in range(1, self._head.seq + 1)]

    def _retention(self) -> str:
        gone = sorted({position.topic for position, begin in self._wire.begins.items() if begin > 0})
        return f" (retention has removed records of {', '.join(gone)}: replay without --topics)" if gone else ""

    def _take(self, causation: str, events: tuple[EventRow, ...]) -> None:
        cause = self._cause(causation, events[0])
        if cause is None:
            self.unchecked += 1
            self._proof.trust(events)
        else:
            self._proof.take(Caused(cause._replace(seq=events[0].seq, now=events[0].now), events))

    def _cause(self, causation: str, first: EventRow) -> InputRow | None:
        source, _, id = causation.partition(" ")
        if source == TIMER_SOURCE:
            return _own(source, id, "timer.fired", self._timer(first), first)
        if source == SHELL_SOURCE:
            return _own(source, id, first.type, first.data, first)
        sent = self._wire.inputs.get((first.area, causation), [])
        fitting = [row for row in sent if link(self._proof.chain, origin(row), first) == first.chain]
        if fitting:
            return fitting[0]
        if sent:
            where = f"{sent[0].topic}-{sent[0].partition}@{sent[0].offset}"
            raise DifferenceError(
                first.area, first.seq, f"hash chain broken: this record, or its input {where}, was changed"
            )
        if self._may_be_gone():
            return None
        raise DifferenceError(first.area, first.seq, f"no input topic has its input {causation!r}")

    def _may_be_gone(self) -> bool:
        """Whether retention has removed input records: then some may be missing honestly."""
        return any(begin > 0 for position, begin in self._wire.begins.items() if position.topic in INPUT_TOPICS)

    def _timer(self, row: EventRow) -> bytes:
        fell = DeadlineFell.model_validate_json(row.data)
        timer = self.state.get(Timer, fell.timer)
        if timer is None:
            raise DifferenceError(row.area, row.seq, f"timer {fell.timer} fires that no event has set")
        return timer_value(fired(timer, fell.lateness_ms))


def _own(source: str, id: str, type: str, value: bytes, first: EventRow) -> InputRow:
    """The input row of a timer or of the shell's observation: they are on no topic, but follow from their event."""
    return InputRow(
        first.area, first.seq, source, id, type, digest(type, value), first.now, "", -1, -1, None, None, value
    )
