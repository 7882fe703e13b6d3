"""Design rule 6, domain.md 0.4.4: an entry is law from its statute's day on, until the day before its successor's.

This table restates the days; what follows from them is shown where an old incident is judged by the law of its day.
"""

from collections.abc import Iterator
from datetime import date

import pytest

from streams.policy.loader import bundled_documents
from streams.policy.reader import defined

S1_OF_ERENHOT, S4_OF_DEYANG, S0_OF_WUHAN = "2020-04-30", "2024-02-28", "2026-01-04"
DECREE_376, DECREE_493, LAW_2007, LAW_2024 = "2003-05-09", "2007-06-01", "2007-11-01", "2024-11-01"
PLANS_2006, MEDICAL_2006 = "2006-01-10", "2006-02-26"
FIRST: dict[str, str] = {
    "activation.yaml": S1_OF_ERENHOT,
    "allocation.yaml": LAW_2007,
    "authority.yaml": LAW_2007,
    "autonomy.yaml": LAW_2007,
    "duty.yaml": S1_OF_ERENHOT,
    "grading.yaml": MEDICAL_2006,
    "hazards.yaml": MEDICAL_2006,
    "intake.yaml": "2000-01-01",
    "monitoring.yaml": "2025-01-01",
    "notification.yaml": S1_OF_ERENHOT,
    "obligations.yaml": DECREE_376,
    "responses.yaml": LAW_2007,
    "taskforce.yaml": S1_OF_ERENHOT,
    "thresholds.yaml": "2006-01-01",
}
"""The day of most entries of each file."""
OTHERS: dict[str, dict[str, str]] = {
    "activation.yaml": {S4_OF_DEYANG: "D3", S0_OF_WUHAN: "W2"},
    "autonomy.yaml": {DECREE_493: "AU-3"},
    "grading.yaml": {
        PLANS_2006: "NDRc NDRc-table NDRc-1 NDRc-2 NDRc-3 NDRc-4",
        DECREE_493: "WSA WSA-table WSA-1 WSA-2 WSA-3 WSA-4 WSA-freeze-30 WSA-freeze-7",
        "2012-08-28": "EQ EQi EQ-table EQ-1 EQ-2 EQ-3 EQ-4 EQi-table EQi-1 EQi-2 EQi-3 EQi-4",
        "2024-01-20": "NDRn NDRn-table NDRn-1 NDRn-2 NDRn-3 NDRn-4",
    },
    "hazards.yaml": {
        PLANS_2006: "natural_disaster",
        "2006-01-12": "earthquake earthquake_initial",
        DECREE_493: "work_safety_accident road_traffic_accident fire_accident",
    },
    "monitoring.yaml": {S1_OF_ERENHOT: "PR-gate"},
    "notification.yaml": {DECREE_493: "NP-copy", LAW_2007: "NP-upward AU-2-self-rescue"},
    "obligations.yaml": {
        "2005-12-27": "OB-10",
        DECREE_493: "OB-01 OB-02 OB-03 OB-04 OB-05 OB-06 OB-07",
        LAW_2007: "OB-23 OB-24 OB-24@220000 OB-31 OB-34 OB-40",
        "2009-06-01": "OB-33",
        "2010-09-01": "OB-20 OB-21 OB-22",
        "2015-10-29": "OB-16",
        S1_OF_ERENHOT: "OB-32",
        "2023-12-01": "OB-17 OB-18",
        "2024-01-01": "OB-17@410000",
        "2025-11-01": "OB-10",
        "2026-01-01": "OB-16",
        S0_OF_WUHAN: "NS-1a NS-1b NS-2a NS-2b NS-2c OB-30",
    },
    "responses.yaml": {
        DECREE_376: "EX-5",
        MEDICAL_2006: "RL-11 RL-end",
        S1_OF_ERENHOT: "RL-3-red RL-3-orange RL-3-yellow RL-3-blue JA-3",
        S4_OF_DEYANG: "GR-4",
        LAW_2007: "RL-9",
        LAW_2024: "RL-9",
    },
}
"""Entries of other days, by day; `@` names a jurisdiction that is not the nation."""
LAST: dict[tuple[str, str], str] = {
    ("OB-10", "2005-12-27"): "2025-10-31",
    ("OB-16", "2015-10-29"): "2025-12-31",
    ("RL-9", LAW_2007): "2024-10-31",
}
"""Last days of what has a successor, which begins on the next day."""


def entries(file: str) -> Iterator[tuple[str, str, date]]:
    """Name, first day and last day of every entry."""
    for entry in defined(bundled_documents(), file):
        where = "" if entry.jurisdiction == "CN" else f"@{entry.jurisdiction}"
        yield f"{entry.id}{where}", entry.begins.isoformat(), entry.ends


@pytest.mark.law_table
@pytest.mark.parametrize("file", sorted(FIRST))
def test_every_entry_begins_on_its_statutes_day(file: str) -> None:
    stated = {name: set[str]() for names in OTHERS.get(file, {}).values() for name in names.split()}
    for day, names in OTHERS.get(file, {}).items():
        for name in names.split():
            stated[name].add(day)
    found: dict[str, set[str]] = {}
    for name, begins, _ in entries(file):
        found.setdefault(name, set()).add(begins)
    assert found == {name: stated.get(name, {FIRST[file]}) for name in found}
    assert stated.keys() <= found.keys()


@pytest.mark.law_table
@pytest.mark.parametrize("file", sorted(FIRST))
def test_only_what_has_a_successor_ends(file: str) -> None:
    found = {(name, begins): ends.isoformat() for name, begins, ends in entries(file) if ends != date.max}
    assert found == {key: day for key, day in LAST.items() if key[0] in {name for name, _, _ in entries(file)}}
