"""Every rule of the national tables at its edge: the value that hits and the one just below (domain.md 2.1-2.4)."""

from datetime import date
from typing import Any

import pytest

from streams.policy.dated import jurisdictions
from streams.policy.loader import bundled

DAY = date(2026, 3, 10)
Facts = dict[str, Any]

WSA = [
    ({"deaths": 30}, 1, ["WSA-1"]), ({"deaths": 29}, 2, ["WSA-2"]), ({"deaths": 10}, 2, ["WSA-2"]),
    ({"deaths": 9}, 3, ["WSA-3"]), ({"deaths": 3}, 3, ["WSA-3"]), ({"deaths": 2}, 4, ["WSA-4"]),
    ({"deaths": 1}, 4, ["WSA-4"]), ({"deaths": 0}, None, []), ({"missing": 50}, None, []),
    ({"serious": 100}, 1, ["WSA-1"]), ({"serious": 99}, 2, ["WSA-2"]), ({"serious": 50}, 2, ["WSA-2"]),
    ({"serious": 49}, 3, ["WSA-3"]), ({"serious": 10}, 3, ["WSA-3"]), ({"serious": 9}, 4, ["WSA-4"]),
    ({"serious": 1}, 4, ["WSA-4"]),
    ({"loss_yuan": 100_000_000}, 1, ["WSA-1"]), ({"loss_yuan": 99_999_999}, 2, ["WSA-2"]),
    ({"loss_yuan": 50_000_000}, 2, ["WSA-2"]), ({"loss_yuan": 49_999_999.5}, 3, ["WSA-3"]),
    ({"loss_yuan": 10_000_000}, 3, ["WSA-3"]), ({"loss_yuan": 9_999_999}, 4, ["WSA-4"]),
    ({"loss_yuan": 0.5}, 4, ["WSA-4"]), ({"loss_yuan": 0}, None, []),
]  # fmt: skip
MRE = [
    ({"casualties": 100, "many_critical": True}, 1, ["MRE-1a"]),
    ({"casualties": 99, "many_critical": True}, 4, ["MRE-4b"]),
    ({"casualties": 100}, 4, ["MRE-4b"]),
    ({"provinces": 2, "very_severe_casualties": True}, 1, ["MRE-1b"]),
    ({"provinces": 1, "very_severe_casualties": True}, None, []),
    ({"provinces": 2, "severe_casualties": True}, None, []),
    ({"nuclear_or_chemical_mass_casualty": True, "province_requests_national_support": True}, 1, ["MRE-1c"]),
    ({"nuclear_or_chemical_mass_casualty": True}, None, []),
    ({"province_requests_national_support": True}, None, []),
    ({"deaths": 2, "critical": 4}, 2, ["MRE-2a"]), ({"deaths": 5}, 3, ["MRE-3a"]), ({"critical": 5}, 3, ["MRE-3a"]),
    ({"prefectures": 2, "severe_casualties": True}, 2, ["MRE-2b"]),
    ({"prefectures": 1, "severe_casualties": True}, None, []),
    ({"deaths": 4}, 3, ["MRE-3a"]), ({"deaths": 3}, 4, ["MRE-4a"]), ({"deaths": 2}, 4, ["MRE-4a"]),
    ({"deaths": 1}, None, []),
    ({"casualties": 10}, 4, ["MRE-4b"]), ({"casualties": 9}, None, []), ({"deaths": 1, "injured": 9}, 4, ["MRE-4b"]),
    ({"deaths": 3, "casualties": 28}, 4, ["MRE-4a", "MRE-4b"]), ({"casualties": 60, "critical": 4}, 3, ["MRE-3a"]),
]  # fmt: skip
EQ = [
    ({"deaths": 297, "missing": 3}, 1, ["EQ-1"]), ({"deaths": 299}, 2, ["EQ-2"]),
    ({"loss_ratio_provincial_gdp": 0.01}, 1, ["EQ-1"]), ({"loss_ratio_provincial_gdp": 0.009}, None, []),
    ({"deaths": 47, "missing": 3}, 2, ["EQ-2"]), ({"deaths": 49}, 3, ["EQ-3"]), ({"missing": 10}, 3, ["EQ-3"]),
    ({"deaths": 9}, 4, ["EQ-4"]), ({"missing": 1}, 4, ["EQ-4"]), ({"loss_yuan": 1}, 4, ["EQ-4"]), ({}, None, []),
]  # fmt: skip
EQI = [
    ({"density": "fairly_dense", "magnitude": m}, sev, [f"EQi-{sev}"] if sev else [])
    for m, sev in ((7.0, 1), (6.9, 2), (6.0, 2), (5.9, 3), (5.0, 3), (4.9, 4), (4.0, 4), (3.9, None))
] + [
    ({"density": "dense", "magnitude": m}, sev, [f"EQi-{sev}"] if sev else [])
    for m, sev in ((6.0, 1), (5.9, 2), (5.0, 2), (4.9, 3), (4.0, 3), (3.9, None))
] + [({"density": "sparse", "magnitude": 8.0}, None, []), ({"magnitude": 8.0}, None, [])]  # fmt: skip


def _steps(name: str, *lows: int) -> list[tuple[Facts, int | None, list[str]]]:
    """Rows for the lower bounds of severities 1, 2, 3, 4: at the bound, and just below it."""
    rows: list[tuple[Facts, int | None, list[str]]] = []
    for severity, low in enumerate(lows, start=1):
        below = severity + 1 if severity < len(lows) else None
        rows += [({name: low}, severity, []), ({name: low - 1}, below, [])]
    return rows


NDRN = [
    *_steps("deaths", 200, 100, 50, 20), *_steps("missing", 200, 100, 50, 20),
    *_steps("people", 2_000_000, 1_000_000, 500_000, 100_000), *_steps("rooms", 300_000, 200_000, 100_000, 10_000),
    *_steps("households", 100_000, 70_000, 30_000, 3_000), *_steps("drought_pct", 30, 25, 20, 15),
    *_steps("drought_people", 4_000_000, 3_000_000, 2_000_000, 1_000_000),
]  # fmt: skip
NDRC = [
    *_steps("deaths", 10, 5, 3, 1), *_steps("missing", 10, 5, 3, 1), *_steps("people", 10_000, 5_000, 2_000, 500),
    *_steps("rooms", 1_000, 500, 200, 50), ({"deaths": 1, "missing": 2}, 3, ["NDRc-3"]),
]  # fmt: skip

PHE: list[tuple[str, Facts, int | None, list[str]]] = [
    ("pneumonic_plague", {"large_medium_city": True, "spreading": True, "cases": 1}, 1, ["PN-1a"]),
    ("pneumonic_plague", {"large_medium_city": True, "cases": 1}, 3, ["PN-3"]),
    ("pneumonic_plague", {"provinces": 2, "spreading": True}, 1, ["PN-1b"]),
    ("pneumonic_plague", {"provinces": 2, "cases": 1}, 3, ["PN-3"]),
    ("pneumonic_plague", {"provinces": 1, "spreading": True}, None, []),
    ("pulmonary_anthrax", {"cases_6d_county_max": 5}, 2, ["PN-2"]),
    ("pulmonary_anthrax", {"cases_6d_county_max": 4, "cases": 4}, 3, ["PN-3"]),
    ("pulmonary_anthrax", {"counties": 2}, 2, ["PN-2"]),
    ("pneumonic_plague", {"counties": 1, "cases": 1}, 3, ["PN-3"]),
    ("pneumonic_plague", {"cases": 0}, None, []),
    ("bubonic_plague", {"cases_incub_city": 20, "multi_point": True}, 2, ["BP-2"]),
    ("bubonic_plague", {"cases_incub_city": 19, "multi_point": True, "cases": 19}, 4, ["BP-4"]),
    ("bubonic_plague", {"cases_incub_city": 20, "cases": 20}, 4, ["BP-4"]),
    ("bubonic_plague", {"prefectures": 2}, 2, ["BP-2"]),
    ("bubonic_plague", {"prefectures": 1}, None, []),
    ("bubonic_plague", {"cases_incub_county_max": 10}, 3, ["BP-3"]),
    ("bubonic_plague", {"cases_incub_county_max": 9, "cases": 9}, 4, ["BP-4"]),
    ("bubonic_plague", {"counties": 2}, 3, ["BP-3"]),
    ("bubonic_plague", {"cases": 1, "counties": 1}, 4, ["BP-4"]),
    ("bubonic_plague", {}, None, []),
    ("cholera", {"cases_7d_city": 30}, 2, ["CH-2"]),
    ("cholera", {"cases_7d_city": 29, "cases": 29}, 4, ["CH-4"]),
    ("cholera", {"prefectures": 2, "spreading": True}, 2, ["CH-2"]),
    ("cholera", {"prefectures": 2, "cases": 1}, 4, ["CH-4"]),
    ("cholera", {"prefectures": 1, "spreading": True, "cases": 1}, 4, ["CH-4"]),
    ("cholera", {"cases_7d_county_max": 10}, 3, ["CH-3a"]),
    ("cholera", {"cases_7d_county_max": 9, "cases": 9}, 4, ["CH-4"]),
    ("cholera", {"counties": 2, "first_in_city_urban": True, "cases": 2}, 3, ["CH-3b", "CH-3c"]),
    ("cholera", {"counties": 2}, 3, ["CH-3b"]),
    ("cholera", {"counties": 1, "cases": 1}, 4, ["CH-4"]),
    ("cholera", {"first_in_city_urban": True, "cases": 1}, 3, ["CH-3c"]),
    ("cholera", {"cases": 0}, None, []),
    ("sars", {"confirmed": 1, "spreading": True}, 1, ["SA-1"]),
    ("sars", {"confirmed": 1}, 2, ["SA-2"]),
    ("human_hpai", {"suspected": 1, "spreading": True}, 2, ["SA-2"]),
    ("human_hpai", {"suspected": 0, "confirmed": 0, "cases": 3}, None, []),
    ("class_bc_outbreak", {"counties": 2, "excess_ratio": 2.0}, 2, ["BC-2"]),
    ("class_bc_outbreak", {"counties": 2, "excess_ratio": 1.9}, None, []),
    ("class_bc_outbreak", {"counties": 1, "excess_ratio": 2.0}, None, []),
    ("class_bc_outbreak", {"excess_ratio_county_max": 1.0}, 3, ["BC-3"]),
    ("class_bc_outbreak", {"excess_ratio_county_max": 0.99, "cases": 500}, None, []),
    ("unknown_cause_cluster", {"provinces": 2, "spreading": True}, 1, ["UK-1"]),
    ("unknown_cause_cluster", {"provinces": 2, "clusters": 1}, 3, ["UK-3"]),
    ("unknown_cause_cluster", {"provinces": 1, "spreading": True}, None, []),
    ("unknown_cause_cluster", {"counties": 2}, 2, ["UK-2"]),
    ("unknown_cause_cluster", {"counties": 1, "clusters": 1}, 3, ["UK-3"]),
    ("unknown_cause_cluster", {"clusters": 0, "cases": 3}, None, []),
    ("novel_or_imported", {"cases": 1, "spreading": True}, 1, ["NV-1"]),
    ("novel_or_imported", {"cases": 1}, 2, ["NV-2"]),
    ("novel_or_imported", {"cases": 0, "spreading": True}, None, []),
    ("eradicated_reemergence", {"cases": 1}, 1, ["ER-1"]),
    ("eradicated_reemergence", {"cases": 0}, None, []),
    ("strain_loss", {"highly_pathogenic_strain_lost": True}, 1, ["SL-1"]),
    ("strain_loss", {}, None, []),
    ("neighbour_epidemic_import", {"imported_cases": 1, "serious_threat": True}, 1, ["NI-1"]),
    ("neighbour_epidemic_import", {"imported_cases": 1}, None, []),
    ("neighbour_epidemic_import", {"imported_cases": 0, "serious_threat": True}, None, []),
    ("iatrogenic_major", {"major_iatrogenic_infection": True}, 2, ["IA-2"]),
    ("iatrogenic_major", {"infections": 9}, None, []),
    ("vaccine_or_drug_reaction", {"deaths": 1, "group_reaction": True}, 2, ["VD-2"]),
    ("vaccine_or_drug_reaction", {"deaths": 0, "group_reaction": True}, 3, ["VD-3"]),
    ("vaccine_or_drug_reaction", {"cases": 40}, None, []),
    ("food_poisoning", {"cases": 101, "deaths": 1}, 2, ["FP-2a"]),
    ("food_poisoning", {"cases": 100, "deaths": 1}, 3, ["FP-3a", "FP-3b"]),
    ("food_poisoning", {"deaths": 10}, 2, ["FP-2b"]),
    ("food_poisoning", {"deaths": 9}, 3, ["FP-3b"]),
    ("food_poisoning", {"cases": 100}, 3, ["FP-3a"]),
    ("food_poisoning", {"cases": 99}, 4, ["FP-4"]),
    ("food_poisoning", {"cases": 30}, 4, ["FP-4"]),
    ("food_poisoning", {"cases": 29}, None, []),
    ("food_poisoning", {"cases": 30, "deaths": 1}, 3, ["FP-3b"]),
    ("occupational_poisoning", {"cases": 50}, 2, ["OP-2"]),
    ("occupational_poisoning", {"cases": 49}, 3, ["OP-3"]),
    ("occupational_poisoning", {"deaths": 5}, 2, ["OP-2"]),
    ("occupational_poisoning", {"deaths": 4}, 3, ["OP-3"]),
    ("occupational_poisoning", {"cases": 10}, 3, ["OP-3"]),
    ("occupational_poisoning", {"cases": 9}, 4, ["OP-4"]),
    ("occupational_poisoning", {"cases": 1, "deaths": 1}, 3, ["OP-3"]),
    ("occupational_poisoning", {"cases": 1}, 4, ["OP-4"]),
    ("occupational_poisoning", {"cases": 0}, None, []),
    ("concealed_pathogen_transport", {"infections": 1}, 2, ["CT-2"]),
    ("concealed_pathogen_transport", {"deaths": 1}, 2, ["CT-2"]),
    ("concealed_pathogen_transport", {"infections": 0}, None, []),
]
ROWS = [
    *(("WSA", "work_safety_accident", *row) for row in WSA),
    *(("MRE", "mass_casualty", *row) for row in MRE),
    *(("EQ", "earthquake", *row) for row in EQ),
    *(("EQi", "earthquake_initial", *row) for row in EQI),
    *(("NDRn", "natural_disaster", *row) for row in NDRN),
    *(("NDRc", "natural_disaster", *row) for row in NDRC),
    *(("PHE", *row) for row in PHE),
]


def graded(kind: str, facts: Facts, area: str = "990100") -> dict[str, tuple[int | None, list[str]]]:
    """Each family's grade and the rules that hold at it."""
    policy = bundled()
    complete = policy.facts.complete(facts)
    found = {}
    for part in policy.grading.program((kind,), DAY, jurisdictions(area)):
        severity, rules = part.grade(complete)
        found[part.family] = (severity, [rule.id for rule in rules])
    return found


@pytest.mark.parametrize(("family", "kind", "facts", "severity", "rules"), ROWS)
def test_a_rule_holds_from_its_edge_on(
    family: str, kind: str, facts: Facts, severity: int | None, rules: list[str]
) -> None:
    """GR-1, GR-2: the grade and all rules that hold at the winning severity."""
    found, hits = graded(kind, facts)[family]
    assert found == severity
    if rules or severity is None:
        assert hits == rules
    else:
        assert hits == [f"{family}-{severity}"]


@pytest.mark.law_table
def test_every_rule_of_the_tables_stands_in_these_rows() -> None:
    expected = {rule for row in ROWS for rule in row[4]}
    expected |= {f"{row[0]}-{row[3]}" for row in ROWS if row[3] is not None and not row[4]}
    national = {rule.id for table in bundled().grading.tables if table.variant != "numeric" for rule in table.rules}
    assert expected == national


@pytest.mark.law_table
def test_every_graded_kind_has_its_families() -> None:
    """A kind of the group public_health is graded as PHE only; the relief table has two families."""
    for hazard in bundled().hazards.kinds(DAY, jurisdictions("990100")).values():
        expected = {
            "public_health": ("PHE",),
            "medical_rescue": ("MRE",),
            "accident": ("WSA",),
        }.get(hazard.group)
        assert expected is None or hazard.families in {expected, ()}
    assert set(graded("natural_disaster", {})) == {"NDRn", "NDRc"}
    assert set(graded("earthquake", {})) == {"EQ"}
    assert set(graded("earthquake_initial", {})) == {"EQi"}
