"""A parsed scenario: everything resolved that can be known before it is played."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from streams.scenario.names import Names
from streams.scenario.times import Calendar
from streams.scenario.tree import Place

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Signature = Literal["right", "none", "wrong"]
"""How the runner signs a directive: with the issuer's key, not at all, or with a key nobody registered."""


@dataclass(frozen=True, slots=True)
class Send:
    """One record that the runner sends: input type, payload (parts may be `Late`), envelope source and id."""

    type: str
    data: dict[str, Any]
    source: str
    id: str
    area: str
    signer: str | None = None
    signature: Signature = "right"
    repeat_of: str | None = None
    """Id of an earlier record that is sent again, byte for byte."""


@dataclass(frozen=True, slots=True)
class Window:
    """When something must (or must not) be seen; ends are inclusive unless `open_*` says otherwise."""

    start: datetime | None = None
    end: datetime | None = None
    open_start: bool = False
    open_end: bool = False

    def holds(self, instant: datetime) -> bool:
        """Whether the instant lies inside."""
        if self.start is not None and (instant < self.start or (self.open_start and instant == self.start)):
            return False
        return not (self.end is not None and (instant > self.end or (self.open_end and instant == self.end)))

    def tell(self, calendar: Calendar) -> str:
        """The window in words."""
        if self.start is not None and self.start == self.end:
            return f"at {calendar.tell(self.start)}"
        words = []
        if self.start is not None:
            words.append(("after " if self.open_start else "from ") + calendar.tell(self.start))
        if self.end is not None:
            words.append(("before " if self.open_end else "by ") + calendar.tell(self.end))
        return " ".join(words) or "at any time"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What every expectation has: where it stands, whether it waits for something, and a note."""

    place: Place
    pending: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class EventExpected(Expectation):
    """Output events of a type that match `data` are seen `count` times inside the window."""

    type: str = ""
    data: Any = None
    count: Any = None
    """A number or operators; None means at least once."""
    window: Window = field(default_factory=Window)
    step: str | None = None
    """Only events caused by this record (its envelope id)."""
    label: str = ""
    """What the author wrote, where it was a short form."""


@dataclass(frozen=True, slots=True)
class StateExpected(Expectation):
    """Entities of a kind that match `match` are there `count` times, and each has `fields`, at an instant."""

    kind: str = ""
    match: Any = None
    fields: Any = None
    count: Any = None
    """None: at least one. 0 stands for `absent`."""
    at: datetime = EPOCH
    label: str = ""


@dataclass(frozen=True, slots=True)
class SumExpected(Expectation):
    """A numeric field of matching entities, summed by another field, equals these sums at an instant."""

    kind: str = ""
    match: Any = None
    of: str = "quantity"
    by: str | None = None
    equals: Any = None
    at: datetime = EPOCH
    label: str = ""


AnyExpectation = EventExpected | StateExpected | SumExpected


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at one instant: at most one record, and what must be seen then."""

    id: str
    at: datetime
    send: Send | None
    place: Place
    pending: str | None = None
    """Why the step is not sent yet; it is counted."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run: a fixture, steps in time order, and everything that is expected. A variant is a Scenario of its own."""

    id: str
    title: str
    file: str
    realm: str
    calendar: Calendar
    start: datetime
    end: datetime
    names: Names
    fixture: tuple[Send, ...]
    steps: tuple[Step, ...]
    expectations: tuple[AnyExpectation, ...]
    variant: str | None = None

    def areas(self) -> set[str]:
        """Every commanding city that the run sends records to."""
        sent = {send.area for send in self.fixture} | {step.send.area for step in self.steps if step.send is not None}
        return sent | {self.names.area}

    @property
    def label(self) -> str:
        """Id and variant, as reports name the run."""
        return f"{self.id} [{self.variant}]" if self.variant else self.id


AFTER_LAST = timedelta(seconds=1)
"""The clock runs this far past the last instant a scenario mentions, so that what falls due then has fired."""
