"""The catalogues as domain.md 2.2-2.7, 3.0 and allocation.md give them: hazard kinds, facts, what is asked for.

Tables restate the law: a change of the policy files that is no change of the law shows here.
"""

from datetime import date
from typing import Any

import pytest

from streams.policy.facts import Fact
from streams.policy.loader import bundled

DAY = date(2026, 3, 10)
WITHIN = ("990100", "990000", "CN")
HEALTH = ("public_health", "health")
HAZARDS: dict[str, tuple[str, tuple[str, str | None], str, int | None, int | None]] = {
    "work_safety_accident": ("WSA", ("accident", "emergency_management"), "12D01 12D02", None, None),
    "road_traffic_accident": ("WSA", ("accident", "emergency_management"), "12H", None, None),
    "fire_accident": ("WSA", ("accident", "emergency_management"), "12G", None, None),
    "mass_casualty": ("MRE", ("medical_rescue", None), "", None, None),
    "natural_disaster": (
        "NDRn NDRc",
        ("natural_disaster", "emergency_management"),
        "11A01 11B01 11B03 11D01 11D02",
        None,
        None,
    ),
    "earthquake": ("EQ", ("natural_disaster", "emergency_management"), "11C02", None, None),
    "earthquake_initial": ("EQi", ("natural_disaster", "emergency_management"), "", None, None),
    "pneumonic_plague": ("PHE", HEALTH, "13A01", 6, 6),
    "bubonic_plague": ("PHE", HEALTH, "", 6, 8),
    "pulmonary_anthrax": ("PHE", HEALTH, "13A03", 6, 60),
    "cholera": ("PHE", HEALTH, "13A02", 2, 5),
    "sars": ("PHE", HEALTH, "13A04", 5, 14),
    "human_hpai": ("PHE", HEALTH, "13A05", 4, 10),
    "class_bc_outbreak": ("PHE", HEALTH, "", None, 21),
    "class_bc_case": ("", HEALTH, "", None, None),
    "unknown_cause_cluster": ("PHE", HEALTH, "13F00", None, 14),
    "novel_or_imported": ("PHE", HEALTH, "", None, 14),
    "eradicated_reemergence": ("PHE", HEALTH, "", None, 21),
    "strain_loss": ("PHE", HEALTH, "13D01", None, None),
    "neighbour_epidemic_import": ("PHE", HEALTH, "", None, 14),
    "iatrogenic_major": ("PHE", HEALTH, "13D03", None, 14),
    "vaccine_or_drug_reaction": ("PHE", HEALTH, "13B02", None, None),
    "food_poisoning": ("PHE", HEALTH, "13B03", None, 3),
    "occupational_poisoning": ("PHE", HEALTH, "13C01 12D04", None, None),
    "concealed_pathogen_transport": ("PHE", HEALTH, "13D02", None, 14),
    "unexplained_pneumonia": ("PHE", HEALTH, "", None, 14),
    "other_acute_poisoning": ("PHE", HEALTH, "13C03", None, None),
    "environmental_cause": ("PHE", HEALTH, "", None, None),
    "radiation_exposure": ("PHE", HEALTH, "", None, None),
}
"""Families, group and department (TF-3), codes (2.7), mean and longest incubation in days (2.2, 2.5)."""
TYPES = {
    "count": "deaths missing injured serious critical slight in_hospital casualties dc cases confirmed suspected "
    "exposed infections imported_cases clusters cases_6d_county_max cases_7d_county_max cases_7d_city "
    "cases_14d_county_max cases_14d_city cases_incub_county_max cases_incub_city counties prefectures provinces "
    "people evacuated rooms households drought_people",
    "amount": "loss_yuan magnitude drought_pct",
    "ratio": "excess_ratio excess_ratio_county_max loss_ratio_provincial_gdp",
    "flag": "many_critical severe_casualties very_severe_casualties nuclear_or_chemical_mass_casualty "
    "province_requests_national_support multi_point large_medium_city spreading serious_threat neighbours_at_risk "
    "first_in_city_urban highly_pathogenic_strain_lost major_iatrogenic_infection group_reaction",
    "text": "disease density setting",
}
WORDS = {
    "disease": "plague cholera sars human_hpai pulmonary_anthrax infectious_diarrhoea hepatitis_a hepatitis_e typhoid "
    "measles mumps rubella scarlet_fever varicella other",
    "density": "sparse fairly_dense dense",
    "setting": "none school kindergarten major_event collective_unit",
}
LINE_LISTS: dict[str, tuple[int | str | None, str, tuple[str, ...]]] = {
    "cases": (None, "incident", ("confirmed",)),
    "confirmed": (None, "incident", ("confirmed",)),
    "suspected": (None, "incident", ("suspected",)),
    "cases_6d_county_max": (6, "county_max", ("confirmed",)),
    "cases_7d_county_max": (7, "county_max", ("confirmed",)),
    "cases_7d_city": (7, "city", ("confirmed",)),
    "cases_14d_county_max": (14, "county_max", ("confirmed",)),
    "cases_14d_city": (14, "city", ("confirmed",)),
    "cases_incub_county_max": ("mean_incubation", "county_max", ("confirmed",)),
    "cases_incub_city": ("mean_incubation", "city", ("confirmed",)),
}
KINDS: dict[str, tuple[int, int | None, float | None]] = {
    "*": (3, None, None),
    "ambulance": (1, 60, None),
    "icu_bed": (1, None, None),
    "EMR": (1, 90, None),
    "TOX": (1, 90, None),
    "rescue_team": (1, 180, 0.85),
    "EPI": (2, 240, 0.7),
    "LAB": (2, 240, 0.7),
    "TREATMENT": (1, 240, None),
    "DISINFECTION": (2, 240, 0.7),
    "VECTOR": (2, 240, 0.7),
    "ppe": (2, 600, 0.7),
    "disinfectant": (2, 600, 0.7),
    "water_tablets": (2, 600, 0.7),
    "isolation_bed": (2, None, None),
    "observation_bed": (2, None, None),
    "PSY": (3, 240, None),
    "shelter": (3, None, None),
}
"""Urgency class (domain.md 3.0), seconds until it leaves, speed in parts of an ambulance's (allocation.md)."""


@pytest.mark.law_table
def test_hazard_kinds_with_families_departments_codes_and_incubations() -> None:
    """IN-8, TF-3, domain.md 2.2, 2.5, 2.7."""
    found = {
        kind: (
            " ".join(one.families),
            (one.group, one.department),
            " ".join(one.codes),
            one.mean_incubation_days,
            one.longest_incubation_days,
        )
        for kind, one in bundled().hazards.kinds(DAY, WITHIN).items()
    }
    assert found == HAZARDS


def names(choose: Any) -> str:
    return " ".join(fact.name for fact in bundled().facts.facts if choose(fact))


@pytest.mark.law_table
def test_types_and_words_of_facts() -> None:
    """VE-4, domain.md 2.2."""
    facts = bundled().facts
    assert {kind: names(lambda fact, kind=kind: fact.type == kind) for kind in TYPES} == TYPES
    assert {fact.name: " ".join(fact.words) for fact in facts.facts if fact.words} == WORDS


@pytest.mark.law_table
def test_how_facts_are_counted_and_judged() -> None:
    """Domain.md 2.2 notes 3-5, 2.3 (dc), W2 (hurt)."""
    facts = bundled().facts.facts
    assert names(lambda fact: fact.expert) == "spreading serious_threat neighbours_at_risk"
    assert names(lambda fact: fact.casualty) == "deaths missing injured serious critical slight casualties"
    assert {fact.name: fact.districts for fact in facts if fact.districts} == {
        "counties": "county",
        "prefectures": "prefecture",
        "provinces": "province",
    }
    assert {fact.name: (fact.formula, fact.otherwise) for fact in facts if fact.formula or fact.otherwise} == {
        "casualties": (None, "deaths+injured"),
        "dc": ("deaths+critical", None),
    }
    assert {fact.name: counted(fact) for fact in facts if fact.line_list} == LINE_LISTS
    assert [(fact.name, fact.first_urban.lookback, fact.first_urban.of) for fact in facts if fact.first_urban] == [
        ("first_in_city_urban", "calendar_year", ("cases", "confirmed"))
    ]


def counted(fact: Fact) -> tuple[int | str | None, str, tuple[str, ...]]:
    assert fact.line_list is not None
    return fact.line_list.days, fact.line_list.over, fact.line_list.statuses


@pytest.mark.law_table
def test_urgency_classes_and_how_soon_and_fast_each_kind_moves() -> None:
    """Domain.md 3.0, allocation.md."""
    kinds = {one.kind: one for one in bundled().allocation.kinds}
    stated = {kind: one.model_dump(exclude_unset=True) for kind, one in kinds.items()}
    found = {kind: (one["urgency"], one.get("mobilisation_seconds"), one.get("speed")) for kind, one in stated.items()}
    assert found == KINDS


@pytest.mark.law_table
def test_how_resources_are_chosen_kept_back_and_diverted() -> None:
    """Allocation.md; AL-1, ST-1, TM-1."""
    law = bundled().allocation
    (order,), (choice,), (reserve,), (consent,) = law.order, law.choice, law.reserve, law.authorisation
    assert (order.strict_classes, order.aging_minutes) == (1, {1: 0, 2: 0, 3: 120, 4: 480})
    assert choice.balance_seconds == {1: 0, 2: 120, 3: 300, 4: 600}
    assert (choice.first_wave_minutes, choice.second_wave_after_minutes) == (60, 60)
    assert (choice.candidates, choice.passed_over) == (20, 5)
    assert (reserve.group_keeps, reserve.group_waiver_severity) == (1, 2)
    assert consent.counts_as == {"ambulance": "health", "bed": "health"}
    (standing,), (diversion,), (travel,) = law.standing_orders, law.preemption, law.travel
    assert (*standing.own_reserve_classes, *standing.requisition_classes, *standing.preemption_classes) == ()
    assert standing.bed_tiers == (1, 2)
    assert (diversion.for_classes, diversion.urgency_gap, diversion.saving_seconds) == ((1,), 1, 240)
    assert (diversion.losses_per_line, diversion.turn_seconds) == (1, 30)
    assert (travel.cruise_kmh, travel.acceleration_kmh2) == (62.0, 1150.0)
    assert (travel.inside_district_minutes, travel.position_age_minutes) == (10, 15)
    (stock,), (ready,) = law.stock_norms, law.readiness
    assert (stock.days, stock.season_days, stock.season_months) == (10, 30, (10, 11, 12, 1, 2, 3))
    assert (ready.least_headcount, ready.training_days) == (1, 365)
