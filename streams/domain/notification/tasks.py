"""Needs and events that become a task of a department, and warnings that one department passes to the other.

NS-2c: a stated need of sanitation is a task for health, not only a message. NS-2a: EM passes warnings to health.
"""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.duty import TaskProgressed
from schemas.outputs import notification_events as out
from schemas.outputs.autonomy_events import AutonomyEntered
from schemas.outputs.command_events import AlertStateChanged
from schemas.outputs.incident_events import NeedStated
from streams.domain.context import Context
from streams.domain.directives.days import day_and_places, law
from streams.domain.notification.entities import Task
from streams.domain.notification.queueing import Letter, queue
from streams.domain.parties import DEPARTMENTS, found
from streams.domain.state import AreaState


def on_need(state: AreaState, event: NeedStated, context: Context) -> Iterator[OutputEvent]:
    """Open the task that the need is, and tell the department (NS-2c)."""
    yield from _open(state, context, event.need, event.incident, event.district, event.by_unit)


def on_silence(state: AreaState, event: out.DistrictFellSilent, context: Context) -> Iterator[OutputEvent]:
    """Somebody must go and look (SC-5)."""
    yield from _open(state, context, "district_silent", None, event.district, "")


def on_autonomy(state: AreaState, event: AutonomyEntered, context: Context) -> Iterator[OutputEvent]:
    """Self-rescue begins with autonomous response (AU-1, AU-2): on the node, which the city hears of only later."""
    if event.here:
        yield from _open(state, context, "autonomy_entered", event.incident, event.district, "")


def _open(
    state: AreaState, context: Context, on: str, incident: str | None, district: str, asked_by: str
) -> Iterator[OutputEvent]:
    for rule in law(state, context.policy.notification, context.now).tasks:
        if rule.on != on:
            continue
        tier = "city" if on == "district_silent" else "district"
        unit = found(state, rule.department, tier, district)
        base = f"task:{rule.kind}:{incident or 'area'}:{district}"
        id = next_id(state, base)
        if id is None:
            continue
        yield out.TaskOpened(
            incident=incident,
            task=id,
            kind=rule.kind,
            department=rule.department,
            unit=unit,
            district=district,
            asked_by=asked_by,
            capabilities=rule.capabilities,
            rule=rule.id,
            at=context.now,
        )
        letter = Letter(
            notice=f"{id}:{unit}",
            to_unit=unit,
            from_unit=asked_by or unit,
            purpose="task",
            rule=rule.id,
            incident=incident,
            content="sanitation_need" if on == "sanitation" else "other",
            about=id,
        )
        yield from queue(state, context, letter)


def next_id(state: AreaState, base: str) -> str | None:
    """The id of a new task; None while the last one of its kind and place is open."""
    number = 1
    while (known := state.get(Task, f"{base}:{number}")) is not None:
        if known.resident():
            return None
        number += 1
    return f"{base}:{number}"


def decide_progress(state: AreaState, event: TaskProgressed, context: Context) -> Iterator[OutputEvent]:
    """A unit accepted, did or declined a task."""
    task = state.get(Task, event.task)
    if task is None or task.status == event.step:
        return
    at = min(event.observed_at, context.now)
    yield out.TaskAdvanced(incident=task.incident, task=task.id, step=event.step, by=event.by, at=at)


def on_alert(state: AreaState, event: AlertStateChanged, context: Context) -> Iterator[OutputEvent]:
    """Pass a warning to the other department, in the city and in every district it names (NS-2a)."""
    if event.status != "active" or event.alert_level == event.previous:
        return
    day, within = day_and_places(state, context.now)
    hazard = context.policy.hazards.kinds(day, within).get(event.hazard_kind)
    department = hazard.department if hazard is not None else "emergency_management"
    for rule in context.policy.notification.at(day, within).warnings:
        if rule.by != department or event.alert_level not in rule.levels:
            continue
        places = (("city", None), *(("district", district) for district in event.districts))
        for tier, district in places:
            to_unit = found(state, DEPARTMENTS[rule.by], tier, district)
            letter = Letter(
                # The same level can be called twice; whether the first notice of it is still in memory must not matter.
                notice=f"warning:{event.alert}:{event.alert_level}:{event.issued_at:%Y%m%dT%H%M%S%f}:{to_unit}",
                to_unit=to_unit,
                from_unit=found(state, rule.by, tier, district),
                purpose="warning",
                rule=rule.id,
                incident=event.incident,
                content="disaster_warning",
                about=event.alert,
                text=event.text,
            )
            yield from queue(state, context, letter)
