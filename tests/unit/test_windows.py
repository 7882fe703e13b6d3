"""Counts from line lists, districts affected, first occurrence in the urban area (domain.md 2.2 notes 3 and 5)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from schemas.inputs import directives as cmd
from schemas.inputs.reports import CaseOnset
from schemas.outputs.incident_events import UrbanOccurrenceNoted
from streams.domain.core import Incident
from tests.unit.intake_world import A, B, C, D, E, World, at, of, report

D0 = at("2026-08-01 10:00")


def day(number: int, hour: int = 8) -> datetime:
    return at("2026-08-01 00:00") + timedelta(days=number, hours=hour)


def cases(*onsets: tuple[str, int], status: str = "confirmed", first: int = 1) -> tuple[CaseOnset, ...]:
    """Cases by district and day of onset."""
    return tuple(
        CaseOnset(case=f"c{first + n}", district=district, onset=day(number), status=status)  # type: ignore[arg-type]
        for n, (district, number) in enumerate(onsets)
    )


def listed(when: datetime, onsets: Iterable[CaseOnset], kind: str = "cholera", **fields: Any) -> Any:
    return report(when, [kind], onsets=tuple(onsets), occurred_at=D0, **{"district": E, **fields})


def figures(world: World) -> dict[str, Any]:
    return world.incident.figures


def test_windows_run_by_onset_day_per_county_and_city() -> None:
    """Note 3: seven local days that end with the day of the newest figures; the eighth day back is out."""
    world = World()
    world.tell(listed(day(8), cases((E, 1), (E, 2), (E, 8), (B, 2), (B, 3))), day(8))
    found = figures(world)
    assert (found["cases_7d_city"], found["cases_7d_county_max"], found["cases"]) == (4, 2, 5)
    assert (found["cases_6d_county_max"], found["cases_14d_city"], found["cases_14d_county_max"]) == (1, 5, 3)
    assert found["cases_incub_city"] == 1, "cholera: a mean incubation of two days"
    assert (found["counties"], world.incident.severity("PHE")) == (2, 3)


def test_the_day_of_onset_is_the_local_day() -> None:
    world = World()
    edge = [
        CaseOnset(case="in", district=E, onset=at("2026-08-03 00:00")),
        CaseOnset(case="out", district=E, onset=at("2026-08-02 23:59")),
    ]
    world.tell(listed(at("2026-08-09 23:59"), edge), at("2026-08-09 23:59"))
    assert figures(world)["cases_7d_city"] == 1


def test_a_zero_report_moves_the_window_and_may_lower_the_computed_grade() -> None:
    """SC-8: corrections and time may lower the computed grade; the response is another matter."""
    world = World()
    world.tell(listed(day(6), cases(*[(E, 5)] * 30)), day(6))
    assert world.incident.severity("PHE") == 2
    world.tell(listed(day(20), (), zero_report=True), day(20))
    assert figures(world)["cases_7d_city"] == 0
    assert world.incident.severity("PHE") == 4


def test_a_line_list_replaces_stated_windows_and_totals_are_the_greater() -> None:
    """Supplied aggregates count where no line list exists."""
    world = World()
    world.tell(listed(day(1), (), figures={"cases_7d_city": 31, "cases": 31}), day(1))
    assert world.incident.severity("PHE") == 2
    world.tell(listed(day(2), cases((E, 1), (E, 2))), day(2))
    assert (figures(world)["cases_7d_city"], figures(world)["cases"]) == (2, 31)
    assert world.incident.severity("PHE") == 4


def test_cases_are_counted_once_and_excluded_ones_not_at_all() -> None:
    """Two sources list the same case; the newest word about its status counts, in any order of arrival."""
    for order in (0, 1):
        world = World()
        steps = [
            listed(day(3), cases((E, 1), (E, 2))),
            listed(day(4), cases((E, 1), status="excluded"), source="cdc", external_id="L1"),
        ]
        for step in steps[:: -1 if order else 1]:
            world.tell(step, day(5))
        ids = sorted(world.state.of(Incident))
        if len(ids) > 1:
            world.accept(cmd.MergeIncidents(action="merge", incident=ids[0], other=ids[1], reason="one outbreak"))
        assert figures(world)["cases"] == 1


def test_suspected_cases_count_as_suspected_only() -> None:
    world = World()
    world.tell(listed(day(2), cases((D, 1), (D, 2), status="suspected"), kind="sars", district=D), day(2))
    found = figures(world)
    assert (found["suspected"], found["confirmed"], found["cases"], found["cases_7d_city"]) == (2, 0, 0, 0)
    assert world.incident.severity("PHE") == 2


def test_cases_elsewhere_count_as_divisions_but_not_for_the_city() -> None:
    """A case in another province makes it a matter of two provinces, not a case of this city's window."""
    world = World()
    world.tell(listed(day(2), cases((E, 1), ("420101", 1))), day(2))
    found = figures(world)
    assert (found["counties"], found["prefectures"], found["provinces"], found["cases_7d_city"]) == (2, 2, 2, 1)


def test_counties_come_from_the_districts_of_merged_reports() -> None:
    """SC-2: counties >= 2 where nobody supplies the fact; only public-health reports name affected districts."""
    world = World()
    world.tell(report(D0, ["unknown_cause_cluster"], figures={"clusters": 1}, district=E), D0)
    world.tell(report(day(2), ["unknown_cause_cluster"], figures={"clusters": 1}, district=D, external_id="X2"), day(2))
    one, two = sorted(world.state.of(Incident))
    assert world.state.of(Incident)[one].severity("PHE") == 3
    world.accept(cmd.MergeIncidents(action="merge", incident=one, other=two, reason="one cluster"))
    assert figures(world)["counties"] == 2
    assert world.incident.severity("PHE") == 2


def test_a_district_that_reports_no_case_is_not_affected() -> None:
    """CH-3b: zero reports 零报告 of a second county, in one report series or merged, do not make two counties."""
    world = World()
    world.tell(report(D0, ["cholera"], figures={"cases": 2}, district=E), D0)
    world.tell(report(day(1), ["cholera"], district=D, zero_report=True, occurred_at=D0), day(1))
    assert (world.incident.districts, world.incident.severity("PHE")) == ((E,), 4)
    world.tell(report(day(2), ["cholera"], figures={"cases": 0}, district=D, external_id="X2"), day(2))
    one, two = sorted(world.state.of(Incident))
    world.accept(cmd.MergeIncidents(action="merge", incident=one, other=two, reason="same strain"))
    assert world.state.of(Incident)[one].severity("PHE") == 4


def test_one_series_of_reports_may_name_cases_in_two_districts() -> None:
    """CH-3b: nobody states `counties`; the second county's case is in the same source's reports."""
    world = World()
    world.tell(report(D0, ["cholera"], figures={"cases": 2}, district=E), D0)
    world.tell(report(day(1), ["cholera"], figures={"cases": 3}, district=D, occurred_at=D0), day(1))
    assert figures(world)["counties"] == 2
    assert world.incident.severity("PHE") == 3


def test_a_flood_in_two_districts_is_not_an_outbreak_in_two() -> None:
    world = World()
    world.tell(report(D0, ["natural_disaster"], figures={"people": 900}, district=C), D0)
    more = report(day(1), ["class_bc_outbreak"], figures={"cases": 22}, district=C, occurred_at=D0)
    world.tell(more, day(1))
    world.tell(report(day(2), ["natural_disaster"], figures={"people": 950}, district=D, occurred_at=D0), day(2))
    assert world.incident.districts == (C, D)
    assert "counties" not in figures(world)


def test_the_first_case_in_the_urban_area_is_serious_at_once() -> None:
    """CH-3c, note 5: A is city urban area, E is not; a supplied statement goes before the register."""
    for district, said, severity in ((A, {}, 3), (E, {}, 4), (A, {"first_in_city_urban": False}, 4)):
        world = World()
        world.tell(report(D0, ["cholera"], figures={"cases": 1, **said}, district=district), D0)
        assert world.incident.severity("PHE") == severity


def test_first_means_none_before_in_the_look_back() -> None:
    """[P] the look-back is the calendar year of the occurrence; a hoax is no occurrence."""
    world = World()
    grades = []
    for number, text in enumerate(("2025-11-20", "2025-12-20", "2026-01-05", "2026-07-01"), start=1):
        when = at(f"{text} 09:00")
        world.tell(report(when, ["cholera"], figures={"cases": 1}, district=C, external_id=f"X{number}"), when)
        newest = max(world.state.of(Incident).values(), key=lambda incident: incident.occurred_at)
        grades.append(newest.severity("PHE"))
    assert grades == [3, 4, 3, 4]
    assert len(of(UrbanOccurrenceNoted, world.events)) == 4
    january = sorted(world.state.of(Incident))[2]
    world.accept(cmd.VerifyFacts(action="refute", incident=january, reason="hoax"), at("2026-07-01 10:00"))
    again = report(at("2026-07-01 11:00"), ["cholera"], figures={"cases": 2}, district=C, external_id="X4")
    world.tell(again.model_copy(update={"occurred_at": at("2026-07-01 09:00")}), at("2026-07-01 11:00"))
    assert max(world.state.of(Incident).values(), key=lambda i: i.occurred_at).severity("PHE") == 3


def test_only_kinds_whose_rules_ask_for_it_are_kept_in_the_register_of_occurrences() -> None:
    world = World()
    world.tell(report(D0, ["food_poisoning"], figures={"cases": 40}, district=A), D0)
    assert not of(UrbanOccurrenceNoted, world.events)
    assert "first_in_city_urban" not in figures(world)
    assert B not in world.incident.districts
