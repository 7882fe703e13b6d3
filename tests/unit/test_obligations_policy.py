"""The policy of obligations: every rule is there, and a wrong document says where it is wrong."""

from datetime import date

import pytest

from streams.policy.loader import bundled, bundled_documents
from streams.policy.notification import load as load_notification
from streams.policy.obligations import load
from streams.policy.reader import PolicyError

WITHIN = ("990100", "990000", "CN")
RULES = {
    *(f"OB-{n:02d}" for n in (1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18)),
    *(f"OB-{n}" for n in (20, 21, 22, 23, 24, 30, 31, 32, 33, 34, 40)),
}


def test_every_obligation_of_the_table_is_in_force() -> None:
    """domain.md 2.6: OB-41 is out of scope."""
    law = bundled().obligations.at(date(2026, 3, 10), WITHIN)
    assert {rule for rule, _ in law.clauses} == RULES


def test_an_old_incident_is_judged_by_the_law_of_its_day() -> None:
    """OB-10: the 2005 rules until the law of 2025-11-01; OB-30 only since 2026-01-04."""
    obligations = bundled().obligations
    old, new = obligations.at(date(2025, 10, 31), WITHIN), obligations.at(date(2025, 11, 1), WITHIN)
    assert "2005" in old.clauses["OB-10", ""].source
    assert "2025" in new.clauses["OB-10", ""].source
    assert ("OB-30", "") not in new.clauses


def test_a_province_may_be_stricter() -> None:
    """OB-17: Henan 30 minutes; OB-24: Jilin one hour."""
    obligations = bundled().obligations
    henan = obligations.at(date(2026, 3, 10), ("410100", "410000", "CN"))
    jilin = obligations.at(date(2026, 3, 10), ("220100", "220000", "CN"))
    assert henan.clauses["OB-17", ""].clause.due == 30
    assert jilin.clauses["OB-24", ""].clause.due == 60
    assert jilin.clauses["OB-17", ""].clause.due == 120


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("when: [{families: [WSA], grade: 3}]", "when: [{families: [WSB], grade: 3}]", "unknown families: WSB"),
        ("kinds: [food_poisoning]", "kinds: [food_poison]", "unknown kinds: food_poison"),
        ('facts: "dc>5"', 'facts: "dcc>5"', "unknown fact 'dcc'"),
        ("after: [OB-03]", "after: [OB-99]", "unknown rule OB-99"),
        ("due: at_once", "due: soon", "Input should be"),
        ('    at: "09:00"\n', "", "needs the time of day"),
        ("label: state_council", 'label: ""', "different labels"),
        ('  source: "应对法 Art. 17"\n', "", "Field required"),
        ("trigger: together\n    after: [OB-03]", "trigger: together", "name the rules of `after`"),
        ("debtor: {kinds: [enterprise]}", "debtor: {}", "either kinds of units that learn, or one party"),
        ("{role: unit, kind: garrison, tier: city}", "{role: unit, kind: garrison}", "named by kind and tier"),
        ("{id: at_once,", "{id: at_twice,", "no term at_once"),
    ],
)
def test_a_wrong_document_is_refused_with_its_line(old: str, new: str, message: str) -> None:
    """Issue 4: an unknown name, a missing source, a contradiction is a load error with file and line."""
    documents = bundled_documents()
    text = documents["obligations.yaml"]
    assert old in text
    with pytest.raises(PolicyError, match=message) as raised:
        load({**documents, "obligations.yaml": text.replace(old, new, 1)})
    assert raised.value.file == "obligations.yaml"
    assert raised.value.line > 1


def test_a_purpose_with_an_unknown_ladder_is_refused() -> None:
    """notification.yaml."""
    documents = bundled_documents()
    text = documents["notification.yaml"].replace("ladder: LD-unit", "ladder: LD-x", 1)
    with pytest.raises(PolicyError, match="unknown ladder LD-x"):
        load_notification({**documents, "notification.yaml": text})
