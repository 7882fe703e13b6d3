"""Identity holds up to its metres, minutes and days, and not one further (IN-7, domain.md 2.2 note 3)."""

from datetime import timedelta
from math import degrees

import pytest

from schemas.base import Point
from schemas.inputs.reports import Place
from schemas.outputs import incident_events as out
from schemas.outputs.proposal_events import ProposalOpened
from streams.domain.intake.matching import EARTH_METRES
from tests.unit.intake_world import START, A, B, C, World, of, report

LINKED = (
    "cholera pneumonic_plague bubonic_plague pulmonary_anthrax sars human_hpai class_bc_outbreak unknown_cause_cluster "
    "novel_or_imported eradicated_reemergence"
)
ALONE = "food_poisoning occupational_poisoning vaccine_or_drug_reaction strain_loss"


def north(metres: float) -> Place:
    """A place so far north of the first report's."""
    return Place(district=B, point=Point(lat=30.0 + degrees(metres / EARTH_METRES), lon=114.0))


def follows(metres: float, minutes: float) -> str:
    """What becomes of the second report, from another channel: attached, proposed or alone."""
    world = World()
    kinds = ["work_safety_accident"]
    world.tell(report(START, kinds, place=north(0), figures={"deaths": 1}), START)
    when = START + timedelta(minutes=minutes)
    other = report(when, kinds, source="120", external_id="E7", channel="ems_120", place=north(metres), figures={})
    events = world.tell(other, when)
    proposed = [event for event in of(ProposalOpened, events) if event.kind == "merge"]
    return "proposed" if proposed else "alone" if of(out.IncidentOpened, events) else "attached"


@pytest.mark.parametrize(
    ("metres", "minutes", "becomes"),
    [
        (499.5, 30, "attached"),
        (500.5, 30, "proposed"),
        (499.5, 30.5, "proposed"),
        (2999.5, 120, "proposed"),
        (3000.5, 120, "alone"),
        (2999.5, 120.5, "alone"),
    ],
)
def test_a_report_of_another_channel_is_the_same_incident_up_to_the_edge(
    metres: float, minutes: float, becomes: str
) -> None:
    """IN-7: 500 m and 30 min attach provisionally, 3 km and 2 h only propose."""
    assert follows(metres, minutes) == becomes


def proposals(kind: str, days: float) -> int:
    """Merge proposals for a second cluster elsewhere, so many days later."""
    world = World()
    for number, (when, district) in enumerate(((START, A), (START + timedelta(days=days), C)), start=1):
        world.tell(report(when, [kind], external_id=f"X{number}", district=district, figures={"cases": 1}), when)
    return len([event for event in of(ProposalOpened, world.events) if event.kind == "merge"])


@pytest.mark.parametrize("kind", LINKED.split())
def test_clusters_of_what_spreads_are_linked_for_fourteen_days(kind: str) -> None:
    """Domain.md 2.2 note 3."""
    assert (proposals(kind, 14), proposals(kind, 14.01)) == (1, 0)


@pytest.mark.parametrize("kind", ALONE.split())
def test_events_that_do_not_spread_are_not_linked(kind: str) -> None:
    """Domain.md 2.2 note 3: the window is for clusters of one outbreak."""
    assert proposals(kind, 1) == 0


@pytest.mark.parametrize(("minutes", "flagged"), [(10, False), (10.5, True)])
def test_a_senders_clock_may_be_ten_minutes_fast(minutes: float, *, flagged: bool) -> None:
    """[P] design.md: later as-of times are taken as now, and flagged."""
    world = World()
    event = report(START, ["cholera"], figures={"cases": 1}, as_of=START + timedelta(minutes=minutes))
    reasons = {told.reason for told in of(out.ReportFlagged, world.tell(event, START))}
    assert ("future_as_of" in reasons) is flagged
