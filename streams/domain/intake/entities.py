"""What reports leave in the state: figures per source, line lists, counts over time, what was verified or refuted."""

from typing import ClassVar, Literal, NamedTuple

from schemas.base import Utc
from schemas.inputs.reports import Channel, FactValue, Place, Verification
from streams.domain.core import Incident
from streams.domain.state import Entity


class Figure(NamedTuple):
    """One statement of a fact: value, the instant it describes, and how sure it is."""

    value: FactValue
    as_of: Utc
    verification: Verification


class Detail(Entity):
    """Part of an incident's own record: leaves the working state with it."""

    def resident(self) -> bool:
        """Needed while its incident is open."""
        return False


class Source(Detail):
    """What one sender has said about an incident; `id` is `source|external_id`, `incident` where it counts."""

    KIND: ClassVar[str] = "report_source"

    source: str
    external_id: str
    channel: Channel
    provisional: bool = False
    reporter_unit: str
    received_by: str | None = None
    hazard_kinds: tuple[str, ...]
    place: Place
    setting: str = "none"
    occurred_at: Utc
    as_of: Utc
    figures: dict[str, Figure] = {}
    """The newest statement of each fact."""
    verified: dict[str, Figure] = {}
    """The newest verified statement of each fact whose newest one is not verified."""
    checked: bool = False
    """Whether any of its statements was verified."""
    settled: dict[str, Figure] = {}
    """After a settlement: the newest statement of each fact inside its term (OB-07)."""
    needs: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    """Districts for which it stated cases of a public-health kind."""
    refuted_at: Utc | None = None
    """All that it said until then is void."""
    origins: tuple[str, ...] = ()
    """Incidents it counted in before merges, the newest last: a split goes back to them."""


class LineCase(NamedTuple):
    """One case of a line list, as last stated."""

    district: str
    onset: Utc
    status: Literal["suspected", "confirmed", "excluded"]
    as_of: Utc
    source: str


class LineList(Detail):
    """The cases of an incident by case id, from all its sources."""

    KIND: ClassVar[str] = "line_list"

    cases: dict[str, LineCase] = {}


class Count(NamedTuple):
    """A case count, as of an instant."""

    as_of: Utc
    source: str
    number: int


class CaseCounts(Detail):
    """Case counts of an incident over the period that the trend rule in force looks at."""

    KIND: ClassVar[str] = "case_counts"

    counts: tuple[Count, ...] = ()
    """In order of time; of a number that its source repeats, the first and the newest statement."""


class Verdicts(Detail):
    """What authorities decided about figures of an incident: before all sources of equal or older as-of time."""

    KIND: ClassVar[str] = "verdicts"

    verified: dict[str, Figure] = {}
    refuted: dict[str, Figure] = {}
    flags: dict[str, Figure] = {}
    """Experts' judgements."""
    settled: dict[str, Figure] = {}


class Settlement(Detail):
    """From `until` on changes of these facts do not change the grade of these families (OB-07)."""

    KIND: ClassVar[str] = "settlement"

    rule: str
    until: Utc
    facts: tuple[str, ...]
    families: tuple[str, ...]
    figures: dict[str, FactValue] = {}
    """What counts for these families."""


class Suspicion(Entity):
    """A clue that opened no incident (IN-10)."""

    KIND: ClassVar[str] = "suspicion"

    hazard_kinds: tuple[str, ...]
    place: Place
    occurred_at: Utc

    def resident(self) -> bool:
        """History: found again by its id."""
        return False


class UrbanOccurrence(Entity):
    """When a hazard kind occurred in the city's urban area; `id` is the kind."""

    KIND: ClassVar[str] = "urban_occurrence"

    occurrences: dict[str, Utc] = {}
    """By incident, the newest last; only the newest few are needed."""


class IncidentLink(Detail):
    """Two incidents have to do with each other and stay two (SC-2, variant a)."""

    KIND: ClassVar[str] = "incident_link"

    other: str
    reason: str


class Merged(Detail):
    """An incident that became part of another: as it was, so that a split can bring it back. `id` is its own."""

    KIND: ClassVar[str] = "merged_incident"

    into: str
    """The incident it was merged into; `incident` is the one in which that counts by now."""
    was: Incident
