"""Which figure counts: verified before unverified of equal or older time, otherwise the greatest newest (3.0)."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.inputs import directives as cmd
from schemas.outputs.incident_events import FactsChanged, IncidentGraded, ReportConflicting
from tests.unit.intake_world import START, World, of, report

KINDS = ("work_safety_accident",)
Said = tuple[str, int, int, str]
"""Source, minutes after the start, deaths, verification."""


def told(said: list[Said]) -> World:
    world = World()
    for source, minutes, deaths, how in said:
        when = START + timedelta(minutes=minutes)
        world.tell(
            report(
                when,
                KINDS,
                source=source,
                external_id="X1",
                figures={"deaths": deaths},
                verification=how,
                occurred_at=START,
                received_at=START + timedelta(hours=5),
            ),
            START + timedelta(hours=5),
        )
    return world


def merged(said: list[Said]) -> World:
    """The same, with all incidents that the sources opened merged into the first."""
    world = told(said)
    first, *others = sorted(i.id for i in world.state.tables("incident").values())
    for other in others:
        world.accept(cmd.MergeIncidents(action="merge", incident=first, other=other, reason="one accident"))
    return world


@pytest.mark.parametrize(
    ("said", "deaths"),
    [
        ([("a", 0, 3, "unverified"), ("b", 0, 5, "unverified")], 5),
        ([("a", 0, 3, "verified"), ("b", 0, 5, "unverified")], 3),
        ([("a", 5, 3, "verified"), ("b", 0, 5, "unverified")], 3),
        ([("a", 0, 3, "verified"), ("b", 5, 5, "unverified")], 5),
        ([("a", 0, 3, "verified"), ("b", 5, 2, "unverified")], 3),
        ([("a", 0, 5, "unverified"), ("a", 5, 3, "unverified")], 3),
        ([("a", 0, 5, "verified"), ("a", 5, 3, "unverified")], 3),
        ([("a", 5, 9, "unverified"), ("b", 0, 7, "unverified"), ("a", 1, 4, "verified")], 9),
        ([("a", 5, 2, "unverified"), ("b", 0, 7, "unverified"), ("a", 1, 4, "verified")], 2),
        ([("a", 0, 4, "verified"), ("b", 5, 3, "verified")], 4),
        ([("a", 0, 4, "refuted")], None),
        ([("a", 0, 4, "verified"), ("a", 5, 6, "refuted")], 4),
    ],
)
def test_the_figure_that_counts(said: list[Said], deaths: int | None) -> None:
    """domain.md 3.0 Figures: out-of-order reports have no effect on newer values."""
    for order in permutations(said):
        assert merged(list(order)).incident.figures.get("deaths") == deaths


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Statements with distinct as-of times."""
    minutes = draw(st.lists(st.integers(0, 200), min_size=1, max_size=6, unique=True))
    return [
        (
            draw(st.sampled_from("abc")),
            minute,
            draw(st.integers(0, 12)),
            draw(st.sampled_from(["verified", "unverified", "refuted"])),
        )
        for minute in minutes
    ]


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_does_not_matter(said: list[Said], random: object) -> None:
    """B3: reports with distinct as-of times give the same figures and grade in any order."""
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = merged(said).incident, merged(shuffled).incident
    assert (one.figures, one.verification, one.composite) == (two.figures, two.verification, two.composite)


def test_an_authority_beats_everything_of_equal_or_older_time() -> None:
    """VE-4: a verification directive states the value; what comes later counts again."""
    world = told([("a", 0, 12, "verified")])
    world.accept(
        cmd.VerifyFacts(action="verify", incident="a|X1", figures={"deaths": 9}, as_of=START + timedelta(minutes=1))
    )
    assert world.incident.figures["deaths"] == 9
    world.tell(
        report(START + timedelta(minutes=2), KINDS, source="a", figures={"deaths": 10}, occurred_at=START),
        START + timedelta(hours=6),
    )
    assert world.incident.figures["deaths"] == 10


def test_a_refuted_value_counts_no_more_whoever_states_it_as_of_then() -> None:
    world = told([("a", 0, 12, "unverified")])
    world.accept(cmd.VerifyFacts(action="refute", incident="a|X1", figures={"deaths": 12}))
    assert "deaths" not in world.incident.figures
    assert world.incident.composite is None
    later = report(START + timedelta(hours=6), KINDS, source="a", figures={"deaths": 12}, occurred_at=START)
    world.tell(later, START + timedelta(hours=6))
    assert world.incident.figures["deaths"] == 12


def test_the_same_figures_as_of_later_are_told_and_as_of_earlier_are_not() -> None:
    world = told([("a", 5, 3, "unverified")])
    for minutes, count in ((9, 1), (7, 0), (9, 0)):
        when = START + timedelta(minutes=minutes)
        again = report(when, KINDS, source="a", figures={"deaths": 3}, verification="unverified", occurred_at=START)
        events = world.tell(again, START + timedelta(hours=6))
        assert len(of(FactsChanged, events)) == count
        assert not of(IncidentGraded, events)
        assert world.incident.figures_as_of == START + timedelta(minutes=9)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (("a", 0, 3, "unverified"), ("a", 0, 5, "unverified"), "same_instant"),
        (("a", 5, 3, "verified"), ("b", 0, 5, "unverified"), "verified_otherwise"),
        (("a", 5, 3, "verified"), ("b", 5, 5, "verified"), "verified_twice"),
        (("a", 0, 3, "verified"), ("b", 5, 5, "unverified"), None),
        (("a", 0, 3, "unverified"), ("b", 5, 5, "unverified"), None),
        (("a", 5, 3, "verified"), ("b", 0, 3, "unverified"), None),
        (("a", 0, 3, "unverified"), ("a", 5, 2, "unverified"), None),
    ],
)
def test_contradictions_are_told_and_never_refused(first: Said, second: Said, reason: str | None) -> None:
    """Design rule 4: an observation always applies; the contradiction becomes an event."""
    world = told([first])
    if second[0] != first[0]:
        world = merged([first, (second[0], second[1] - 100, 0, "unverified")])
    source, minutes, deaths, how = second
    events = world.tell(
        report(
            START + timedelta(minutes=minutes),
            KINDS,
            source=source,
            figures={"deaths": deaths},
            verification=how,
            occurred_at=START,
        ),
        START + timedelta(hours=6),
    )
    told_reasons = [c.reason for event in of(ReportConflicting, events) for c in event.contradictions]
    assert told_reasons == ([reason] if reason else [])
