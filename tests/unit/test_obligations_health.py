"""Obligations of public-health emergencies and disasters (domain.md 2.6; SC-2 to SC-5): OB-10 to OB-23."""

from datetime import timedelta

from schemas.inputs.duty import HeartbeatReceived
from schemas.outputs import incident_events as inc
from schemas.outputs import obligation_events as out
from schemas.outputs import response_events as resp
from schemas.outputs.taskforce_events import JointActivated
from tests.unit.duty_world import City, channels, hour
from tests.unit.intake_world import AREA, B, E, of

PEOPLE = {"people": 1200}


def cholera(city: City, clock: str = "10:00", **fields: object) -> City:
    """H5 confirms one case in district E."""
    city.reported(clock, ["cholera"], reporter_unit="H5", district=E, figures={"cases": 1}, **fields)
    return city


def test_the_hospital_reports_online_within_two_hours() -> None:
    """OB-10, OB-16 (SC-2): due 12:00; only the online channel meets them."""
    city = cholera(City())
    for rule in ("OB-10", "OB-16"):
        owed = city.obligation(rule, "H5")
        assert (owed.clock_start, owed.due, owed.status) == (hour("10:00"), hour("12:00"), "open"), rule
    city.reported("10:20", ["cholera"], reporter_unit="H5", district=E, received_by="E-Health", figures={"cases": 1})
    assert city.obligation("OB-10", "H5").status == "open"
    city.reported("10:30", ["cholera"], reporter_unit="H5", district=E, channel="direct_online", figures={"cases": 1})
    assert {city.obligation(rule, "H5").status for rule in ("OB-10", "OB-16")} == {"met"}


def test_a_case_that_is_no_outbreak_is_reported_online_within_a_day() -> None:
    """OB-16: other class B and C diseases 24 h; not graded."""
    city = City()
    city.reported("10:00", ["class_bc_case"], reporter_unit="H5", district=E, figures={"cases": 1})
    owed = city.obligation("OB-16", "H5", label="other")
    assert owed.due == hour("10:00") + timedelta(hours=24)
    assert city.incident.composite is None


def test_the_stated_time_of_knowledge_is_the_clock_also_when_the_condition_comes_with_the_report() -> None:
    """OB-10: known 09:00, reported 10:00, due 11:00."""
    assert cholera(City(), known_at=hour("09:00")).obligation("OB-10", "H5").due == hour("11:00")


def test_the_health_department_tells_government_superior_and_ministry() -> None:
    """OB-12 (SC-2): receipt 10:20, due 12:20."""
    city = cholera(City())
    city.reported("10:20", ["cholera"], reporter_unit="H5", district=E, received_by="E-Health", figures={"cases": 1})
    owed = city.obligation("OB-12", "E-Health")
    assert (owed.due, owed.clock) == (hour("12:20"), "received")
    assert owed.recipients == ("E-GOV", "J-Health", "health/nation")
    city.upward("11:00", "E-Health", "E-GOV", "J-Health", "N-Health", content="other")
    assert city.obligation("OB-12", "E-Health").status == "met"
    assert city.obligation("OB-11", "H5").status == "met"


def test_the_governments_pass_it_on_hop_by_hop() -> None:
    """OB-13, OB-14, OB-15: two, two and one hours, each from its own receipt."""
    city = cholera(City(), received_by="E-Health")
    city.upward("10:30", "E-Health", "E-GOV", content="other")
    assert city.obligation("OB-13", "E-GOV").due == hour("12:30")
    city.upward("11:00", "E-GOV", "J-GOV", content="other")
    assert city.obligation("OB-14", "J-GOV").due == hour("13:00")
    city.upward("12:00", "J-GOV", "P-GOV", content="other")
    assert city.obligation("OB-15", "P-GOV").due == hour("13:00")


def test_a_worse_grade_is_reported_anew() -> None:
    """OB-14 (SC-2, D11): 一般 reported; 重大 at 14:00 is owed again by 16:00. A grade that does not rise is not."""
    city = cholera(City())
    city.upward("10:30", "E-GOV", "J-GOV", content="other")
    city.upward("11:00", "J-GOV", "P-GOV", content="other")
    city.reported("13:00", ["cholera"], reporter_unit="H5", district=E, figures={"cases": 2})
    assert len(city.obligations("OB-14", "J-GOV")) == 1
    figures = {"cases": 38, "cases_7d_city": 31, "cases_7d_county_max": 19}
    city.reported("14:00", ["cholera"], reporter_unit="H5", district=E, figures=figures)
    city.reported("14:30", ["cholera"], reporter_unit="H5", district=E, figures={**figures, "cases": 39})
    first, second = city.obligations("OB-14", "J-GOV")
    assert first.status == "met"
    assert (second.clock_start, second.due, second.status) == (hour("14:00"), hour("16:00"), "open")


def test_what_must_be_reported_is_owed_though_it_is_not_graded() -> None:
    """OB-10 (SC-3 variant, 2.2 note 9): 29 sick in a school, none dead."""
    city = City()
    sick = {"reporter_unit": "H3", "setting": "school", "figures": {"cases": 29, "deaths": 0}}
    city.reported("12:40", ["food_poisoning"], **sick)
    assert city.incident.composite is None
    assert city.obligation("OB-10", "H3").due == hour("14:40")


def test_four_sick_outside_a_school_are_owed_nothing_online() -> None:
    """OB-10: below the reporting threshold."""
    city = City()
    city.reported("12:40", ["food_poisoning"], reporter_unit="H3", figures={"cases": 4})
    assert city.obligations("OB-10") == []


def test_food_borne_illness_is_told_to_market_regulation_and_schools_to_education() -> None:
    """OB-33: the system tells them at once, in the finder's name."""
    city = City()
    events = city.reported(
        "12:40", ["food_poisoning"], reporter_unit="H3", received_by="B-Health", setting="school", figures={"cases": 38}
    )
    owed = city.obligation("OB-33", "H3")
    assert owed.recipients == ("B-Health", "J-MARKET", "J-EDU")
    assert (owed.due, owed.status) == (hour("14:40"), "met")
    assert channels(events, "J-MARKET", "OB-33") == channels(events, "J-EDU", "OB-33") == {"duty_room"}
    assert channels(events, "B-Health", "OB-33") == set()
    city = City()
    city.reported("12:40", ["food_poisoning"], reporter_unit="H3", figures={"cases": 38})
    assert "J-EDU" not in city.obligation("OB-33", "H3").recipients


def test_an_unregistered_reporter_owes_what_its_kind_owes() -> None:
    """OB-10, IN-2: an institution that nobody registered is held to what a hospital owes."""
    city = City()
    city.reported("12:40", ["cholera"], reporter_unit="CLINIC-9", figures={"cases": 1})
    assert city.obligation("OB-10", "CLINIC-9").due == hour("14:40")
    city.reported("12:50", ["cholera"], reporter_unit="SOMEBODY", reporter_kind="citizen", figures={"cases": 1})
    assert city.obligations("OB-10", "SOMEBODY") == []


def test_a_disaster_with_casualties_goes_to_government_and_superior() -> None:
    """OB-20 (SC-4): a relocation alone is neither casualties nor large loss."""
    city = City()
    city.reported("08:00", ["natural_disaster"], reporter_unit="B-EM", received_by="J-EM", figures=PEOPLE)
    assert city.obligations("OB-20") == []
    city.reported(
        "14:00",
        ["natural_disaster"],
        reporter_unit="B-EM",
        received_by="J-EM",
        figures={"people": 3600, "deaths": 1, "missing": 2},
    )
    assert city.obligation("OB-20", "B-EM").due == hour("16:00")
    assert city.obligation("OB-20", "J-EM", label="city").recipients == ("P-EM",)


def test_ten_dead_and_missing_are_told_directly_to_province_and_ministry() -> None:
    """OB-21 (SC-5)."""
    city = City()
    city.reported("08:00", ["earthquake"], reporter_unit="B-EM", figures={"deaths": 7, "missing": 2})
    assert city.obligations("OB-21") == []
    city.reported("09:00", ["earthquake"], reporter_unit="B-EM", figures={"deaths": 7, "missing": 3})
    owed = city.obligation("OB-21", "B-EM")
    assert (owed.due, owed.recipients) == (hour("11:00"), ("P-EM", "emergency_management/nation"))
    city.upward("10:00", "B-EM", "P-EM", "N-EM", content="other")
    assert city.obligation("OB-21", "B-EM").status == "met"


def test_daily_reports_run_until_the_situation_is_stable() -> None:
    """OB-22: county 9:00, city 10:00, province 12:00; met or missed, the next day is owed; a final report ends it."""
    city = City()
    city.reported("14:00", ["natural_disaster"], reporter_unit="B-EM", figures=PEOPLE)
    first = city.obligation("OB-22", "B-EM")
    assert (first.clock_start, first.due) == (hour("00:00", "2026-03-11"), hour("09:00", "2026-03-11"))
    assert city.obligation("OB-22", "J-EM", label="city").due == hour("10:00", "2026-03-11")
    city.upward("", "B-EM", "J-EM", when=hour("20:00"), content="zero_report")
    assert city.obligations("OB-22", "B-EM")[0].status == "open", "data run to 24:00 of the day before"
    zero = {"reporter_unit": "B-EM", "zero_report": True, "occurred_at": hour("14:00"), "received_at": None}
    city.reported("", ["natural_disaster"], when=hour("08:30", "2026-03-11"), **zero)
    assert [one.status for one in city.obligations("OB-22", "B-EM")] == ["met", "open"]
    city.until(hour("09:01", "2026-03-12"))
    assert [one.status for one in city.obligations("OB-22", "B-EM")] == ["met", "breached", "open"]
    final = {"reporter_unit": "B-EM", "series": "final", "occurred_at": hour("14:00"), "received_at": None}
    city.reported("", ["natural_disaster"], when=hour("11:00", "2026-03-12"), **final)
    assert [one.status for one in city.obligations("OB-22", "B-EM")] == ["met", "withdrawn", "withdrawn"]
    city.until(hour("09:00", "2026-03-20"))
    assert len(city.breaches("OB-22")) == len({event.obligation for event in city.breaches("OB-22")})
    assert len(city.obligations("OB-22", "B-EM")) == 3


def beat(city: City, clock: str, interval_s: int = 60) -> None:
    when = hour(clock)
    city.until(when)
    event = HeartbeatReceived(area=AREA, unit="B-NODE", district=B, observed_at=when, interval_s=interval_s)
    city.tell(event, when)


def test_a_link_that_is_down_excuses_and_gives_the_whole_term_back() -> None:
    """SC-5: obligations run and are marked `excused: link_down`; nobody is in breach for it."""
    city = City()
    beat(city, "09:00")
    city.reported("09:01", ["natural_disaster"], reporter_unit="H3", received_by="B-EM", figures={"deaths": 1})
    assert city.obligation("OB-20", "B-EM").due == hour("11:01")
    city.until(hour("09:04"))
    assert city.obligation("OB-20", "B-EM").status == "excused"
    city.until(hour("12:00"))
    assert city.breaches("OB-20") == []
    beat(city, "13:00", interval_s=3600)
    owed = city.obligation("OB-20", "B-EM")
    assert (owed.status, owed.due, owed.excused_since) == ("open", hour("15:00"), hour("09:00"))
    city.until(hour("15:01"))
    assert len(city.breaches("OB-20")) == 1


def test_what_a_cut_off_unit_learned_counts_from_when_the_link_was_back() -> None:
    """SC-5: replayed at 13:01 what was known at 10:00."""
    city = City()
    beat(city, "09:00")
    city.until(hour("13:00"))
    beat(city, "13:00")
    city.reported("13:01", ["natural_disaster"], reporter_unit="B-EM", known_at=hour("10:00"), figures={"deaths": 1})
    owed = city.obligation("OB-20", "B-EM")
    assert (owed.clock_start, owed.due, owed.status) == (hour("13:00"), hour("15:00"), "open")
    assert (owed.excused_since, owed.excused_until) == (hour("09:00"), hour("13:00"))


def test_whoever_reports_can_report_whatever_the_heartbeats_say() -> None:
    """SC-5: the first report by satellite is not excused."""
    city = City()
    beat(city, "09:00")
    city.reported("11:00", ["natural_disaster"], reporter_unit="B-EM", known_at=hour("09:30"), figures={"deaths": 11})
    for rule in ("OB-20", "OB-21"):
        owed = city.obligation(rule, "B-EM")
        assert (owed.due, owed.status) == (hour("13:00"), "open"), rule


def activated(incident: str | None) -> JointActivated:
    return JointActivated(incident=incident, rule="E9", hits=(), task_force="TF-1", decided_by=(), at=hour("09:30"))


def test_all_member_units_are_told_on_both_channels_when_the_mechanism_is_activated() -> None:
    """OB-32, NS-6: at once, timer 10 min; also where no incident is named (E11)."""
    for named in (True, False):
        city = cholera(City(), clock="09:00")
        events = city.happen("09:30", activated(city.incident.id if named else None))
        (owed,) = [event for event in of(out.ObligationOpened, events) if event.rule == "OB-32"]
        assert (owed.debtor, owed.due) == ("J-HQ", hour("09:40"))
        assert owed.recipients == ("J-EDU", "J-EM", "J-Health", "J-MARKET")
        assert [event.late for event in of(out.ObligationMet, events) if event.rule == "OB-32"] == [False]
        for unit in owed.recipients:
            assert channels(events, unit, "OB-32") == {"liaison", "duty_room"}


def act(incident: str, kind: type[resp.ResponseAct], **fields: object) -> resp.ResponseAct:
    values = {
        "incident": incident,
        "response": "R-1",
        "zone": AREA,
        "level": 3,
        "issuer": "nobody",
        "office": "city_government",
        "directive": "d",
        "legal_basis": "",
        "authority_rule": "AM-III",
        "at": hour("10:10"),
        **fields,
    }
    return kind.model_validate(values)


def test_a_started_response_is_reported_upward_and_its_end_within_thirty_days() -> None:
    """OB-34, OB-40: the government that decided owes them; the start also shows that it knows (OB-14)."""
    city = cholera(City())
    incident = city.incident.id
    notice = {"matter": "x", "expected_until": hour("20:00"), "measures": ("y",)}
    city.happen("10:10", act(incident, resp.ResponseStarted, notice=notice))
    assert city.obligation("OB-34", "J-GOV").due == hour("10:20")
    assert city.obligation("OB-14", "J-GOV").due == hour("12:10")
    city.upward("10:15", "J-GOV", "P-GOV", content="response")
    assert city.obligation("OB-34", "J-GOV").status == "met"
    city.happen("18:00", act(incident, resp.ResponseEnded, at=hour("18:00")))
    owed = city.obligation("OB-40", "J-GOV")
    assert owed.due == hour("18:00") + timedelta(days=30)
    assert city.obligation("OB-40", "J-Health", label="health").recipients == ("P-Health",)
    city.upward("19:00", "J-GOV", "P-GOV", content="zero_report")
    assert city.obligation("OB-40", "J-GOV").status == "open"
    city.upward("20:00", "J-GOV", "P-GOV", content="aftermath")
    assert city.obligation("OB-40", "J-GOV").status == "met"


def test_closing_the_incident_ends_daily_reports_and_nothing_else() -> None:
    """No obligation is ever lost."""
    city = City()
    city.reported("08:00", ["natural_disaster"], reporter_unit="B-EM", figures={"people": 1200, "deaths": 1})
    events = city.happen("09:00", inc.IncidentClosed(incident=city.incident.id))
    assert {event.rule for event in of(out.ObligationWithdrawn, events)} == {"OB-22"}
    assert city.obligation("OB-20", "B-EM").status == "open"
    city.until(hour("10:01"))
    assert [event.obligation for event in city.breaches("OB-20")] != []


def test_a_hoax_withdraws_what_is_still_owed_and_says_so() -> None:
    """VE-2: never lost silently."""
    city = cholera(City())
    from schemas.outputs.incident_judgements import IncidentRefuted

    fields = {"incident": city.incident.id, "directive": "d", "issuer": "p", "reason": "hoax"}
    events = city.happen("10:10", IncidentRefuted.model_validate({**fields, "as_of": hour("10:10")}))
    withdrawn = of(out.ObligationWithdrawn, events)
    assert {event.rule for event in withdrawn} >= {"OB-10", "OB-16"}
    assert {event.reason for event in withdrawn} == {"incident_refuted"}
    city.until(hour("13:00"))
    assert city.breaches("OB-10") == []
