"""An incident that belongs to another city goes there with its clocks (issue 4, item 6)."""

from schemas.base import OutputEvent
from schemas.inputs.handovers import HandoverAnswer, HandoverOffer
from schemas.inputs.reports import CaseOnset
from schemas.outputs.handover_events import HandoverAnswered, HandoverConcluded, HandoverOffered, HandoverReceived
from schemas.outputs.incident_events import IncidentClosed, IncidentOpened, ReportAttached
from schemas.outputs.obligation_events import ObligationWithdrawn
from streams.domain.obligations.entities import Obligation
from tests.unit.command_city import AREA, NOTICE, B, City, at, of

K = "990200"


def offered(**report: object) -> tuple[City, City]:
    """J has offered an accident to K; K has taken it in."""
    here, there = City(), City(area=K)
    here.report(**(report or {"deaths": 3, "serious": 10}), known_at=at("2026-03-10 08:40"))
    here.until("2026-03-10 09:20")
    there.until("2026-03-10 09:20")
    here.order("mayor", "transfer", incident="cad|X1", to_area=K, district="990203", reason="发生地在K市")
    deliver(of(HandoverOffered, here.last)[0], there)
    return here, there


def deliver(message: OutputEvent, to: City) -> list[OutputEvent]:
    """What is published on mutual.aid is what the addressed city reads, byte for byte."""
    kind = HandoverOffer if isinstance(message, HandoverOffered) else HandoverAnswer
    assert message.key("nobody") == to.area
    return to.tell(kind.model_validate_json(message.model_dump_json()))


def owed(city: City) -> list[Obligation]:
    return [item for item in city.state.of(Obligation).values() if item.owed()]


def test_the_receiver_opens_the_incident_with_its_figures_grades_and_clocks() -> None:
    _, there = offered()
    incident = there.incident(f"area-{AREA}|990100-20260310-001")
    assert (incident.composite, incident.figures["deaths"]) == (3, 3)
    assert incident.occurred_at == at("2026-03-10 09:00")
    assert incident.districts == ("990203",)
    assert incident.verification["deaths"] == "verified"
    assert of(ReportAttached, there.events)[0].known_at == at("2026-03-10 08:40")
    assert ("start_response", "RL-10", 3) in there.waiting(), "its own grading, proposals and duties begin at once"


def test_the_senders_open_duties_go_along_as_a_record() -> None:
    here, there = offered()
    (received,) = of(HandoverReceived, there.events)
    assert {duty.rule for duty in received.owed} == {item.rule for item in owed(here)}
    assert received.their_incident == here.incident().id


def test_the_sender_keeps_its_obligations_until_the_receiver_acknowledges() -> None:
    here, there = offered()
    before = {item.id for item in owed(here)}
    assert before
    there.order("mayor", "confirm", proposal=f"handover@area-{AREA}|990100-20260310-001")
    (answer,) = of(HandoverAnswered, there.last)
    assert {item.id for item in owed(here)} == before
    deliver(answer, here)
    assert {event.obligation for event in of(ObligationWithdrawn, here.last)} >= before
    assert {event.reason for event in of(ObligationWithdrawn, here.last)} == {"transferred"}
    (concluded,) = of(HandoverConcluded, here.last)
    assert (concluded.answer, concluded.decided_by) == ("accepted", ("mayor",))
    assert of(IncidentClosed, here.last)
    assert here.incident().status == "closed"


def test_a_response_that_runs_at_the_sender_stays_until_its_government_ends_it() -> None:
    here, there = offered()
    here.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    there.order("mayor", "confirm", proposal=f"handover@area-{AREA}|990100-20260310-001")
    deliver(of(HandoverAnswered, there.last)[0], here)
    assert here.responses() == {AREA: 3}
    assert here.incident().status == "open"
    assert not owed(here)


def test_a_declined_offer_leaves_everything_with_the_sender() -> None:
    here, there = offered()
    there.order("mayor", "reject", proposal=f"handover@area-{AREA}|990100-20260310-001", reason="发生地在J市")
    before = {item.id for item in owed(here)}
    (answer,) = of(HandoverAnswered, there.last)
    assert (answer.answer, answer.reason) == ("declined", "发生地在J市")
    assert there.incident(f"area-{AREA}|990100-20260310-001").status == "closed"
    deliver(answer, here)
    assert {item.id for item in owed(here)} == before
    assert here.incident().status == "open"
    here.order("mayor", "transfer", incident="cad|X1", to_area="990300", reason="发生地在L市")
    assert of(HandoverOffered, here.last), "it may be offered to somebody else"


def test_an_unanswered_offer_climbs_at_the_receiver() -> None:
    _, there = offered()
    there.until("2026-03-10 09:51")
    assert there.proposal("handover").offices == ("province_government", "commander_in_chief")


def test_repeated_messages_change_nothing() -> None:
    """The broker delivers at least once."""
    here, there = offered()
    offer = of(HandoverOffered, here.events)[0]
    seen = len(there.events)
    deliver(offer, there)
    assert [event.TYPE for event in there.events[seen:]] == ["area.input_noted.v1"]
    there.order("mayor", "confirm", proposal=f"handover@area-{AREA}|990100-20260310-001")
    answer = of(HandoverAnswered, there.last)[0]
    deliver(answer, here)
    deliver(answer, here)
    assert len(of(HandoverConcluded, here.events)) == 1


def test_what_cannot_be_handed_over_is_refused() -> None:
    here, _ = offered()
    here.order("mayor", "transfer", incident="cad|X1", to_area="990300", reason="x")
    assert here.refusal() == "HANDOVER_PENDING"
    here.report(deaths=1, id="X2")
    here.order("mayor", "transfer", incident="cad|X2", to_area=AREA, reason="x")
    assert here.refusal() == "SAME_AREA"
    here.order("mayor", "transfer", incident="cad|X2", to_area=B, reason="x")
    assert here.refusal() == "UNKNOWN_AREA"
    here.order("head-2", "transfer", incident="cad|X2", to_area=K, reason="x")
    assert here.refusal() == "NOT_AUTHORISED"
    here.order("mayor", "close_incident", incident="cad|X2", reason="完毕")
    here.order("mayor", "transfer", incident="cad|X2", to_area=K, reason="x")
    assert here.refusal() == "INCIDENT_NOT_OPEN"


def test_a_line_list_and_unverified_figures_go_along() -> None:
    here, there = City(), City(area=K)
    cases = tuple(CaseOnset(case=f"c{n}", district=B, onset=at(f"2026-03-0{n} 08:00")) for n in range(1, 4))
    here.report(kinds=("cholera",), onsets=cases, verification="unverified", deaths=1)
    here.order("cdc", "verify", incident="cad|X1", figures={"deaths": 1})
    here.order("mayor", "transfer", incident="cad|X1", to_area=K, reason="输入地为K市")
    deliver(of(HandoverOffered, here.last)[0], there)
    (opened,) = of(IncidentOpened, there.last)
    incident = there.incident(f"area-{AREA}|{here.incident().id}")
    assert opened.incident == incident.id
    assert (incident.figures["cases"], incident.verification["deaths"]) == (3, "verified")
    assert there.command(f"area-{AREA}|{here.incident().id}").last_onset == at("2026-03-03 08:00")
