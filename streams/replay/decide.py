"""Decides every recorded input again, with the recorded `now` and the adopted policy, and compares every byte."""

import uuid
from typing import Any

import asyncpg
from pydantic import ValidationError
from pydantic_core import from_json

from schemas.base import INPUTS
from schemas.codec import decode_output
from schemas.envelope import SHELL_SOURCE, TIMER_SOURCE, parse_time
from schemas.inputs.directives import DirectiveIssued
from schemas.outputs.area_events import AreaOpened
from streams.domain.cascade import CascadeError
from streams.domain.context import Happened, Received, TimerFired, Trigger
from streams.domain.core import Area
from streams.domain.memory import AreaMemory
from streams.domain.state import AreaState, Key
from streams.policy.model import Policy
from streams.replay.fold import Tick
from streams.replay.recorded import Caused, DifferenceError, HeadRow, caused
from streams.runtime.unit import Cause, Head, Unit
from streams.store.policy_book import PolicyBook
from streams.store.rows import GENESIS, EventRow, InputRow


class Decider:
    """Decides one area's inputs in order, seeing at each what a worker would have had in memory."""

    def __init__(self, head: HeadRow, realm: str, namespace: uuid.UUID, policies: PolicyBook) -> None:
        self.area = head.area
        self._realm = realm
        self._namespace = namespace
        self._policies = policies
        self._memory = AreaMemory(AreaState(head.area, head.now))
        self._partition = head.partition
        self._seq = 0
        self._chain = GENESIS

    async def again(self, connection: asyncpg.Connection, one: Caused) -> None:
        """Decide one input again. Raises DifferenceError at the first byte that differs."""
        row = one.input
        trigger, lookups = _trigger(row)
        self._memory.recall(lookups)
        unit = Unit(self._realm, self._namespace)
        unit.heads[self.area] = Head(self.area, self._seq, row.now, self._chain, 0, 0, self._partition)
        unit.states[self.area] = self._memory.state
        unit.policies[self.area] = await self._policy(connection, one)
        try:
            unit.decide(self.area, trigger, _cause(one), row.now)
        except (CascadeError, ValidationError, LookupError, ValueError, TypeError, ArithmeticError) as error:
            raise DifferenceError(self.area, row.seq, f"deciding {row.type} again fails: {error!r}") from error
        _compare(row, unit.inputs[0])
        _compare_events(self.area, one.events, unit.events)
        self._seq, self._chain = unit.heads[self.area].seq, unit.heads[self.area].chain
        self._memory.commit()

    async def _policy(self, connection: asyncpg.Connection, one: Caused) -> Policy:
        area = self._memory.state.get(Area, self.area)
        version = area.policy_version if area is not None else _first_policy(one)
        return await self._policies.get(connection, version)


async def decide_area(
    connection: asyncpg.Connection, head: HeadRow, realm: str, namespace: uuid.UUID, policies: PolicyBook, tick: Tick
) -> None:
    """Decide everything an area ever took in. Raises DifferenceError at the first difference."""
    decider = Decider(head, realm, namespace, policies)
    async for one in caused(connection, head.area):
        await decider.again(connection, one)
        tick(len(one.events))


def _first_policy(one: Caused) -> str:
    """The version an area was opened under: that release's own, named by the area's first event."""
    first = one.events[0]
    event = decode_output(first.type, first.data)
    if not isinstance(event, AreaOpened):
        raise DifferenceError(first.area, first.seq, f"an area begins with {AreaOpened.TYPE}, not with {first.type}")
    return event.policy_version


def _trigger(row: InputRow) -> tuple[Trigger, tuple[Key, ...]]:
    """The recorded input as the cascade was given it, and what was loaded for it."""
    try:
        if row.topic:
            return _received(row)
        if row.source == SHELL_SOURCE:
            return Happened(decode_output(row.type, row.value), row.id), ()
        if row.source == TIMER_SOURCE:
            return _fired(from_json(row.value))
    except (ValidationError, KeyError, ValueError) as error:
        raise DifferenceError(row.area, row.seq, f"input {row.source} {row.id} cannot be read: {error}") from error
    raise DifferenceError(row.area, row.seq, f"nobody knows what the source {row.source!r} without topic is")


def _received(row: InputRow) -> tuple[Trigger, tuple[Key, ...]]:
    event = INPUTS[row.type].model_validate_json(row.value)
    return Received(event, row.source, row.id, row.value, row.signature, row.digest.hex()), event.lookups()


def _fired(told: dict[str, Any]) -> tuple[Trigger, tuple[Key, ...]]:
    fired = TimerFired(
        told["timer"], told["kind"], told["ref"], parse_time(told["due"]), told["incident"], told["lateness_ms"]
    )
    return fired, (("timer", fired.timer), *fired.lookups())


def _cause(one: Caused) -> Cause:
    """Where the decision came from. Only the actor's header is not part of the input's row: events have it."""
    row = one.input
    actor = one.events[0].actor
    if row.type == DirectiveIssued.TYPE and row.topic:
        actor = from_json(row.value)["issuer"]
    return Cause(
        row.source, row.id, row.type, row.digest, row.value, row.topic, row.partition, row.offset,
        row.signature, row.traceparent, actor,
    )  # fmt: skip


def _compare(recorded: InputRow, again: InputRow) -> None:
    for name, one, other in zip(InputRow._fields, recorded, again, strict=True):
        if one != other:
            raise DifferenceError(recorded.area, recorded.seq, f"input's {name} is {one!r}, replay gives {other!r}")


def _compare_events(area: str, recorded: tuple[EventRow, ...], again: list[EventRow]) -> None:
    for row, other in zip(recorded, again, strict=False):
        for name, one, two in zip(EventRow._fields, row, other, strict=True):
            if one != two:
                raise DifferenceError(area, row.seq, f"{row.type}: {name} {_told(one, two)}")
    if len(recorded) != len(again):
        seq = recorded[0].seq + min(len(recorded), len(again))
        more = [
            row.type for row in (again if len(again) > len(recorded) else recorded)[min(len(recorded), len(again)) :]
        ]
        which = "deciding again gives more" if len(again) > len(recorded) else "deciding again does not give"
        raise DifferenceError(area, seq, f"{which}: {', '.join(more[:5])}")


def _told(recorded: object, again: object) -> str:
    """Both sides from where they begin to differ."""
    one, two = (
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in (recorded, again)
    )
    at = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    begin = max(0, at - 40)
    return f"is …{one[begin : at + 60]!r}, deciding again gives …{two[begin : at + 60]!r}"
