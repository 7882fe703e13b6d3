"""The gate before the public, and rumours (PR-1 to PR-6, PR-9, PR-10; SC-9)."""

from typing import Any

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs.releases import PublicationObserved, ReleaseDrafted, RumourDetected, RumourProgressed
from schemas.outputs import release_events as out
from schemas.outputs.refusals import CommandRefused
from tests.unit.duty_world import City, hour
from tests.unit.intake_world import AREA, A, of

HASH = "sha256:0123"


def drafted(city: City, clock: str, release: str = "R1", **fields: Any) -> list[OutputEvent]:
    when = hour(clock)
    city.until(when)
    values = {
        "area": AREA,
        "release": release,
        "by_unit": "J-EDU",
        "text_hash": HASH,
        "channels": ("web", "tv"),
        "drafted_at": when,
        **fields,
    }
    return city.tell(ReleaseDrafted.model_validate(values), when)


def approved(city: City, clock: str, release: str = "R1", text_hash: str = HASH) -> list[OutputEvent]:
    city.until(hour(clock))
    return city.accept(cmd.ApproveRelease(release=release, text_hash=text_hash), hour(clock), office="news_centre")


def accident(state: str = "unverified") -> City:
    city = City()
    kinds = ["work_safety_accident"]
    city.reported("09:00", kinds, reporter_unit="PLANT", figures={"deaths": 3}, verification=state)
    return city


def test_unverified_figures_are_blocked_and_the_attempt_is_on_record() -> None:
    """PR-1, VE-1 (SC-9): whoever drafts it."""
    city = accident()
    (blocked,) = of(out.ReleaseBlocked, drafted(city, "14:20", incident=city.incident.id, figures={"deaths": 3}))
    assert (blocked.code, blocked.by_unit) == ("UNVERIFIED_FIGURES", "J-EDU")
    assert [(one.figure, one.reason) for one in blocked.unfit] == [("deaths", "unverified")]
    assert [event.code for event in of(CommandRefused, approved(city, "14:30"))] == ["RELEASE_BLOCKED"]


def test_figures_that_nobody_reported_or_that_differ_are_blocked() -> None:
    """PR-1: also where no incident is named."""
    city = accident("verified")
    id = city.incident.id
    for fields, reason in (
        ({"incident": id, "figures": {"deaths": 2}}, "differs"),
        ({"incident": id, "figures": {"missing": 1}}, "unknown"),
        ({"figures": {"deaths": 3}}, "unknown"),
    ):
        (blocked,) = of(out.ReleaseBlocked, drafted(city, "14:20", **fields))
        assert [one.reason for one in blocked.unfit] == [reason]
    (blocked,) = of(out.ReleaseBlocked, drafted(city, "14:20", incident="no-such"))
    assert blocked.code == "INCIDENT_UNKNOWN"


def test_one_approved_text_goes_to_every_channel_under_one_id() -> None:
    """PR-2, PR-3: verified, approved by the news centre, published; the same digest everywhere."""
    city = accident("verified")
    events = drafted(city, "15:00", incident=city.incident.id, figures={"deaths": 3})
    assert [type(event).__name__ for event in events] == ["ReleaseVerified"]
    events = approved(city, "15:30")
    published = of(out.ReleasePublished, events)
    assert {(event.release, event.text_hash) for event in published} == {("R1", HASH)}
    assert {event.channel for event in published} == {"web", "tv"}
    assert [event.code for event in of(CommandRefused, approved(city, "15:31"))] == ["UNKNOWN_RELEASE"]


def test_approval_is_refused_for_another_wording_an_unknown_text_or_figures_that_moved() -> None:
    """PR-3."""
    city = accident("verified")
    drafted(city, "15:00", incident=city.incident.id, figures={"deaths": 3})
    assert [event.code for event in of(CommandRefused, approved(city, "15:10", text_hash="sha256:other"))] == [
        "TEXT_CHANGED"
    ]
    assert [event.code for event in of(CommandRefused, approved(city, "15:10", release="R9"))] == ["UNKNOWN_RELEASE"]
    kinds = ["work_safety_accident"]
    city.reported("15:20", kinds, reporter_unit="PLANT", figures={"deaths": 4}, verification="verified")
    assert [event.code for event in of(CommandRefused, approved(city, "15:30"))] == ["FIGURES_CHANGED"]


def test_a_cdc_issues_its_risk_advisory_alone_but_not_with_unverified_figures() -> None:
    """PR-6 (SC-9, 14:40)."""
    city = accident()
    advisory = {"kind": "risk_advisory", "by_unit": "J-CDC"}
    events = drafted(city, "14:40", **advisory)
    assert [type(event).__name__ for event in events] == ["ReleaseVerified", "ReleasePublished", "ReleasePublished"]
    fields = {**advisory, "incident": city.incident.id, "figures": {"deaths": 3}}
    assert of(out.ReleaseBlocked, drafted(city, "14:50", "R2", **fields))[0].code == "UNVERIFIED_FIGURES"
    assert of(out.ReleaseBlocked, drafted(city, "14:50", "R3", kind="risk_advisory"))[0].code == "NOT_A_CDC"


def test_outbreak_information_needs_an_authorisation() -> None:
    """PR-9."""
    city = City()
    (blocked,) = of(out.ReleaseBlocked, drafted(city, "15:00", information_class="outbreak"))
    assert blocked.code == "NOT_AUTHORISED"
    events = drafted(city, "15:10", information_class="outbreak", authorised_by="P-Health-2026-7")
    assert [type(event).__name__ for event in events] == ["ReleaseVerified"]


def test_what_the_public_sees_is_compared_with_what_was_approved() -> None:
    """PR-3: another wording, or nothing that was approved."""
    city = City()
    drafted(city, "15:00")
    approved(city, "15:30")
    seen = {"area": AREA, "channel": "tv", "observed_at": hour("15:40")}
    for release, text, expected in (("R1", HASH, []), ("R1", "sha256:zzzz", [HASH]), ("R7", HASH, [None])):
        event = PublicationObserved.model_validate({**seen, "release": release, "text_hash": text})
        found = of(out.PublicationDiffers, city.tell(event, hour("15:40")))
        assert [one.approved_hash for one in found] == expected


def rumour(city: City, clock: str) -> list[OutputEvent]:
    city.until(hour(clock))
    event = RumourDetected(
        area=AREA, rumour="PLAGUE", district=A, channel="weibo", detected_at=hour(clock), text="plague in A"
    )
    return city.tell(event, hour(clock))


def answered(city: City, clock: str, step: str) -> list[OutputEvent]:
    city.until(hour(clock))
    values = {"area": AREA, "rumour": "PLAGUE", "step": step, "by_unit": "J-NEWS", "observed_at": hour(clock)}
    return city.tell(RumourProgressed.model_validate({**values, "release": "R1"}), hour(clock))


def test_a_rumour_is_assessed_and_refuted_with_its_times() -> None:
    """PR-4, PR-10 (SC-9): 14:00 detected, 15:30 refuted; the term then runs no more."""
    city = City()
    rumour(city, "14:00")
    answered(city, "14:30", "assessed")
    (refuted,) = of(out.RumourAdvanced, answered(city, "15:30", "refuted"))
    assert (refuted.detected_at, refuted.at, refuted.late, refuted.release) == (
        hour("14:00"),
        hour("15:30"),
        False,
        "R1",
    )
    city.until(hour("23:00"))
    assert of(out.RumourOverdue, city.events) == []


def test_a_rumour_that_nobody_answers_is_overdue_once() -> None:
    """PR-10: four hours [P]."""
    city = City()
    rumour(city, "14:00")
    assert [event.TYPE for event in rumour(city, "14:05")] == ["area.input_noted.v1"]
    city.until(hour("23:00"))
    assert [event.due for event in of(out.RumourOverdue, city.events)] == [hour("18:00")]
    assert of(out.RumourAdvanced, answered(city, "23:10", "refuted"))[0].late
