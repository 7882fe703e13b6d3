"""Concern `registers`: what the area takes in about itself: districts, units, persons, agreements, policy, clock."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs import registers as reg
from schemas.inputs.clock import ClockAdvanced
from schemas.outputs import area_events as out
from schemas.outputs.deadlines import DeadlineFell
from streams.domain.context import Concern, Context
from streams.domain.core import Agreement, Area, District, FaultyTimer, Person, Timer, Unit, area_of
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.state import AreaState, Change, Drop, Put


def decide_area(state: AreaState, event: reg.AreaRegistered, context: Context) -> Iterator[out.AreaOpened]:
    """Open the area, or take its new description; an area keeps the policy version it has adopted."""
    known = state.get(Area, state.area)
    yield out.AreaOpened(
        area=event.area,
        name=event.name,
        timezone=event.timezone,
        province=event.province,
        policy_version=known.policy_version if known else context.policy.version,
    )


def decide_policy(state: AreaState, event: reg.PolicyAdopted, context: Context) -> Iterator[out.PolicyTaken]:
    """Adopt a policy version. The shell has made sure that it is stored and loads."""
    yield out.PolicyTaken(version=event.version, previous=area_of(state).policy_version)


def decide_district(state: AreaState, event: reg.DistrictRegistered, context: Context) -> Iterator[out.DistrictTaken]:
    """Take a district into the register."""
    yield out.DistrictTaken(entry=event)


def decide_unit(state: AreaState, event: reg.UnitRegistered, context: Context) -> Iterator[out.UnitTaken]:
    """Take a unit into the register."""
    yield out.UnitTaken(entry=event)


def decide_person(state: AreaState, event: reg.PersonRegistered, context: Context) -> Iterator[out.PersonTaken]:
    """Take an office holder and the keys into the authority register."""
    yield out.PersonTaken(entry=event)


def decide_agreement(
    state: AreaState, event: reg.AgreementRegistered, context: Context
) -> Iterator[out.AgreementTaken]:
    """Take a mutual-aid agreement into the register."""
    yield out.AgreementTaken(entry=event)


def decide_settled(state: AreaState, event: reg.FaultSettled, context: Context) -> Iterator[OutputEvent]:
    """Close a fault that is open; without open faults the area is no longer degraded."""
    if event.fault in area_of(state).faults:
        yield out.FaultResolved(fault=event.fault, outcome=event.outcome, by=event.by, reason=event.reason)
    else:
        known = {"open": list(area_of(state).faults[:20])}
        yield refused(context, Refusal("UNKNOWN_FAULT", f"no open fault {event.fault}", known))


def decide_clock(state: AreaState, event: ClockAdvanced, context: Context) -> Iterator[out.ClockMoved]:
    """Record that virtual time moved; the lane has fired what fell due on the way."""
    yield out.ClockMoved(to=event.to)


def evolve_area(state: AreaState, event: out.AreaOpened) -> Iterator[Change]:
    known = state.get(Area, state.area) or Area(id=state.area)
    described = {"name": event.name, "timezone": event.timezone, "province": event.province}
    yield Put(known.model_copy(update={**described, "policy_version": event.policy_version}))


def evolve_policy(state: AreaState, event: out.PolicyTaken) -> Iterator[Change]:
    yield Put(area_of(state).model_copy(update={"policy_version": event.version}))


def evolve_district(state: AreaState, event: out.DistrictTaken) -> Iterator[Change]:
    yield Put(District(id=event.entry.district, entry=event.entry))


def evolve_unit(state: AreaState, event: out.UnitTaken) -> Iterator[Change]:
    yield Put(Unit(id=event.entry.unit, entry=event.entry))


def evolve_person(state: AreaState, event: out.PersonTaken) -> Iterator[Change]:
    yield Put(Person(id=event.entry.person, entry=event.entry))


def evolve_agreement(state: AreaState, event: out.AgreementTaken) -> Iterator[Change]:
    yield Put(Agreement(id=event.entry.agreement, entry=event.entry))


def evolve_fault(state: AreaState, event: out.RecordQuarantined) -> Iterator[Change]:
    area = area_of(state)
    yield Put(area.model_copy(update={"faults": (*area.faults, event.fault)}))


def evolve_timer_fault(state: AreaState, event: out.TimerQuarantined) -> Iterator[Change]:
    area = area_of(state)
    fault = f"fault:{event.timer}"
    yield Put(area.model_copy(update={"faults": (*area.faults, fault)}))
    known = state.get(Timer, event.timer)
    if known is not None:
        yield Put(
            FaultyTimer(
                id=fault, incident=known.incident, timer=known.id, kind=known.kind, due=known.due, ref=known.ref
            )
        )
        yield Drop(Timer, event.timer)


def evolve_resolved(state: AreaState, event: out.FaultResolved) -> Iterator[Change]:
    area = area_of(state)
    yield Put(area.model_copy(update={"faults": tuple(fault for fault in area.faults if fault != event.fault)}))
    faulty = state.get(FaultyTimer, event.fault)
    if faulty is None:
        return
    yield Drop(FaultyTimer, faulty.id)
    if event.outcome == "redriven":
        yield Put(Timer(id=faulty.timer, incident=faulty.incident, kind=faulty.kind, due=faulty.due, ref=faulty.ref))


def evolve_nothing(state: AreaState, event: OutputEvent) -> Iterator[Change]:
    """For events that are told and remembered in the recorder, but change no state."""
    yield from ()


def evolve_deadline(state: AreaState, event: DeadlineFell) -> Iterator[Change]:
    yield Drop(Timer, event.timer)


REGISTERS = Concern(
    name="registers",
    inputs={
        reg.AreaRegistered: decide_area,
        reg.PolicyAdopted: decide_policy,
        reg.DistrictRegistered: decide_district,
        reg.UnitRegistered: decide_unit,
        reg.PersonRegistered: decide_person,
        reg.AgreementRegistered: decide_agreement,
        reg.FaultSettled: decide_settled,
        ClockAdvanced: decide_clock,
    },
    timers={},
    reactions={},
    evolve={
        out.AreaOpened: evolve_area,
        out.PolicyTaken: evolve_policy,
        out.DistrictTaken: evolve_district,
        out.UnitTaken: evolve_unit,
        out.PersonTaken: evolve_person,
        out.AgreementTaken: evolve_agreement,
        out.RecordQuarantined: evolve_fault,
        out.TimerQuarantined: evolve_timer_fault,
        out.FaultResolved: evolve_resolved,
        out.ClockMoved: evolve_nothing,
        out.IdentityConflicted: evolve_nothing,
        out.InputNoted: evolve_nothing,
        out.InputUnreadable: evolve_nothing,
        DeadlineFell: evolve_deadline,
    },
)
