"""Obligations of an accident, from rules (domain.md 2.6, SC-1): OB-01 to OB-07, OB-17, OB-18, OB-23, OB-24, OB-31."""

from datetime import timedelta

from schemas.inputs.handovers import OwedDuty
from schemas.outputs import obligation_events as out
from schemas.outputs.handover_events import HandoverAnswered, HandoverReceived
from tests.unit.duty_world import UNITS, City, channels, hour, policy_with
from tests.unit.intake_world import AREA, of

KINDS = ["work_safety_accident", "mass_casualty"]
FIRST = {"deaths": 3, "injured": 25, "serious": 10, "critical": 0}
SECOND = {"deaths": 8, "injured": 48, "serious": 22, "critical": 9}


def explosion(city: City) -> City:
    """09:12 explosion, 09:14 the head is told, 09:20 the enterprise reports."""
    city.reported(
        "09:20",
        KINDS,
        reporter_unit="PLANT",
        reporter_kind="enterprise",
        received_by="B-EM",
        occurred_at=hour("09:12"),
        known_at=hour("09:14"),
        figures=FIRST,
    )
    return city


def test_the_head_of_the_unit_has_an_hour_from_its_own_knowledge() -> None:
    """OB-02: due 10:14, met by the report of 09:20; the EM department is the sector regulator."""
    owed = explosion(City()).obligation("OB-02", "PLANT")
    assert (owed.clock, owed.clock_start, owed.due) == ("known", hour("09:14"), hour("10:14"))
    assert owed.recipients == ("B-EM",)
    assert (owed.status, owed.met_at, owed.late) == ("met", hour("09:20"), False)


def test_the_person_on_site_tells_the_head_at_once() -> None:
    """OB-01: counted from the accident, met when the head says it knew."""
    owed = explosion(City()).obligation("OB-01", "PLANT")
    assert (owed.clock_start, owed.due, owed.met_at) == (hour("09:12"), hour("09:22"), hour("09:14"))


def test_without_a_stated_time_of_knowledge_nobody_judges_the_person_on_site() -> None:
    """OB-01."""
    city = City()
    city.reported("09:20", KINDS, reporter_unit="PLANT", received_by="B-EM", occurred_at=hour("08:00"), figures=FIRST)
    assert city.obligations("OB-01") == []


def test_a_late_report_of_the_unit_is_a_breach_and_then_met_late() -> None:
    """OB-02: one breach, and the duty does not end with it."""
    city = City()
    events = city.reported(
        "10:30", KINDS, reporter_unit="PLANT", received_by="B-EM", known_at=hour("09:14"), figures=FIRST
    )
    assert [event.due for event in of(out.ObligationBreached, events)] == [hour("10:14")]
    owed = city.obligation("OB-02", "PLANT")
    assert (owed.status, owed.late, owed.met_at) == ("met", True, hour("10:30"))


def test_the_em_department_has_two_hours_from_its_receipt() -> None:
    """OB-03: to the city department and the government of the same level."""
    owed = explosion(City()).obligation("OB-03", "B-EM")
    assert (owed.clock, owed.clock_start, owed.due) == ("received", hour("09:20"), hour("11:20"))
    assert set(owed.recipients) == {"J-EM", "B-GOV"}
    assert owed.status == "open"


def test_a_report_to_one_of_two_recipients_does_not_meet_it() -> None:
    """OB-03: both must be told, one by one is in order."""
    city = explosion(City())
    events = city.upward("09:40", "B-EM", "J-EM", content="other")
    assert [event.recipient for event in of(out.RecipientTold, events) if event.rule == "OB-03"] == ["J-EM"]
    assert city.obligation("OB-03", "B-EM").status == "open"
    city.upward("10:40", "B-EM", "B-GOV", content="other")
    owed = city.obligation("OB-03", "B-EM")
    assert (owed.status, owed.met_at) == ("met", hour("10:40"))


def test_the_next_hop_counts_from_its_own_receipt() -> None:
    """OB-04: 较大 since 09:20, the city's receipt is 09:35, due 11:35 (IN-4)."""
    city = explosion(City())
    city.reports_upward("09:35", "B-EM", "J-EM", "B-GOV", content="casualties")
    owed = city.obligation("OB-04", "J-EM")
    assert (owed.clock, owed.clock_start, owed.due, owed.recipients) == (
        "received",
        hour("09:35"),
        hour("11:35"),
        ("P-EM",),
    )
    assert city.obligation("OB-23", "B-GOV").due == hour("09:45")


def test_a_later_rise_of_the_grade_starts_the_clock() -> None:
    """OB-04: "or the later rise of that grade"."""
    city = City()
    city.reported("09:00", KINDS, reporter_unit="PLANT", received_by="B-EM", figures={"deaths": 1})
    city.upward("09:10", "B-EM", "J-EM", "B-GOV", content="other")
    assert city.obligations("OB-04") == []
    city.reported("11:00", KINDS, reporter_unit="J-120", received_by="B-Health", figures={"deaths": 4})
    owed = city.obligation("OB-04", "J-EM")
    assert (owed.clock_start, owed.due) == (hour("11:00"), hour("13:00"))


def test_a_receipt_recorded_late_counts_from_the_rise_that_came_after_it() -> None:
    """OB-04: receipt 09:10, 较大 since 11:00, recorded at 11:30 only."""
    city = City()
    city.reported("09:00", KINDS, reporter_unit="PLANT", received_by="B-EM", figures={"deaths": 1})
    city.reported("11:00", KINDS, reporter_unit="J-120", received_by="B-Health", figures={"deaths": 4})
    city.upward("11:30", "B-EM", "J-EM", reported_at=hour("09:10"), content="other")
    assert city.obligation("OB-04", "J-EM").clock_start == hour("11:00")


def test_copies_go_out_at_the_instant_of_the_report() -> None:
    """OB-06: public security, labour, trade union, procuratorate, with OB-03's report."""
    city = explosion(City())
    events = city.reports_upward("09:35", "B-EM", "J-EM", "B-GOV", content="casualties")
    owed = city.obligation("OB-06", "B-EM")
    assert owed.recipients == ("B-PS", "B-LABOUR", "B-UNION", "B-PROC")
    assert (owed.due, owed.status, owed.late) == (hour("09:35"), "met", False)
    assert all(channels(events, unit, "OB-06") == {"duty_room"} for unit in owed.recipients)


def test_a_report_that_nobody_made_is_breached_once_at_its_due_time() -> None:
    """OB-03: the timer fires after 11:20, not before and not twice."""
    city = explosion(City())
    city.until(hour("11:20"))
    assert city.breaches("OB-03") == []
    city.until(hour("11:21"))
    city.until(hour("23:00"))
    assert [event.due for event in city.breaches("OB-03")] == [hour("11:20")]
    city.upward("23:30", "B-EM", "J-EM", "B-GOV", content="other")
    owed = city.obligation("OB-03", "B-EM")
    assert (owed.status, owed.late, len(city.breaches("OB-03"))) == ("met", True, 1)


def test_a_report_made_in_time_but_recorded_late_meets_it_in_time_and_the_breach_stays_on_record() -> None:
    """OB-03."""
    city = explosion(City())
    city.upward("12:00", "B-EM", "J-EM", "B-GOV", reported_at=hour("11:10"), content="other")
    owed = city.obligation("OB-03", "B-EM")
    assert (owed.status, owed.met_at, owed.late) == ("met", hour("11:10"), False)
    assert owed.breached_at is not None


def test_units_outside_the_city_owe_from_their_recorded_receipt() -> None:
    """OB-05, domain.md 3.0: province to ministry two hours; province government to the State Council at once."""
    city = explosion(City())
    city.reported("09:40", KINDS, reporter_unit="B-EM", received_by="J-EM", figures={"deaths": 12})
    city.reports_upward("10:00", "J-EM", "P-EM", content="casualties")
    assert city.obligations("OB-05", "P-EM") == []
    city.upward("10:20", "J-EM", "P-EM", received_at=hour("10:15"), content="other")
    assert city.obligation("OB-05", "P-EM").due == hour("12:15")
    city.upward("10:30", "J-GOV", "P-GOV", content="other")
    owed = city.obligation("OB-05", "P-GOV", label="state_council")
    assert (owed.recipients, owed.due) == (("government/nation",), hour("10:40"))


def test_telling_a_ministry_meets_what_is_owed_to_an_unregistered_national_unit() -> None:
    """OB-05: the register may not know the recipient; the duty exists and can be met."""
    units = [unit for unit in UNITS if unit[0] != "P-EM"]
    city = City(units=[*units, ("P-EM", "emergency_management", "province", None, None)])
    explosion(city)
    city.reported("09:40", KINDS, reporter_unit="B-EM", received_by="J-EM", figures={"deaths": 12})
    city.upward("10:00", "J-EM", "P-EM", content="other")
    assert city.obligation("OB-05", "P-EM").recipients == ("emergency_management/nation",)
    city.upward("10:30", "P-EM", "N-EM", content="other")
    assert city.obligation("OB-05", "P-EM").status == "met"


def test_the_120_centre_counts_from_its_own_first_patients() -> None:
    """OB-17: known 09:26, due 11:26, met 09:40."""
    city = explosion(City())
    city.reported("09:26", KINDS, reporter_unit="J-120", channel="ems_120")
    assert city.obligation("OB-17", "J-120").due == hour("11:26")
    city.upward("09:40", "J-120", "B-Health", content="other")
    owed = city.obligation("OB-17", "J-120")
    assert (owed.status, owed.met_at, owed.recipients) == ("met", hour("09:40"), ("B-Health",))


def test_henan_gives_thirty_minutes() -> None:
    """OB-17: the narrower jurisdiction goes first."""
    city = City(policy_with("obligations.yaml", 'jurisdiction: "410000"', 'jurisdiction: "990000"'))
    city.reported("09:26", KINDS, reporter_unit="J-120", figures=FIRST)
    assert city.obligation("OB-17", "J-120").due == hour("09:56")


def test_the_health_chain_starts_when_more_than_five_are_dead_or_critical() -> None:
    """OB-18: dc 3 is not more than five; dc 17 at 09:50 is; each level has two hours from its own receipt."""
    city = explosion(City())
    city.reported("09:40", KINDS, reporter_unit="J-120", received_by="B-Health", figures=FIRST)
    assert city.obligations("OB-18") == []
    city.reported("09:50", KINDS, reporter_unit="J-120", received_by="B-Health", figures=SECOND)
    owed = city.obligation("OB-18", "B-Health")
    assert (owed.clock_start, owed.due, owed.recipients) == (hour("09:50"), hour("11:50"), ("J-Health",))
    city.reports_upward("09:55", "B-Health", "J-Health", content="casualties")
    assert city.obligation("OB-18", "B-Health").status == "met"
    assert city.obligation("OB-18", "J-Health").due == hour("11:55")
    city.upward("11:35", "J-Health", "P-Health", reported_at=hour("11:30"), received_at=hour("11:32"), content="other")
    owed = city.obligation("OB-18", "P-Health")
    assert (owed.due, owed.recipients) == (hour("13:32"), ("N-Health",))


def test_the_government_channel_and_the_neighbours_follow_a_major_grade() -> None:
    """OB-24, OB-31, NS-12: composite 重大 at 09:50."""
    city = explosion(City())
    city.reported("09:50", KINDS, reporter_unit="J-120", figures=SECOND)
    assert city.obligation("OB-24", "J-GOV").due == hour("11:50")
    owed = city.obligation("OB-31", "J-GOV")
    assert (owed.recipients, owed.due) == (("P-GOV", "GARRISON"), hour("10:00"))


def test_verification_neither_pauses_nor_moves_a_clock() -> None:
    """VE-5."""
    city = explosion(City())
    before = {one.id: (one.clock_start, one.due) for one in city.obligations("OB-03")}
    city.reported("10:00", KINDS, reporter_unit="PLANT", verification="verified", figures=FIRST)
    assert {one.id: (one.clock_start, one.due) for one in city.obligations("OB-03")} == before


def test_changed_casualties_are_owed_a_supplement_by_whoever_has_reported() -> None:
    """OB-07: promptly (2 h); one supplement carries all changes until it is made; the next change is owed anew."""
    city = explosion(City())
    city.upward("09:35", "B-EM", "J-EM", "B-GOV", content="other")
    city.reported("09:50", KINDS, reporter_unit="J-120", received_by="B-Health", figures=SECOND)
    city.reported("10:00", KINDS, reporter_unit="J-120", received_by="B-Health", figures={**SECOND, "deaths": 9})
    owed = city.obligation("OB-07", "B-EM")
    assert (owed.clock_start, owed.due, owed.recipients) == (hour("09:50"), hour("11:50"), ("J-EM",))
    city.upward("10:30", "B-EM", "J-EM", content="other")
    assert city.obligation("OB-07", "B-EM").status == "met"
    city.reported("11:00", KINDS, reporter_unit="J-120", received_by="B-Health", figures={**SECOND, "deaths": 10})
    assert [one.status for one in city.obligations("OB-07", "B-EM")] == ["met", "open"]


def test_after_the_term_changes_are_owed_no_supplement() -> None:
    """OB-07: thirty days; road traffic seven."""
    for kind, days, owed in (
        ("work_safety_accident", 29, 1),
        ("work_safety_accident", 31, 0),
        ("road_traffic_accident", 6, 1),
        ("road_traffic_accident", 8, 0),
    ):
        city = City()
        city.reported("09:20", [kind], reporter_unit="PLANT", received_by="B-EM", figures=FIRST)
        city.upward("09:35", "B-EM", "J-EM", "B-GOV", content="other")
        city.reported(
            "",
            [kind],
            when=hour("09:20") + timedelta(days=days),
            occurred_at=hour("09:20"),
            reporter_unit="J-120",
            received_by="B-Health",
            figures=SECOND,
        )
        assert len(city.obligations("OB-07", "B-EM")) == owed, (kind, days)


def test_a_skipped_level_is_told_and_named() -> None:
    """OB-23, AU-3: the county government may report past the city."""
    city = explosion(City())
    city.upward("09:35", "B-EM", "B-GOV", content="other")
    events = city.upward("09:40", "B-GOV", "P-GOV", content="other")
    assert of(out.ReportTraced, events)[0].skipped == ("J-GOV",)
    assert city.obligation("OB-23", "B-GOV").status == "met"


def test_a_hop_says_how_long_it_took() -> None:
    """IN-4: seconds from the sender's own clock start."""
    city = explosion(City())
    events = city.upward("09:35", "B-EM", "J-EM", content="other")
    assert of(out.ReportTraced, events)[0].latency_s == 15 * 60


def test_another_term_in_the_policy_is_another_due_time() -> None:
    """OB-03: no number of the law stands in code."""
    both = "recipients: [{role: superior}, {role: unit, kind: government, tier: same}]\n    due: 120"
    city = explosion(City(policy_with("obligations.yaml", both, "recipients: [{role: superior}]\n    due: 45")))
    owed = city.obligation("OB-03", "B-EM")
    assert (owed.due, owed.recipients) == (hour("10:05"), ("J-EM",))


def test_the_law_is_that_of_the_day_of_the_accident() -> None:
    """OB-02: Decree 493 holds since 2007-06-01."""
    city = City()
    city.reported(
        "09:20",
        KINDS,
        reporter_unit="PLANT",
        received_by="B-EM",
        occurred_at=hour("09:12", "2007-05-31"),
        figures=FIRST,
    )
    assert city.obligations("OB-02") == []


def handed_over(city: City) -> None:
    """Another city hands over an accident of 09:00 in district B, with two duties that it owes."""
    city.reported(
        "10:00",
        KINDS,
        reporter_unit="area-990200",
        reporter_kind="department",
        occurred_at=hour("09:00"),
        figures=FIRST,
    )
    owed = [
        OwedDuty(rule=rule, debtor=debtor, recipients=("K-X",), clock_start=hour("09:20"), due=due, source="Decree 493")
        for rule, debtor, due in (("OB-03", "K-B-EM", hour("11:20")), ("OB-04", "K-EM", hour("09:50")))
    ]
    fields = {"incident": city.incident.id, "handover": "H1", "from_area": "990200", "at": hour("10:00"), "reason": ""}
    received = HandoverReceived(**fields, their_incident="K-1", owed=tuple(owed), responses=())
    city.happen("10:00", received)


def test_the_city_that_takes_an_incident_over_takes_its_clocks_over() -> None:
    """Issue 4, item 6: not before it accepts; what was overdue there has its whole term here."""
    city = City()
    handed_over(city)
    assert city.obligations("OB-03") == []
    fields = {"incident": city.incident.id, "handover": "H1", "from_area": AREA, "area": "990200", "decided_by": ("m",)}
    answer = HandoverAnswered(**fields, answer="accepted", at=hour("10:10"))
    city.happen("10:10", answer)
    owed = city.obligation("OB-03", "B-EM")
    assert (owed.clock_start, owed.due, owed.recipients) == (hour("09:20"), hour("11:20"), ("J-EM", "B-GOV"))
    assert city.obligation("OB-04", "J-EM").due == hour("12:10")
