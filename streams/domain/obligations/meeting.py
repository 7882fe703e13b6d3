"""Duties end: met by telling everybody, breached once when the time is over, and owed until they are met."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypedDict

from schemas.base import OutputEvent
from schemas.inputs.reports import ReportContent
from schemas.outputs import obligation_events as out
from streams.domain.context import Context, TimerFired
from streams.domain.obligations.entities import Knowledge, Obligation
from streams.domain.obligations.index import index
from streams.domain.parties import NETWORK, is_above, is_told
from streams.domain.state import AreaState

HEAD = "/head"
"""How a unit's own head is written as a recipient (OB-01)."""


def meet(
    state: AreaState, context: Context, incident: str, sender: str, to_units: tuple[str, ...], report: "Report"
) -> Iterator[OutputEvent]:
    """What a report by `sender` does for everything that it owes in this incident."""
    for id in index(state).owed_by(incident, sender):
        obligation = state.get(Obligation, id)
        if obligation is None or report.at < obligation.clock_start:
            continue
        if obligation.met_by and report.content not in obligation.met_by:
            continue
        told = {
            recipient: report.at
            for recipient in obligation.recipients
            if recipient not in obligation.told
            and any(tells(state, recipient, unit, skip=obligation.may_skip) for unit in to_units)
        }
        if told:
            yield from settle(state, context, id, told, by=report.made)


class Report:
    """A report as far as obligations are concerned."""

    __slots__ = ("at", "content", "made")

    def __init__(self, at: datetime, content: ReportContent, made: str) -> None:
        self.at = at
        self.content = content
        self.made = made


def tells(state: AreaState, recipient: str, unit: str, *, skip: bool) -> bool:
    """Whether a report to `unit` reaches the recipient's duty; `skip`: somebody above will do (越级上报)."""
    return is_told(state, recipient, unit) or (skip and recipient != NETWORK and is_above(state, recipient, unit))


def told_before(
    state: AreaState, incident: str | None, debtor: str, recipients: tuple[str, ...], since: datetime, *, skip: bool
) -> dict[str, datetime]:
    """Recipients whom the debtor has told since then, with the first instant: reports may be recorded in any order."""
    knowledge = state.get(Knowledge, incident)
    if knowledge is None:
        return {}
    told: dict[str, datetime] = {}
    mark = f"{debtor}>"
    reached = [key.removeprefix(mark) for key in knowledge.told if key.startswith(mark)]
    learned = knowledge.learned.get(debtor)
    for recipient in recipients:
        instants = [
            at
            for unit in reached
            if tells(state, recipient, unit, skip=skip) and (at := knowledge.first(debtor, unit, since)) is not None
        ]
        if recipient == f"{debtor}{HEAD}" and learned is not None and learned.stated:
            instants.append(learned.at)
        if instants:
            told[recipient] = min(instants)
    return told


def settle(
    state: AreaState, context: Context, id: str, told: Mapping[str, datetime] | None = None, by: str = "report"
) -> Iterator[OutputEvent]:
    """Take notice of who has been told, and of the time: met, breached, or still running."""
    obligation = state.get(Obligation, id)
    if obligation is None or not obligation.owed():
        return
    everybody = {**obligation.told, **(told or {})}
    missing = tuple(recipient for recipient in obligation.recipients if recipient not in everybody)
    if missing:
        for recipient, at in (told or {}).items():
            yield out.RecipientTold(**about(obligation), recipient=recipient, at=at)
        if obligation.running() and context.now > obligation.due:
            yield breach(obligation, missing, context.now)
        return
    at = max(everybody.values())
    excused = obligation.status == "excused"
    late = not excused and at > obligation.due
    if late and obligation.breached_at is None:
        slow = tuple(recipient for recipient in obligation.recipients if everybody[recipient] > obligation.due)
        yield breach(obligation, slow, context.now)
    yield out.ObligationMet(**about(obligation), at=at, due=obligation.due, late=late, told=everybody, by=by)


def breach(obligation: Obligation, missing: tuple[str, ...], now: datetime) -> out.ObligationBreached:
    """The one breach of an obligation."""
    return out.ObligationBreached(
        **about(obligation), due=obligation.due, at=now, missing=missing, source=obligation.source
    )


def decide_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """The due time has passed and every record from before it was applied."""
    obligation = state.get(Obligation, fired.ref)
    if obligation is not None and obligation.running() and obligation.due == fired.due:
        missing = tuple(one for one in obligation.recipients if one not in obligation.told)
        yield breach(obligation, missing, context.now)


class About(TypedDict):
    """The fields that every event about an obligation carries."""

    incident: str | None
    obligation: str
    rule: str
    debtor: str


def about(obligation: Obligation) -> About:
    """What an event about this obligation says of it."""
    return {
        "incident": obligation.incident,
        "obligation": obligation.id,
        "rule": obligation.rule,
        "debtor": obligation.debtor,
    }
