"""The peer is told before or with every report upward (NS-1 to NS-4, OB-30)."""

from schemas.outputs import obligation_events as out
from schemas.outputs.notification_events import NoticeQueued
from tests.unit.duty_world import City, channels, hour, policy_with
from tests.unit.intake_world import E, of

KINDS = ["work_safety_accident", "mass_casualty"]


def accident(city: City) -> City:
    city.reported("09:20", KINDS, reporter_unit="PLANT", received_by="B-EM", figures={"deaths": 3, "injured": 25})
    return city


def test_a_report_through_liandong_tells_the_peer_first_on_both_channels() -> None:
    """OB-30, NS-3: queued before the report in the same transaction; timely by being queued (NS-4)."""
    city = accident(City())
    events = city.reports_upward("09:35", "B-EM", "J-EM", "B-GOV")
    assert channels(events, "B-Health", "OB-30") == {"liaison", "duty_room"}
    order = [type(event).__name__ for event in events]
    assert order.index("NoticeQueued") < order.index("ReportTraced")
    owed = city.obligation("OB-30", "B-EM")
    assert (owed.recipients, owed.due, owed.status, owed.late) == (("B-Health",), hour("09:35"), "met", False)


def test_a_first_report_that_goes_upward_tells_the_peer_too() -> None:
    """OB-30, NS-3: what the first report is about shows only with its own figures; told once, in the same instant."""
    city = City()
    kinds = ["work_safety_accident"]
    events = city.reported("09:20", kinds, reporter_unit="B-EM", received_by="J-EM", figures={"serious": 3})
    assert channels(events, "B-Health", "OB-30") == {"liaison", "duty_room"}
    (owed,) = city.obligations("OB-30")
    assert (owed.debtor, owed.due, owed.status, owed.late) == ("B-EM", hour("09:20"), "met", False)


def test_a_first_report_of_an_outbreak_owes_the_peer_one_notice() -> None:
    """NS-1a, OB-30: the notice that the system passes on by itself covers the report of the same instant."""
    city = City()
    events = city.reported("10:00", ["cholera"], reporter_unit="B-Health", received_by="J-Health", figures={"cases": 1})
    told = [event for event in of(NoticeQueued, events) if event.to_unit == "B-EM" and event.purpose == "peer"]
    assert {event.channel for event in told} == {"liaison", "duty_room"}
    assert len(told) == 2
    (owed,) = city.obligations("OB-30")
    assert (owed.debtor, owed.status, owed.late) == ("B-Health", "met", False)


def test_the_content_is_judged_from_the_incident_where_the_report_does_not_say() -> None:
    """NS-1, NS-2: casualties of an accident; nothing to share about a food poisoning without casualties (SC-3)."""
    city = accident(City())
    events = city.reports_upward("09:35", "B-EM", "J-EM")
    assert of(out.ReportTraced, events)[0].content == "casualties"
    city = City()
    city.reported("12:40", ["food_poisoning"], reporter_unit="H3", received_by="B-Health", figures={"cases": 38})
    events = city.reports_upward("13:00", "B-Health", "J-Health")
    assert of(out.ReportTraced, events)[0].content == "other"
    assert city.obligations("OB-30") == []


def test_a_report_made_outside_without_telling_the_peer_before_is_a_breach() -> None:
    """OB-30, NS-3: one breach; the peer is told all the same, late."""
    city = accident(City())
    events = city.upward("09:35", "B-EM", "J-EM", content="casualties")
    assert [event.debtor for event in of(out.ObligationBreached, events) if event.rule == "OB-30"] == ["B-EM"]
    assert channels(events, "B-Health", "OB-30") == {"liaison", "duty_room"}
    owed = city.obligation("OB-30", "B-EM")
    assert (owed.status, owed.late) == ("met", True)


def test_a_peer_told_outside_in_time_is_no_breach() -> None:
    """OB-30: the notice of the report says when."""
    city = accident(City())
    city.upward("09:35", "B-EM", "J-EM", content="casualties", peer_notified_at=hour("09:34"))
    assert (city.obligation("OB-30", "B-EM").status, city.breaches("OB-30")) == ("met", [])
    city = accident(City())
    city.upward(
        "09:40", "B-EM", "J-EM", reported_at=hour("09:35"), content="casualties", peer_notified_at=hour("09:36")
    )
    assert len(city.breaches("OB-30")) == 1


def test_a_notice_that_was_queued_before_covers_one_report() -> None:
    """OB-30: the risk of an outbreak was shared at 10:00 (NS-1a); the second report needs its own."""
    city = City()
    city.reported("10:00", ["cholera"], reporter_unit="H5", received_by="E-Health", district=E, figures={"cases": 1})
    assert channels(city.events, "E-EM", "NS-1a") == {"liaison", "duty_room"}
    city.upward("10:30", "E-Health", "J-Health", content="outbreak_risk")
    assert city.breaches("OB-30") == []
    city.upward("11:30", "E-Health", "J-Health", content="outbreak_risk")
    assert len(city.breaches("OB-30")) == 1


def test_every_report_of_a_department_that_liandong_gets_tells_the_peer_with_it() -> None:
    """OB-30: a follow-up from B-EM to J-EM is a report upward as well."""
    city = accident(City())
    events = city.reported("09:50", KINDS, reporter_unit="B-EM", received_by="J-EM", figures={"deaths": 4})
    assert channels(events, "B-Health", "OB-30") == {"liaison", "duty_room"}
    assert city.obligation("OB-30", "B-EM").status == "met"


def test_the_peer_of_a_city_department_is_the_city_department() -> None:
    """S0: the other department of the same level."""
    city = accident(City())
    city.reports_upward("09:35", "B-EM", "J-EM")
    events = city.reports_upward("09:50", "J-EM", "P-EM")
    assert channels(events, "J-Health", "OB-30") == {"liaison", "duty_room"}


def test_neither_hospitals_nor_governments_nor_the_province_owe_the_peer_anything() -> None:
    """OB-30: departments of districts and the city."""
    city = accident(City())
    for sender, to in (("J-120", "B-Health"), ("B-GOV", "J-GOV"), ("P-EM", "N-EM")):
        city.upward("09:50", sender, to, content="casualties")
    assert city.obligations("OB-30") == []


def test_an_accident_before_the_wuhan_plan_owes_the_peer_nothing() -> None:
    """OB-30: in force since 2026-01-04."""
    city = City()
    city.reported(
        "09:20",
        KINDS,
        reporter_unit="PLANT",
        received_by="B-EM",
        occurred_at=hour("09:00", "2026-01-03"),
        figures={"deaths": 3},
    )
    city.upward("09:35", "B-EM", "J-EM", content="casualties")
    assert city.obligations("OB-30") == []


def test_without_the_share_type_nothing_is_shared() -> None:
    """NS-2b: the five share types are data."""
    city = accident(
        City(policy_with("obligations.yaml", "  content: casualties\n  inferred: true", "  content: casualties"))
    )
    events = city.reports_upward("09:35", "B-EM", "J-EM")
    assert of(NoticeQueued, events)[0].purpose == "upward_report"


def test_an_unknown_incident_refuses_the_directive() -> None:
    """ReportUpward about nothing."""
    city = City()
    city.reported("09:20", KINDS, reporter_unit="PLANT", figures={"deaths": 3})
    events = city.reports_upward("09:35", "B-EM", "J-EM", incident="no-such")
    assert [event.code for event in events if hasattr(event, "code")] == ["UNKNOWN_INCIDENT"]


def test_the_receipt_of_a_report_starts_the_clock_of_a_unit_outside_the_city() -> None:
    """domain.md 3.0: obligations of units outside the city open when their receipt is recorded."""
    from schemas.inputs.duty import NoticeReceipted
    from tests.unit.intake_world import AREA

    city = City()
    city.reported("09:00", KINDS, reporter_unit="J-120", received_by="J-Health", figures={"deaths": 7})
    events = city.reports_upward("09:30", "J-Health", "P-Health")
    (notice,) = [event.notice for event in of(NoticeQueued, events) if event.to_unit == "P-Health"]
    assert city.obligations("OB-18", "P-Health") == []
    city.until(hour("09:40"))
    receipt = NoticeReceipted(area=AREA, notice=notice, channel="duty_room", observed_at=hour("09:40"))
    city.tell(receipt, hour("09:40"))
    assert city.obligation("OB-18", "P-Health").due == hour("11:40")
