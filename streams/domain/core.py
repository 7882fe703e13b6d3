"""Entities that every concern may look at: the area itself, its registers, its timers, its incidents."""

from datetime import datetime
from typing import ClassVar

from schemas.base import Severity, Utc
from schemas.inputs import registers as reg
from schemas.inputs.reports import FactValue, Place, Verification
from schemas.outputs.incident_events import FamilyGrade
from streams.domain.state import AreaState, Entity


class Area(Entity):
    """The commanding city. One per state; `counters` number its incidents, proposals, requests and the rest."""

    KIND: ClassVar[str] = "area"

    name: str = ""
    timezone: str = "Asia/Shanghai"
    province: str | None = None
    policy_version: str = ""
    counters: dict[str, int] = {}
    faults: tuple[str, ...] = ()
    """Open quarantined records: the area is degraded while there are any."""


class District(Entity):
    """Register entry of a county-level unit; `id` is its code."""

    KIND: ClassVar[str] = "district"

    entry: reg.DistrictRegistered


class Unit(Entity):
    """Register entry of an organisation."""

    KIND: ClassVar[str] = "unit"

    entry: reg.UnitRegistered


class Person(Entity):
    """Authority-register entry of an office holder."""

    KIND: ClassVar[str] = "person"

    entry: reg.PersonRegistered


class Agreement(Entity):
    """Register entry of a mutual-aid agreement."""

    KIND: ClassVar[str] = "agreement"

    entry: reg.AgreementRegistered


class Timer(Entity):
    """Something that must be looked at when `due` has passed and every record appended before it was applied."""

    KIND: ClassVar[str] = "timer"

    kind: str
    due: Utc
    ref: str = ""
    """Id of the entity the timer is about."""


class FaultyTimer(Entity):
    """A timer whose decision failed; `id` is the fault's. Kept so that it can be put back once the cause is mended."""

    KIND: ClassVar[str] = "faulty_timer"

    timer: str
    kind: str
    due: Utc
    ref: str = ""


class ExternalRef(Entity):
    """`source|external_id` -> the incident it is attached to."""

    KIND: ClassVar[str] = "external_ref"

    provisional: bool = False

    def resident(self) -> bool:
        """History: lookups of a report bring it back once its incident is closed."""
        return False


class Incident(Entity):
    """An incident 突发事件 as it stands: identity, place, figures that count, grades. Its `id` is also `incident`."""

    KIND: ClassVar[str] = "incident"

    status: str = "open"
    hazard_kinds: tuple[str, ...] = ()
    place: Place
    districts: tuple[str, ...] = ()
    setting: str = "none"
    opened_at: Utc
    occurred_at: Utc
    figures: dict[str, FactValue] = {}
    verification: dict[str, Verification] = {}
    figures_as_of: Utc | None = None
    families: tuple[FamilyGrade, ...] = ()
    composite: Severity | None = None
    needs: tuple[str, ...] = ()

    def resident(self) -> bool:
        return self.status == "open"

    def severity(self, family: str) -> Severity | None:
        """Grade of one family, None when it is not graded."""
        return next((grade.severity for grade in self.families if grade.family == family), None)


def area_of(state: AreaState) -> Area:
    """The area's own entity. Every state that decides has one: the shell refuses records of unknown areas."""
    area = state.get(Area, state.area)
    if area is None:
        raise LookupError(f"area {state.area} is not registered")
    return area


def number(state: AreaState, series: str) -> int:
    """The next number of a series. Taking it is `evolve`'s business: see `counted`."""
    return area_of(state).counters.get(series, 0) + 1


def counted(state: AreaState, series: str) -> Area:
    """The area with one more number of the series taken; an evolve puts it beside the entity it numbered."""
    area = area_of(state)
    return area.model_copy(update={"counters": {**area.counters, series: area.counters.get(series, 0) + 1}})


def timer(kind: str, ref: str, due: datetime, incident: str | None) -> Timer:
    """A timer for `ref`; setting it again under the same kind and ref moves it."""
    return Timer(id=f"{kind}:{ref}", kind=kind, due=due, ref=ref, incident=incident)
