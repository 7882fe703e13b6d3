"""Deciders that had nothing to say are silent while they would see the same, and only then (B5)."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.outputs.incident_events import FactsChanged
from streams.domain.context import Context, Received
from streams.domain.core import Incident, Timer, timer
from streams.domain.intake.counting import Said, followed, recounted
from streams.domain.intake.plan import plan_of
from streams.domain.obligations.situation import seen
from streams.domain.silence import keep_silence, silent
from streams.domain.state import Drop, Entity, Put
from tests.unit.intake_world import AREA, START, World, of, report

KINDS = ("work_safety_accident",)


def context(world: World) -> Context:
    event = report(world.now, KINDS)
    return Context(AREA, "actual", world.now, world.policy, Received(event, "test", "0", b""))


def told(**figures: int) -> World:
    world = World()
    world.tell(report(START, KINDS, figures=figures), START)
    return world


def test_silence_lasts_while_the_same_is_seen_and_is_each_deciders_own() -> None:
    state = told(deaths=1).state
    keep_silence(state, "one", "i", (1, "a"))
    assert silent(state, "one", "i", (1, "a"))
    assert not silent(state, "one", "i", (2, "a"))
    assert not silent(state, "other", "i", (1, "a"))
    assert not silent(state, "one", "j", (1, "a"))


def test_figures_that_cross_no_threshold_leave_what_duties_see_as_it_was() -> None:
    world = told(deaths=1, serious=1)
    before = seen(world.state, context(world), world.incident)
    later = START + timedelta(minutes=5)
    world.tell(report(later, KINDS, occurred_at=START, figures={"deaths": 1, "serious": 2}), later)
    assert seen(world.state, context(world), world.incident) == before


def test_a_figure_that_crosses_a_threshold_of_a_duty_is_seen() -> None:
    world = told(deaths=1)
    truths = plan_of(world.state, context(world), world.incident).truths
    assert truths.of({"deaths": 1}) != truths.of({"deaths": 30})


@given(figures=st.dictionaries(st.sampled_from(["deaths", "serious", "missing", "injured"]), st.integers(0, 200)))
def test_truths_are_those_of_the_conditions_however_often_they_are_asked_for(figures: dict[str, int]) -> None:
    world = WORLD
    truths = plan_of(world.state, context(world), world.incident).truths
    facts = world.policy.facts.complete(figures)
    assert truths.of(figures) == tuple(test(facts) for test in truths.tests) == truths.of(dict(figures))


def test_revisions_change_with_every_write_to_a_kind_of_the_incident_and_with_no_other() -> None:
    state = told(deaths=1).state
    (incident,) = state.of(Incident)
    before = state.revision(Timer, incident), state.revision(Timer), state.revision(Incident, incident)
    state.apply([Put(timer("test", "x", START, incident))])
    put = state.revision(Timer, incident)
    state.apply([Drop(Timer, "test:x"), Put(timer("test", "x", START, incident))])
    again = state.revision(Timer, incident)
    state.undo()
    assert len({before[0], put, again, state.revision(Timer, incident)}) == 4
    assert (state.revision(Timer), state.revision(Incident, incident)) == before[1:]


class Follower:
    """Hears of incidents only."""

    follows = (Incident.KIND,)

    def __init__(self) -> None:
        self.heard: list[Entity | None] = []

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        self.heard.append(new)


def test_a_cache_hears_of_the_kinds_that_it_follows_even_where_it_comes_late() -> None:
    world = told(deaths=1)
    world.state.derived["test"] = follower = Follower()
    world.state.apply([Put(timer("test", "x", START, None)), Put(world.incident)])
    assert follower.heard == [world.incident]


FIGURES = st.dictionaries(st.sampled_from(["deaths", "serious", "cases", "casualties"]), st.integers(0, 50), min_size=1)


@settings(max_examples=60)
@given(first=FIGURES, then=st.lists(st.tuples(FIGURES, st.sampled_from(["verified", "unverified"])), max_size=4))
def test_the_only_voice_that_goes_on_counts_as_if_everything_were_counted_anew(
    first: dict[str, int], then: list[tuple[dict[str, int], str]]
) -> None:
    world = told(**first)
    for minutes, (figures, how) in enumerate(then, start=1):
        now = START + timedelta(minutes=minutes)
        known = world.incident
        event = report(now, KINDS, occurred_at=START, figures=figures, verification=how)
        (facts,) = of(FactsChanged, world.tell(event, now))
        ctx = Context(AREA, "actual", now, world.policy, Received(event, "test", "0", b""))
        quick = followed(world.state, ctx, known, figures, now, event.verification)
        slow = recounted(world.state, ctx, known, Said("cad-b|X1", now, figures))
        assert quick == slow == facts
        assert [list(one.__dict__["figures"]) for one in (facts,)] == [sorted(facts.figures)]


WORLD = told(deaths=1)
