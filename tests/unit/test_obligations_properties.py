"""What always holds for obligations, whatever is reported in whatever order."""

from datetime import timedelta
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.inputs import directives as cmd
from schemas.inputs.duty import HeartbeatReceived
from schemas.outputs import obligation_events as out
from streams.domain.cascade import evolve
from streams.domain.obligations.entities import Knowledge, Obligation
from streams.domain.state import AreaState
from tests.unit.duty_world import UNITS, City, hour, registered
from tests.unit.intake_world import AREA, B, C, E, of

KINDS = ["work_safety_accident", "mass_casualty", "cholera", "natural_disaster"]
SENDERS = ["PLANT", "H3", "J-120", "B-EM", "B-Health", "B-GOV", "J-EM", "J-Health", "J-GOV", "P-EM", "P-Health"]
COUNTS = st.fixed_dictionaries(
    {
        "deaths": st.integers(0, 12),
        "critical": st.integers(0, 9),
        "missing": st.integers(0, 3),
        "cases": st.integers(0, 40),
    }
)
ACTS = st.one_of(
    st.tuples(st.just("report"), st.sampled_from(SENDERS), st.sampled_from([None, *SENDERS]), COUNTS),
    st.tuples(st.just("online"), st.sampled_from(SENDERS), st.none(), COUNTS),
    st.tuples(st.just("upward"), st.sampled_from(SENDERS), st.sampled_from([*SENDERS, "P-GOV", "N-Health"]), COUNTS),
    st.tuples(st.just("directive"), st.sampled_from(SENDERS), st.sampled_from(SENDERS), COUNTS),
    st.tuples(st.just("beat"), st.just(""), st.none(), COUNTS),
)
STORY = st.lists(st.tuples(ACTS, st.integers(0, 300)), min_size=1, max_size=12)
RUNS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def play(story: list[tuple[tuple[str, str, str | None, dict[str, int]], int]]) -> City:
    """A report opens the incident; then anything, minutes apart; then three days pass."""
    city = City()
    city.reported("08:00", KINDS, reporter_unit="PLANT", received_by="B-EM", figures={"deaths": 1})
    when = hour("08:00")
    for (kind, sender, to, figures), minutes in story:
        when += timedelta(minutes=minutes)
        fields: dict[str, Any] = {"when": when, "figures": figures, "occurred_at": hour("08:00")}
        if kind == "report":
            city.reported("", KINDS, reporter_unit=sender, **fields, **({"received_by": to} if to else {}))
        elif kind == "online":
            city.reported("", KINDS, reporter_unit=sender, channel="direct_online", **fields)
        elif kind == "upward":
            city.upward("", sender, str(to), when=when)
        elif kind == "directive":
            city.reports_upward("", sender, str(to), when=when)
        else:
            city.until(when)
            city.tell(HeartbeatReceived(area=AREA, unit="B-NODE", district=B, observed_at=when), when)
    city.until(when + timedelta(days=3))
    return city


@RUNS
@given(STORY)
def test_no_obligation_is_lost_and_each_is_breached_at_most_once(story: Any) -> None:
    """Opened once; then still owed, met, excused or withdrawn; a breach only after its due time."""
    city = play(story)
    opened = [event.obligation for event in of(out.ObligationOpened, city.events)]
    assert len(opened) == len(set(opened))
    assert set(opened) == set(city.state.of(Obligation))
    breached = [event.obligation for event in of(out.ObligationBreached, city.events)]
    assert len(breached) == len(set(breached))
    for one in city.state.of(Obligation).values():
        if one.status == "open":
            assert one.due >= city.now
        if one.status == "met":
            assert set(one.recipients) <= set(one.told)
            assert not one.late or one.breached_at is not None
        if one.breached_at is not None:
            assert one.id in breached


@RUNS
@given(STORY)
def test_state_is_the_fold_of_the_events(story: Any) -> None:
    """Folding again gives the same obligations and the same knowledge."""
    city = play(story)
    state = AreaState(AREA, hour("00:00"))
    state.load(registered(city.policy.version, tuple(UNITS)))
    for event in city.events:
        evolve(state, event)
    for kind in (Obligation, Knowledge):
        assert dict(state.of(kind)) == dict(city.state.of(kind))


@RUNS
@given(STORY)
def test_the_same_story_gives_the_same_events(story: Any) -> None:
    """Nothing depends on chance or on the order of sets."""
    one, two = play(story), play(story)
    assert [event.model_dump_json() for event in one.events] == [event.model_dump_json() for event in two.events]


def owed(city: City) -> set[tuple[str, str, str]]:
    return {(one.rule, one.label, one.debtor) for one in city.state.of(Obligation).values() if one.rule != "OB-30"}


def test_the_order_in_which_reports_arrive_does_not_change_what_is_owed() -> None:
    """Four reports of growing figures, in every order: the same duties; those met stay met."""
    steps = [
        {"reporter_unit": "PLANT", "received_by": "B-EM", "figures": {"deaths": 2}},
        {"reporter_unit": "J-120", "received_by": "B-Health", "figures": {"deaths": 4, "critical": 2}},
        {"reporter_unit": "B-EM", "received_by": "J-EM", "figures": {"deaths": 6, "critical": 4}},
        {"reporter_unit": "B-Health", "received_by": "J-Health", "figures": {"deaths": 12, "critical": 5}},
    ]
    seen = set()
    for order in permutations(range(4)):
        city = City()
        for index in order:
            told = hour("09:00") + timedelta(minutes=10 * index)
            fields = {"as_of": told, "received_at": told, "occurred_at": hour("08:50"), **steps[index]}
            city.reported("10:00", ["work_safety_accident", "mass_casualty"], **fields)
        seen.add(frozenset(duty for duty in owed(city) if duty[0] != "OB-07"))
        assert city.obligation("OB-03", "B-EM").told == {"J-EM": hour("09:20")}
    assert len(seen) == 1


def test_a_report_upward_that_arrives_before_its_incident_waits_for_it() -> None:
    """It meets the duty as soon as there is one."""
    city = City()
    events = city.upward("09:35", "B-EM", "J-EM", "B-GOV", external_id="X1", content="other")
    assert of(out.UpwardWaiting, events)[0].ref == "cad-b|X1"
    fields = {"received_by": "B-EM", "received_at": hour("09:20"), "figures": {"deaths": 3}}
    city.reported("09:40", ["work_safety_accident"], reporter_unit="PLANT", **fields)
    owed_ = city.obligation("OB-03", "B-EM")
    assert (owed_.status, owed_.met_at) == ("met", hour("09:35"))
    assert city.obligation("OB-04", "J-EM").clock_start == hour("09:35")


def test_a_unit_that_is_registered_after_it_learned_owes_from_when_it_learned() -> None:
    """No obligation is lost because a register entry came late."""
    from schemas.inputs import registers as reg

    city = City(units=[unit for unit in UNITS if unit[0] != "B-EM"])
    city.reported("09:20", ["work_safety_accident"], reporter_unit="PLANT", received_by="B-EM", figures={"deaths": 3})
    assert city.obligations("OB-03") == []
    entry = reg.UnitRegistered(
        area=AREA, unit="B-EM", name="B-EM", kind="emergency_management", tier="district", district=B, superior="J-EM"
    )
    city.tell(entry, hour("09:50"))
    assert city.obligation("OB-03", "B-EM").due == hour("11:20")


def test_merged_incidents_keep_every_obligation_and_split_back() -> None:
    """SC-2: what was owed for either is owed for the whole; who knew of either knows of the whole."""
    city = City()
    city.reported("09:00", ["cholera"], reporter_unit="H5", received_by="E-Health", district=E, figures={"cases": 1})
    (first,) = [one.id for one in city.state.of(Knowledge).values()]
    fields = {"external_id": "X2", "source": "cad-c", "district": C, "figures": {"cases": 2}}
    city.reported("09:30", ["cholera"], reporter_unit="H3", **fields)
    (second,) = [one.id for one in city.state.of(Knowledge).values() if one.id != first]
    before = set(city.state.of(Obligation))
    city.accept(cmd.MergeIncidents(action="merge", incident=first, other=second, reason="same strain"), hour("10:00"))
    assert before <= set(city.state.of(Obligation))
    assert {one.incident for one in city.state.of(Obligation).values()} == {first}
    assert {"H3", "H5", "E-Health"} <= city.state.of(Knowledge)[first].learned.keys()
    city.upward("10:10", "H3", "E-Health", incident=first, content="other")
    city.until(hour("12:00"))
    assert {event.incident for event in city.breaches("OB-10")} == {first}
    city.accept(
        cmd.MergeIncidents(action="split", incident=first, other=second, reason="another strain"), hour("12:10")
    )
    moved = {one.incident for one in city.state.of(Obligation).values() if one.debtor == "H3"}
    assert moved == {second}
    assert before <= set(city.state.of(Obligation))
