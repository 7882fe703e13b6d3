"""Notices: both channels, receipts, ladders, orders, tasks, warnings (NS-2, NS-4, DU-6, DU-7, TF-10, TF-11; SC-9)."""

from typing import Any

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs.duty import (
    LiaisonRegistered,
    NoticeAcknowledged,
    NoticeReceipted,
    OrderProgressed,
    RosterRegistered,
    TaskProgressed,
)
from schemas.outputs import notification_events as out
from schemas.outputs.command_events import AlertStateChanged
from schemas.outputs.incident_events import NeedStated
from schemas.outputs.taskforce_events import JointActivated
from streams.domain.notification.entities import Notice, Order, Task
from tests.unit.duty_world import City, channels, hour
from tests.unit.intake_world import AREA, B, of

MEMBER = "OB-32:{}:J-HQ:J-MARKET"


def activated() -> City:
    """The joint mechanism runs since 09:30; J-MARKET has filed its officers."""
    city = City()
    filed = {"officer": "mo", "alternates": ("ma",), "unit_head": "mh", "observed_at": hour("08:00")}
    city.tell(LiaisonRegistered(area=AREA, unit="J-MARKET", **filed), hour("08:00"))
    shift = {"officer": "md", "on_from": hour("08:00"), "on_to": hour("20:00")}
    city.tell(RosterRegistered(area=AREA, unit="J-MARKET", **shift), hour("08:00"))
    city.reported("09:00", ["cholera"], reporter_unit="H3", figures={"cases": 1})
    incident = city.incident.id
    event = JointActivated(incident=incident, rule="E9", hits=(), task_force="TF-1", decided_by=(), at=hour("09:30"))
    city.happen("09:30", event)
    return city


def member(city: City) -> str:
    return MEMBER.format(city.incident.id)


def told(city: City, clock: str, kind: type[Any], notice: str, **fields: Any) -> list[OutputEvent]:
    when = hour(clock)
    city.until(when)
    return city.tell(kind(area=AREA, notice=notice, observed_at=when, **fields), when)


def about(city: City, kind: type[Any], unit: str) -> list[Any]:
    return [
        event
        for event in of(kind, city.events)
        if getattr(event, "to_unit", None) == unit or getattr(event, "unit", None) == unit
    ]


def test_notices_go_to_the_officers_that_are_filed() -> None:
    """DU-1, DU-5, DU-9, IN-12: liaison officer, and whoever holds the duty room now; the post where nobody is filed."""
    city = activated()
    addresses = {event.channel: event.address for event in about(city, out.NoticeQueued, "J-MARKET")}
    assert addresses == {"liaison": "mo", "duty_room": "md"}
    addresses = {event.channel: event.address for event in about(city, out.NoticeQueued, "J-EDU")}
    assert addresses == {"liaison": "J-EDU/liaison", "duty_room": "J-EDU/duty_room"}


def test_a_unit_without_a_liaison_officer_is_an_alarm_once() -> None:
    """DU-2: one alarm per gap, none for J-MARKET; an officer who leaves is a new gap."""
    city = activated()
    missing = sorted(event.unit for event in of(out.LiaisonMissing, city.events))
    assert missing == ["B-EM", "J-EDU", "J-EM", "J-Health"]
    gone = LiaisonRegistered(area=AREA, unit="J-MARKET", officer=None, observed_at=hour("10:00"))
    assert [event.unit for event in of(out.LiaisonMissing, city.tell(gone, hour("10:00")))] == ["J-MARKET"]


def test_an_acknowledgement_in_time_silences_the_ladder() -> None:
    """DU-6: nobody else is called; the second answer changes nothing."""
    city = activated()
    (answered,) = of(out.NoticeAnswered, told(city, "09:35", NoticeAcknowledged, member(city), by="mo"))
    assert answered.in_time
    assert of(out.NoticeAnswered, told(city, "09:36", NoticeAcknowledged, member(city), by="md")) == []
    city.until(hour("12:00"))
    assert about(city, out.NoticeEscalated, "J-MARKET") == []
    assert about(city, out.ReachabilityBreached, "J-MARKET") == []


def test_silence_calls_the_alternate_then_the_head_then_nobody_is_left() -> None:
    """DU-6: five minutes a step, counted from the step before."""
    city = activated()
    city.until(hour("12:00"))
    steps = [(event.rung, event.to, event.at) for event in about(city, out.NoticeEscalated, "J-MARKET")]
    assert steps == [("alternate", ("ma",), hour("09:35")), ("unit_head", ("mh",), hour("09:40"))]
    assert [event.at for event in about(city, out.NoticeUnanswered, "J-MARKET")] == [hour("09:45")]
    assert len(about(city, out.ReachabilityBreached, "J-MARKET")) == 1
    assert city.state.of(Notice)[member(city)].status == "unanswered"


def test_an_answer_of_the_alternate_ends_the_ladder_late() -> None:
    """DU-6."""
    city = activated()
    (answered,) = of(out.NoticeAnswered, told(city, "09:38", NoticeAcknowledged, member(city), by="ma"))
    assert not answered.in_time
    city.until(hour("12:00"))
    assert [event.rung for event in about(city, out.NoticeEscalated, "J-MARKET")] == ["alternate"]


def test_a_dead_phone_calls_the_alternate_at_once_and_is_a_breach_of_reachability() -> None:
    """SC-9, S1 Art. 8(2): then the head, five minutes later."""
    city = activated()
    events = told(city, "09:31", NoticeReceipted, member(city), channel="duty_room", outcome="failed")
    assert [event.to for event in of(out.NoticeEscalated, events)] == [("ma",)]
    assert [(event.unit, event.channel) for event in of(out.ReachabilityBreached, events)] == [
        ("J-MARKET", "duty_room")
    ]
    city.until(hour("09:37"))
    assert [event.rung for event in about(city, out.NoticeEscalated, "J-MARKET")] == ["alternate", "unit_head"]
    assert len(about(city, out.ReachabilityBreached, "J-MARKET")) == 1


def test_a_notice_is_complete_when_both_channels_have_delivered() -> None:
    """NS-4: within ten minutes; a repeated receipt changes nothing."""
    city = activated()
    assert of(out.NoticeCompleted, told(city, "09:31", NoticeReceipted, member(city), channel="liaison")) == []
    assert told(city, "09:32", NoticeReceipted, member(city), channel="liaison")[0].TYPE == "area.input_noted.v1"
    (complete,) = of(out.NoticeCompleted, told(city, "09:33", NoticeReceipted, member(city), channel="duty_room"))
    assert not complete.late
    city.until(hour("12:00"))
    assert about(city, out.NoticeIncomplete, "J-MARKET") == []


def test_a_channel_that_returns_no_receipt_is_told_after_ten_minutes() -> None:
    """NS-4: and complete, late, when it comes."""
    city = activated()
    told(city, "09:31", NoticeReceipted, member(city), channel="liaison")
    city.until(hour("09:41"))
    assert [event.missing for event in about(city, out.NoticeIncomplete, "J-MARKET")] == [("duty_room",)]
    (complete,) = of(out.NoticeCompleted, told(city, "09:45", NoticeReceipted, member(city), channel="duty_room"))
    assert complete.late


def test_peers_are_not_called_again_for_silence_only_for_a_dead_phone() -> None:
    """NS-4: receipts count, the acknowledgement is tracked apart."""
    city = City()
    city.reported("09:00", ["work_safety_accident"], reporter_unit="PLANT", received_by="B-EM", figures={"deaths": 3})
    events = city.reports_upward("09:35", "B-EM", "J-EM", content="casualties")
    (notice,) = {event.notice for event in of(out.NoticeQueued, events) if event.purpose == "peer"}
    city.until(hour("10:30"))
    assert about(city, out.NoticeEscalated, "B-Health") == []
    events = told(city, "10:31", NoticeReceipted, notice, channel="duty_room", outcome="failed")
    assert [event.rung for event in of(out.NoticeEscalated, events)] == ["alternate"]


def test_receipts_and_answers_of_unknown_notices_change_nothing() -> None:
    """An observation always applies, here to nothing."""
    city = City()
    for event in (
        NoticeReceipted(area=AREA, notice="no", channel="liaison", observed_at=hour("09:00")),
        NoticeAcknowledged(area=AREA, notice="no", by="x", observed_at=hour("09:00")),
        OrderProgressed(area=AREA, order="no", step="departed", by="x", observed_at=hour("09:00")),
        TaskProgressed(area=AREA, task="no", step="done", by="x", observed_at=hour("09:00")),
    ):
        assert [one.TYPE for one in city.tell(event, hour("09:00"))] == ["area.input_noted.v1"]


def test_a_long_id_becomes_a_digest_that_receipts_can_carry() -> None:
    """schemas.base.Id: 128 characters."""
    city = City(units=[("U" * 120, "market_regulation", "district", B, None), ("H3", "hospital", "unit", B, None)])
    events = city.reported("09:00", ["food_poisoning"], reporter_unit="H3", figures={"cases": 5})
    ids = {event.notice for event in of(out.NoticeQueued, events)}
    assert all(len(id) <= 128 for id in ids)
    assert any(id.startswith("N:") for id in ids)


def order(city: City) -> str:
    events = city.accept(cmd.Order(to_unit="B-PS", text="close the road"), hour("09:00"))
    return of(out.OrderIssued, events)[0].order


def test_an_order_is_tracked_from_acknowledgement_to_report_back() -> None:
    """TF-10, TF-11, DU-7: each step with its time; the acknowledgement of the notice is the first."""
    city = City()
    id = order(city)
    (acked,) = of(out.OrderAdvanced, told(city, "09:04", NoticeAcknowledged, f"order:{id}", by="duty"))
    assert (acked.step, acked.took_s, acked.late) == ("acked", 240, False)
    for step, clock, late in (("leader_informed", "09:08", False), ("departed", "09:40", True)):
        city.until(hour(clock))
        event = OrderProgressed(area=AREA, order=id, step=step, by="duty", observed_at=hour(clock))
        (taken,) = of(out.OrderAdvanced, city.tell(event, hour(clock)))
        assert (taken.step, taken.late) == (step, late)
    assert [event.step for event in of(out.OrderStepMissed, city.events)] == ["departed"]


def test_every_step_that_is_not_taken_is_missed_once() -> None:
    """TF-11: terms of the policy."""
    city = City()
    id = order(city)
    city.until(hour("23:00"))
    missed = [(event.step, event.due) for event in of(out.OrderStepMissed, city.events)]
    assert [step for step, _ in missed] == ["acked", "leader_informed", "departed", "arrived", "reported_back"]
    assert missed[0][1] == hour("09:05")
    assert city.state.get(Order, id) is None, "nothing of it runs any more"


def test_an_order_about_an_unknown_incident_is_refused() -> None:
    """TF-10."""
    city = City()
    events = city.accept(cmd.Order(incident="no", to_unit="B-PS", text="go"), hour("09:00"))
    assert [event.code for event in events if hasattr(event, "code")] == ["UNKNOWN_INCIDENT"]


def test_a_need_of_sanitation_is_a_task_for_health_and_a_notice() -> None:
    """NS-2c, TF-4: a card by capability, once while it is open; asked again after it was done, it is a new task."""
    city = City()
    city.reported("09:00", ["natural_disaster"], reporter_unit="B-EM", figures={"people": 700})
    need = NeedStated(incident=city.incident.id, need="sanitation", district=B, by_unit="B-EM")
    events = city.happen("10:00", need)
    (task,) = of(out.TaskOpened, events)
    assert (task.department, task.unit, task.capabilities) == ("health", "B-Health", ("EPI", "disinfectant"))
    assert channels(events, "B-Health") == {"liaison", "duty_room"}
    assert of(out.TaskOpened, city.happen("10:10", need)) == []
    for step in ("accepted", "done"):
        event = TaskProgressed(area=AREA, task=task.task, step=step, by="B-Health", observed_at=hour("11:00"))
        city.tell(event, hour("11:00"))
    assert city.state.of(Task)[task.task].status == "done"
    assert of(out.TaskOpened, city.happen("12:00", need))[0].task != task.task
    assert of(out.TaskOpened, city.happen("12:10", need.model_copy(update={"need": "shelter"}))) == []


def warned(level: str, previous: str | None, **fields: Any) -> AlertStateChanged:
    values = {
        "alert": "RAIN-1",
        "hazard_kind": "natural_disaster",
        "alert_level": level,
        "previous": previous,
        "status": "active",
        "districts": (B,),
        "issued_by": "MET",
        "issued_at": hour("05:30"),
        "expires_at": None,
        **fields,
    }
    return AlertStateChanged.model_validate(values)


def test_a_disaster_warning_is_passed_to_health_in_the_city_and_the_district() -> None:
    """NS-2a (SC-4): again when the level changes, not when it is repeated or lifted."""
    city = City()
    events = city.happen("05:30", warned("orange", None))
    for unit in ("J-Health", "B-Health"):
        assert channels(events, unit) == {"liaison", "duty_room"}
    assert of(out.NoticeQueued, city.happen("05:40", warned("orange", "orange"))) == []
    assert of(out.NoticeQueued, city.happen("06:00", warned("red", "orange"))) != []
    assert of(out.NoticeQueued, city.happen("07:00", warned("red", "red", status="cancelled"))) == []


def test_a_disease_warning_is_not_emergency_managements_to_pass() -> None:
    """NS-2a: warnings of disasters and accidents."""
    city = City()
    assert of(out.NoticeQueued, city.happen("05:30", warned("orange", None, hazard_kind="cholera"))) == []
