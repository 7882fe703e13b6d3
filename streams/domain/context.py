"""What a decision may know besides the state: the trigger, the policy, and the instant."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.base import InputEvent, OutputEvent
from streams.domain.state import AreaState, Change
from streams.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Received:
    """A decoded input with what its envelope said."""

    event: InputEvent
    source: str
    id: str
    value: bytes
    """The record's bytes, which a directive's signature covers."""
    signature: str | None = None
    content_digest: str = ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer fell due: `timer` is its id in the state, `due` the instant it was set for."""

    timer: str
    kind: str
    ref: str
    due: datetime
    incident: str | None
    lateness_ms: int = 0

    def lookups(self) -> tuple[tuple[str, str], ...]:
        """The incident's cluster must be here when its timer is decided."""
        return (("incident", self.incident),) if self.incident else ()


@dataclass(frozen=True, slots=True)
class Happened:
    """Something the shell saw and the area must know: an unreadable or quarantined record, adopted positions."""

    event: OutputEvent
    id: str


Trigger = Received | TimerFired | Happened


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that is not state. `now` is the area's instant: deciders have no other clock."""

    area: str
    realm: str
    now: datetime
    policy: Policy
    trigger: Trigger


Decide = Callable[[AreaState, Any, Context], Iterable[OutputEvent]]
"""`decide(state, input or event, context) -> events`: what follows from one thing, in order."""
Evolve = Callable[[AreaState, Any], Iterable[Change]]
"""`evolve(state, event) -> changes`: what one event means for the state. Reads state, writes nothing."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One concern's table of contents: what it decides on inputs, on timers, on events, and what its events mean.

    `inputs` maps input classes, `timers` timer kinds, `reactions` event classes of any concern; `evolve` maps this
    concern's own event classes. A class may be an input of one concern only.
    """

    name: str
    inputs: dict[type[InputEvent], Decide]
    timers: dict[str, Decide]
    reactions: dict[type[OutputEvent], Decide]
    evolve: dict[type[OutputEvent], Evolve]
