"""What an act of government must bring along: complete notice, expert opinion, passed incubation (RL-9, RL-10)."""

from datetime import datetime, timedelta

from schemas.inputs.directives import Measures, Notice
from streams.domain.core import Incident
from streams.domain.directives.days import day_and_places
from streams.domain.directives.refusals import Refusal
from streams.domain.escalation.entities import Command, Opinion, Response
from streams.domain.intake.plan import longest_incubation
from streams.domain.state import AreaState
from streams.policy.hazards import Hazard, Hazards
from streams.policy.responses import ResponseLaw


def notice_missing(rules: ResponseLaw, action: str, notice: Notice | None, now: datetime) -> Refusal | None:
    """RL-9: a start states matter, level, expected term and measures; what is stated elsewhere is complete, too."""
    required = rules.notice is not None and action in rules.notice.required_for
    if notice is None:
        missing: tuple[str, ...] = ("matter", "expected_until", "measures") if required else ()
    else:
        missing = notice.missing()
        if not missing and notice.expected_until is not None and notice.expected_until <= now:
            missing = ("expected_until",)
    if not missing:
        return None
    details = {"rule": rules.notice.id if rules.notice else "RL-9", "missing": list(missing)}
    return Refusal("NOTICE_INCOMPLETE", f"the notice does not state {', '.join(missing)}", details)


def measures_of(notice: Notice | None) -> Measures | None:
    """A complete notice as it enters the record."""
    if notice is None or notice.expected_until is None or notice.missing():
        return None
    stated = tuple(measure for measure in notice.measures if measure.strip())
    return Measures(matter=notice.matter, expected_until=notice.expected_until, measures=stated)


def opinion_lacking(
    state: AreaState, rules: ResponseLaw, action: str, opinion_id: str | None, response: Response, now: datetime
) -> Refusal | None:
    """EX-5: experts argue before a response is lowered or ended; one opinion supports one act."""
    rule = rules.opinion
    if rule is None or action not in rule.required_for:
        return None
    if opinion_id is None:
        return Refusal("OPINION_REQUIRED", "an expert opinion must be cited", {"rule": rule.id})
    opinion = state.get(Opinion, opinion_id)
    details = {"rule": rule.id, "opinion": opinion_id}
    if opinion is None or opinion.incident != response.incident:
        return Refusal("OPINION_UNKNOWN", "no such opinion about this incident is on record", details)
    if opinion.used_by is not None:
        return Refusal("OPINION_USED", "the opinion supported another act", {**details, "used_by": opinion.used_by})
    if opinion.at < response.risen_at or now - opinion.at > timedelta(hours=rule.valid_hours):
        newer = max(response.risen_at, now - timedelta(hours=rule.valid_hours))
        return Refusal("OPINION_OLD", "the opinion is too old", {**details, "newer_than": newer.isoformat()})
    return None


def earliest_end(hazard: Hazard, last_onset: datetime) -> datetime:
    """The instant at which the longest incubation period since the last case's onset has passed."""
    return last_onset + timedelta(days=hazard.longest_incubation_days or 0)


def incubation_not_passed(
    state: AreaState, rules: ResponseLaw, hazards: Hazards, incident: Incident | None, now: datetime
) -> Refusal | None:
    """SC-8: without a certificate that the hazard is removed a termination waits for the longest incubation period."""
    if incident is None or rules.termination is None:
        return None
    book = hazards.kinds(*day_and_places(state, incident.occurred_at))
    hazard = longest_incubation(book, incident.hazard_kinds)
    command = state.get(Command, incident.id)
    if hazard is None or command is None or command.last_onset is None:
        return None
    earliest = earliest_end(hazard, command.last_onset)
    if now >= earliest:
        return None
    details = {
        "rule": rules.termination.id,
        "hazard_kind": hazard.id,
        "incubation_days": hazard.longest_incubation_days,
        "last_onset": command.last_onset.isoformat(),
        "earliest": earliest.isoformat(),
    }
    return Refusal("INCUBATION_NOT_PASSED", "the longest incubation period has not passed without a new case", details)
