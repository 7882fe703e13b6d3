"""What grades and settings propose: at once, to the right government, and never more than a proposal."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.outputs.command_events import LeadChanged
from schemas.outputs.proposal_events import ProposalDecided
from schemas.outputs.response_events import ResponseChanged, ResponseEnded, ResponseProposed, ResponseStarted
from streams.policy.loader import bundled_documents, load
from tests.unit.command_city import AREA, NOTICE, A, B, C, City, of

WSA = ("work_safety_accident",)
SCHOOL = {"kinds": ("food_poisoning",), "setting": "school", "district": A}


def test_a_serious_accident_proposes_level_iii_to_the_city_at_once() -> None:
    """RL-10, SC-1 09:20: with rule ids, facts and the assessment that suffices for a proposal (VE-3)."""
    city = City()
    city.report(deaths=3, serious=10, injured=25)
    (proposed,) = of(ResponseProposed, city.last)
    assert (proposed.change, proposed.level, proposed.zone, proposed.offices) == (
        "start",
        3,
        AREA,
        ("city_government",),
    )
    assert [hit.rule for hit in proposed.hits] == ["LV-3", "WSA-3"]
    assert proposed.assessment is not None
    assert proposed.assessment.composite == 3
    assert "MRE-4a" in {hit.rule for hit in proposed.assessment.rules}
    assert not city.responses()


def test_a_general_grade_is_proposed_to_the_district_of_the_place() -> None:
    """GR-3: level IV belongs to the district."""
    city = City()
    city.report(kinds=WSA, deaths=1, district=C)
    (proposed,) = of(ResponseProposed, city.last)
    assert (proposed.level, proposed.zone, proposed.offices) == (4, C, ("district_government",))


def test_across_districts_level_iv_is_the_common_superiors_and_the_districts_proposal_closes() -> None:
    """应对法 Art. 18; domain.md 2.5: the city leads."""
    city = City()
    city.report(kinds=WSA, deaths=1, district=B)
    city.report(kinds=WSA, deaths=1, district=C)
    assert city.proposal("RL-10").zone == AREA
    assert city.proposal("RL-10").offices == ("city_government",)
    assert [event.status for event in of(ProposalDecided, city.last)] == ["superseded"]
    assert city.command().tier == "city"


def test_a_major_incident_is_proposed_to_the_province_and_the_city_may_begin() -> None:
    """domain.md 2.5: the city proposes, the province decides II; the city acts at once (先期处置)."""
    city = City()
    city.report(kinds=WSA, deaths=12)
    assert {(item.level, item.offices[0]) for item in of(ResponseProposed, city.last)} == {
        (2, "province_government"),
        (3, "city_government"),
    }
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    assert city.responses() == {AREA: 3}
    assert city.waiting()[0] == ("start_response", "RL-10", 2), "the province still decides"
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    assert city.responses() == {AREA: 2}
    assert of(ResponseChanged, city.last)[0].previous == 3


def test_what_runs_already_is_not_proposed_again() -> None:
    city = City()
    city.report(kinds=WSA, deaths=3)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    seen = len(of(ResponseProposed, city.events))
    city.report(kinds=WSA, deaths=4)
    city.report(kinds=("work_safety_accident", "mass_casualty"), deaths=4, critical=1)
    assert len(of(ResponseProposed, city.events)) == seen


def test_a_rejected_level_is_asked_again_only_when_the_incident_gets_worse() -> None:
    city = City()
    city.report(kinds=WSA, deaths=3)
    city.order("mayor", "reject", proposal="RL-10@cad|X1", reason="已控制")
    city.report(kinds=("work_safety_accident", "mass_casualty"), deaths=4)
    assert not [item for item in city.waiting() if item[0] == "start_response"]
    city.report(kinds=WSA, deaths=10)
    assert ("start_response", "RL-10", 2) in city.waiting()


def test_a_corrected_grade_withdraws_what_was_proposed_and_nothing_else() -> None:
    city = City()
    city.report(kinds=WSA, deaths=3)
    city.until("2026-03-10 09:10")
    city.report(kinds=WSA, deaths=1)
    assert [(item.level, item.zone) for item in of(ResponseProposed, city.last)] == [(4, B)]
    assert [item[2] for item in city.waiting() if item[1] == "RL-10"] == [4]


def test_in_a_school_raising_by_one_is_proposed() -> None:
    """RL-11, SC-3: to the government of the higher level; people confirm."""
    city = City(start="2026-05-12 12:40")
    city.report(**SCHOOL, cases=38)
    assert {(item.rule, item.change, item.level) for item in of(ResponseProposed, city.last)} == {
        ("RL-10", "start", 4),
        ("RL-11", "raise", 3),
    }
    city.order("head-1", "start_response", incident="cad|X1", level=4, notice=NOTICE)
    assert ("raise_response", "RL-11", 3) in city.waiting()
    city.order("mayor", "confirm", proposal="RL-11@cad|X1", notice=NOTICE)
    assert city.responses() == {A: 4, AREA: 3}


def test_elsewhere_nobody_proposes_more_than_the_grade() -> None:
    """RL-11 is about settings that the policy names."""
    city = City()
    city.report(kinds=("food_poisoning",), cases=38, setting="collective_unit")
    assert [item.rule for item in of(ResponseProposed, city.last)] == ["RL-10"]


def test_a_setting_that_becomes_known_later_counts_then() -> None:
    """RL-11: the grade has not changed, the setting has."""
    city = City()
    city.report(kinds=("food_poisoning",), cases=38)
    city.until("2026-03-10 09:10")
    city.report(kinds=("food_poisoning",), cases=38, setting="school")
    assert [item.rule for item in of(ResponseProposed, city.last)] == ["RL-11"]


def test_the_grades_own_proposal_replaces_the_one_of_the_setting() -> None:
    """SC-3 14:40: level III is now called for by the grade itself."""
    city = City()
    city.report(**SCHOOL, cases=38)
    city.report(**SCHOOL, cases=100)
    assert {(rule, level) for _, rule, level in city.waiting()} == {("RL-10", 3), ("RL-11", 2)}


def test_a_falling_grade_proposes_less_and_changes_nothing() -> None:
    """RL-10, SC-8 08-16: criteria now give only III; asked is the government that decided level II."""
    city = City()
    city.report(kinds=("cholera",), cases=40, cases_7d_city=31)
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    city.until("2026-03-14 09:00")
    city.report(kinds=("cholera",), cases=40, cases_7d_city=12, cases_7d_county_max=12)
    (proposed,) = of(ResponseProposed, city.last)
    assert (proposed.change, proposed.level, proposed.offices) == ("lower", 3, ("province_government",))
    assert city.responses() == {AREA: 2}
    assert city.command().tier == "province", "who leads does not go down with the formula either"


def test_an_incident_that_is_no_longer_graded_proposes_the_end() -> None:
    city = City()
    city.report(kinds=WSA, deaths=3)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    city.order("cdc", "refute", incident="cad|X1", reason="误报")
    (proposed,) = of(ResponseProposed, city.last)
    assert (proposed.change, proposed.level, proposed.kind) == ("end", 3, "end_response")
    assert city.responses() == {AREA: 3}


def test_a_grade_that_rises_again_withdraws_the_proposal_to_lower() -> None:
    city = City()
    city.report(kinds=("cholera",), cases=40, cases_7d_city=31)
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    city.report(kinds=("cholera",), cases=40, cases_7d_city=12, cases_7d_county_max=12)
    city.report(kinds=("cholera",), cases=60, cases_7d_city=32, cases_7d_county_max=12)
    assert city.proposal("RL-10").status == "superseded"


def test_the_lead_follows_the_grade_and_the_areas_touched() -> None:
    """domain.md 2.5: IV district, III city, II province, I nation; at least the common superior."""
    city = City()
    tiers = []
    for deaths in (1, 3, 10, 30):
        city.report(kinds=WSA, deaths=deaths)
        tiers.append(of(LeadChanged, city.last)[0].tier)
    assert tiers == ["district", "city", "province", "nation"]
    other = City()
    other.report(kinds=WSA, deaths=1, prefectures=2)
    assert other.command().tier == "province"
    assert [hit.rule for hit in of(LeadChanged, other.last)[0].hits] == ["LV-4", "LV-common-province"]


def test_levels_and_leads_are_policy_data() -> None:
    """B4: another table gives another proposal."""
    documents = bundled_documents()
    row = "{id: LV-3, severity: 3, level: 3, lead: city"
    assert row in documents["responses.yaml"]
    changed = documents["responses.yaml"].replace(row, "{id: LV-3, severity: 3, level: 2, lead: province")
    city = City(load({**documents, "responses.yaml": changed}))
    city.report(kinds=WSA, deaths=3)
    (proposed,) = of(ResponseProposed, city.last)
    assert (proposed.level, proposed.offices) == (2, ("province_government",))


COUNT = st.integers(min_value=0, max_value=120)


@given(st.lists(st.fixed_dictionaries({"deaths": COUNT, "serious": COUNT, "critical": COUNT}), max_size=6), COUNT)
@settings(max_examples=15, deadline=None)
def test_no_reports_alone_ever_lower_or_end_a_response(figures: list[dict[str, int]], first: int) -> None:
    """B3: whatever is reported, what an authority started stands as it was."""
    city = City()
    city.report(deaths=first)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    for day, counts in enumerate(figures, start=11):
        city.until(f"2026-03-{day} 09:00")
        city.report(**counts)
    assert city.responses() == {AREA: 3}
    assert not of(ResponseEnded, city.events)
    assert len(of(ResponseStarted, city.events)) == 1
