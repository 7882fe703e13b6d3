"""The only catalogue of topics. Keyed by area; every input topic has the same number of partitions.

`LANE_ORDER` is the order in which a lane applies what it holds of several topics at once: what changes who may
decide before what was decided, decisions and reports before requests, requests before telemetry.
"""

from dataclasses import dataclass
from typing import Literal

MIB = 1024 * 1024
ACTUAL = "actual"
"""The realm that is no exercise."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name without the realm's prefix, direction, lane rank and size limit in bytes."""

    name: str
    direction: Literal["in", "out", "both"]
    rank: int
    max_bytes: int
    doc: str


def _in(name: str, rank: int, doc: str) -> Topic:
    return Topic(name, "in", rank, 6 * MIB, doc)


def _out(name: str, doc: str, max_bytes: int = 6 * MIB) -> Topic:
    return Topic(name, "out", 0, max_bytes, doc)


INCIDENT_REPORTS = "incident.reports"
ALERTS = "alerts"
MONITORING_SIGNALS = "monitoring.signals"
EMS_CALLS = "ems.calls"
RESOURCE_UPDATES = "resource.updates"
RESOURCE_REQUESTS = "resource.requests"
COMMAND_DIRECTIVES = "command.directives"
DUTY_UPDATES = "duty.updates"
REGISTERS = "registers"
REALM_CLOCK = "realm.clock"

INCIDENT_EVENTS = "incident.events"
RESPONSE_LEVELS = "response.levels"
OBLIGATIONS = "obligations"
TASKFORCE_EVENTS = "taskforce.events"
RESOURCE_ALLOCATIONS = "resource.allocations"
NOTIFICATIONS = "notifications"
SIGNAL_EVENTS = "signal.events"
INFORMATION_RELEASES = "information.releases"
DEADLINES_DUE = "deadlines.due"
REFUSALS = "refusals"
AREA_EVENTS = "area.events"
MUTUAL_AID = "mutual.aid"
DEAD_LETTERS = "dead.letters"

CATALOGUE: tuple[Topic, ...] = (
    _in(REALM_CLOCK, 0, "exercise realms only: virtual time moves to T after these offsets"),
    _in(REGISTERS, 1, "authority register, keys, units, districts, agreements, policy adoption"),
    _in(COMMAND_DIRECTIVES, 2, "signed decisions of a named authority"),
    _in(INCIDENT_REPORTS, 3, "initial, follow-up, final reports; notices of upward reports made elsewhere"),
    _in(DUTY_UPDATES, 4, "liaison officers, rosters, reachability, heartbeats, receipts, acknowledgements"),
    _in(ALERTS, 5, "warnings with alert level"),
    _in(MONITORING_SIGNALS, 6, "signals of the five monitoring channels"),
    _in(EMS_CALLS, 7, "120 calls received, answered, dispatched, departed, arrived"),
    _in(RESOURCE_REQUESTS, 8, "what is needed, how urgent, where, for which incident; amend, cancel"),
    _in(RESOURCE_UPDATES, 9, "catalogue entries, status, stock, beds, readiness, deployment, positions"),
    _out(INCIDENT_EVENTS, "opened, report attached, facts changed, merged, split, refuted, graded"),
    _out(RESPONSE_LEVELS, "response proposed, started, raised, lowered, ended; command mode"),
    _out(OBLIGATIONS, "statutory obligations opened, met, breached, excused"),
    _out(TASKFORCE_EVENTS, "joint mechanism proposed, activated; task force members, groups, stood down"),
    _out(RESOURCE_ALLOCATIONS, "request admitted, pending authorisation, committed, declined, shortfall, released"),
    _out(NOTIFICATIONS, "notices queued, escalated, delivered, acknowledged"),
    _out(SIGNAL_EVENTS, "life of a monitoring signal"),
    _out(INFORMATION_RELEASES, "release gate"),
    _out(DEADLINES_DUE, "timers that fired"),
    _out(REFUSALS, "refused commands with reason codes"),
    _out(AREA_EVENTS, "what was taken into register, catalogue, duty roster, policy and clock; quarantine"),
    Topic(MUTUAL_AID, "both", 7, 6 * MIB, "saga between two areas; keyed by the area that is addressed"),
    _out(DEAD_LETTERS, "original bytes of what could not be read, metadata in headers", 8 * MIB),
)
BY_NAME = {topic.name: topic for topic in CATALOGUE}
INPUT_TOPICS = tuple(topic.name for topic in CATALOGUE if topic.direction != "out")
OUTPUT_TOPICS = tuple(topic.name for topic in CATALOGUE if topic.direction != "in")
LANE_ORDER = {topic.name: topic.rank for topic in CATALOGUE if topic.direction != "out"}


def prefix(realm: str) -> str:
    """Topic prefix of a realm: `actual` has none beyond its deployment's, `exercise.x` has `exercise.x.`."""
    return "" if realm == "actual" else f"{realm}."
