"""The policy of obligations: every rule is there, and a wrong document says where it is wrong."""

from collections.abc import Iterable
from datetime import date

import pytest

from streams.policy.loader import bundled, bundled_documents
from streams.policy.notification import load as load_notification
from streams.policy.obligation_rules import Clause, Debtor, Party, When
from streams.policy.obligations import load
from streams.policy.reader import PolicyError

WITHIN = ("990100", "990000", "CN")
RULES = {
    *(f"OB-{n:02d}" for n in (1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18)),
    *(f"OB-{n}" for n in (20, 21, 22, 23, 24, 30, 31, 32, 33, 34, 40)),
}


@pytest.mark.law_table
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


TABLE = """
OB-01 | | learned | accident | | enterprise:known | unit_head | at_once | from occurrence
OB-02 | | learned | accident | | enterprise | emergency_management/district@incident, sector_regulator | 60 | skip
OB-03 | | learned | accident | | emergency_management/district | superior, government/same | 120 |
OB-04 | | learned | accident | WSA<=3 | emergency_management/city | superior | 120 |
OB-05 | | learned | accident | WSA<=2 | emergency_management/province | emergency_management/nation | 120 |
OB-05 | state_council | learned | accident | WSA<=2 | government/province | government/nation | at_once |
OB-05 | ministry | learned | accident | WSA<=2 | emergency_management+ministry/nation | government/nation | at_once |
OB-06 | | together | accident | | emergency_management | public_security/same, labour/same, trade_union/same, procuratorate/same | instant | copy after OB-03
OB-07 | | changed | accident | | emergency_management | superior | promptly | after OB-03+OB-04
OB-07 | unit | changed | accident | | enterprise | emergency_management/district@incident | promptly | skip after OB-02
OB-10 | | learned | public_health | PHE<=4 or threshold | hospital+cdc+ems_centre | network | 120 |
OB-10 | department | learned | public_health | PHE<=4 or threshold | health:known | network | 120 |
OB-11 | | learned | public_health | PHE<=4 or threshold | hospital+cdc+ems_centre+education+enterprise+township+member_unit+market_regulation:known | health/district@incident | 120 | skip
OB-12 | | learned | public_health | PHE<=4 or threshold | health/district | government/same, superior, health/nation | 120 | rise PHE
OB-13 | | learned | public_health | PHE<=4 or threshold | government/district | superior | 120 | rise PHE
OB-14 | | learned | public_health | PHE<=4 or threshold | government/city | superior | 120 | rise PHE
OB-15 | | learned | public_health | PHE<=4 or threshold | government/province | health/nation | 60 | rise PHE
OB-16 | | learned | pneumonic_plague+bubonic_plague+cholera+pulmonary_anthrax+sars+human_hpai+novel_or_imported+eradicated_reemergence+unknown_cause_cluster+unexplained_pneumonia+class_bc_outbreak | cases>=1 or confirmed>=1 or suspected>=1 or clusters>=1 or PHE<=4 or threshold | hospital+cdc | network | 120 |
OB-16 | other | learned | class_bc_case | cases>=1 or confirmed>=1 or suspected>=1 | hospital+cdc | network | 1440 |
OB-17 | | learned | | casualties>=1 or deaths>=1 or injured>=1 or serious>=1 or critical>=1 or kinds mass_casualty | ems_centre+hospital | health/district@incident | 120 | skip
OB-18 | | learned | | dc>5 or MRE<=2 | health/district+city+province | superior | 120 |
OB-20 | | learned | natural_disaster | deaths+missing>=1 or casualties>=1 or injured>=1 or serious>=1 or loss_yuan>=10000000 or rooms>=200 | emergency_management/district | government/same, superior | 120 |
OB-20 | city | learned | natural_disaster | deaths+missing>=1 or casualties>=1 or injured>=1 or serious>=1 or loss_yuan>=10000000 or rooms>=200 | emergency_management/city | superior | 120 |
OB-21 | | standing | natural_disaster | deaths+missing>=10 | emergency_management/district@incident | emergency_management/province, emergency_management/nation | 120 |
OB-22 | | standing | natural_disaster | NDRc+NDRn+EQ+EQi<=4 | emergency_management/district@incident | superior | daily 09:00 | until final_report+response_ended
OB-22 | city | standing | natural_disaster | NDRc+NDRn+EQ+EQi<=4 | emergency_management/city | superior | daily 10:00 | until final_report+response_ended
OB-22 | province | learned | natural_disaster | NDRc+NDRn+EQ+EQi<=4 | emergency_management/province | emergency_management/nation | daily 12:00 | until final_report+response_ended
OB-23 | | learned | | | government/district | superior | at_once | skip
OB-24 | | standing | | composite<=2 | government/city | superior | 120 |
OB-30 | | upward | | | health+emergency_management/district+city | peer | instant | peer
OB-31 | | standing | | composite<=2 or neighbours_at_risk | government/city | superior, garrison/city, neighbours | at_once |
OB-32 | | activated | | | hq_office/city | members | at_once | member
OB-33 | | learned | food_poisoning | | hospital+cdc+ems_centre+education+enterprise+township+member_unit:known | health/district@incident, market_regulation/district@incident, education/district@incident[school+kindergarten] | promptly | copy
OB-33 | health | learned | food_poisoning | | health/district+city | market_regulation/same, education/same[school+kindergarten] | promptly | copy
OB-33 | market | learned | food_poisoning | | market_regulation/district+city | health/same | promptly | copy
OB-34 | | started | | | authority | superior | at_once |
OB-40 | | ended | | | authority | superior | 43200 | met by aftermath+other
OB-40 | health | ended | public_health | | health/city | superior | 43200 | met by aftermath+other
"""  # noqa: E501 - a table
"""Rule, duty, trigger, hazards, conditions, debtor, recipients, due, and the rest: domain.md 2.6, row by row."""


def party(one: Party) -> str:
    base = one.role if one.role != "unit" else f"{one.kind or 'own'}/{one.tier}"
    return f"{base}{'@incident' if one.near == 'incident' else ''}{f'[{plus(one.settings)}]' if one.settings else ''}"


def plus(words: Iterable[str]) -> str:
    return "+".join(words)


def debtor(one: Debtor) -> str:
    if one.party is not None:
        return party(one.party)
    tiers = f"/{plus(one.tiers)}" if one.tiers else ""
    return f"{plus(one.kinds)}{tiers}{'' if len(one.basis) == 2 else ':' + one.basis[0]}"


def condition(when: When) -> str:
    parts = [f"{plus(when.families)}<={when.grade}" if when.families else ""]
    parts += [f"composite<={when.composite}" if when.composite else "", "threshold" if when.threshold else ""]
    parts += [f"kinds {plus(when.kinds)}" if when.kinds else "", when.facts or ""]
    return " and ".join(part for part in parts if part)


def rest(clause: Clause) -> str:
    parts = {
        clause.by_notice: clause.by_notice,
        "skip": clause.may_skip,
        f"rise {clause.again_on_rise}": clause.again_on_rise,
        f"after {plus(clause.after)}": clause.after,
        f"from {clause.start}": clause.start != "clock",
        f"met by {plus(clause.met_by)}": clause.met_by,
        f"until {plus(clause.until)}": clause.until,
    }
    return " ".join(words for words, stated in parts.items() if stated)


def row(rule: str, clause: Clause) -> str:
    cells = (
        rule,
        clause.label,
        clause.trigger,
        plus((*clause.groups, *clause.kinds)),
        " or ".join(condition(when) for when in clause.when),
        debtor(clause.debtor),
        ", ".join(party(one) for one in clause.recipients),
        f"{clause.due} {clause.at or ''}".strip(),
        rest(clause),
    )
    return "|".join(cells)


@pytest.mark.law_table
def test_the_rules_are_the_table_of_the_domain_report() -> None:
    """OB-01 to OB-40: whoever changes a duty changes this table knowingly."""
    law = bundled().obligations.at(date(2026, 3, 10), WITHIN)
    rows = [row(rule, bound.clause) for (rule, _), bound in law.clauses.items()]
    wanted = ["|".join(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]
    assert rows == wanted


@pytest.mark.law_table
def test_the_share_types_are_the_five_of_the_plan() -> None:
    """NS-1, NS-2: by whom, what; inferred where a report does not say, unasked where the system tells at once."""
    law = bundled().obligations.at(date(2026, 3, 10), WITHIN)
    hurt = "casualties>=1 or deaths>=1 or injured>=1 or serious>=1 or critical>=1 or missing>=1"
    wounded = ("natural_disaster", "accident", "medical_rescue")
    infectious = (
        "pneumonic_plague", "pulmonary_anthrax", "bubonic_plague", "cholera", "sars", "human_hpai",
        "class_bc_outbreak", "unknown_cause_cluster", "unexplained_pneumonia", "novel_or_imported",
        "eradicated_reemergence", "neighbour_epidemic_import",
    )  # fmt: skip
    em = "emergency_management"
    assert [
        (s.id, s.by, s.content, s.inferred, s.unasked, (*s.groups, *s.kinds), " or ".join(map(condition, s.when)))
        for s in (one.share for one in law.shares)
    ] == [
        ("NS-1a", "health", "outbreak_risk", True, True, infectious, "PHE<=4 or threshold"),
        ("NS-1b", "health", "casualties", True, False, wounded, hurt),
        ("NS-2a", em, "disaster_warning", False, False, ("natural_disaster", "accident"), ""),
        ("NS-2b", em, "casualties", True, False, wounded, hurt),
        ("NS-2c", em, "sanitation_need", False, False, (), ""),
    ]
    assert {term: law.minutes(term) for term in ("at_once", "promptly")} == {"at_once": 10, "promptly": 120}
    assert law.strangers == {
        "institution": ("hospital", "unit"),
        "enterprise": ("enterprise", "unit"),
        "township": ("township", "township"),
    }


@pytest.mark.law_table
def test_notices_orders_tasks_and_limits_are_those_of_the_domain_report() -> None:
    """NS-4, DU-6, TF-11, MO-2, EM-1 to EM-3, PR-*: numbers that no code repeats."""
    day = date(2026, 3, 10)
    law = bundled().notification.at(day, WITHIN)
    both, duty_room = ("liaison", "duty_room"), ("duty_room",)
    assert {
        name: (one.channels, one.receipt_minutes, one.ladder, one.must_answer) for name, one in law.purposes.items()
    } == {
        "peer": (both, 10, "LD-unit", False),
        "member": (both, 10, "LD-unit", True),
        "copy": (duty_room, 10, None, False),
        "upward_report": (duty_room, 10, None, False),
        "order": (duty_room, 10, "LD-unit", True),
        "task": (both, 10, "LD-unit", True),
        "warning": (both, 10, "LD-unit", False),
    }
    assert [(one.rungs, one.answer_minutes) for one in law.ladders.values()] == [(("alternate", "unit_head"), 5)]
    assert law.order is not None
    steps = {"acked": 5, "leader_informed": 10, "departed": 30, "arrived": 90, "reported_back": 240}
    assert law.order.minutes == steps
    assert [(one.kind, one.on, one.department) for one in law.tasks] == [
        ("sanitation", "sanitation", "health"),
        ("reconnaissance", "district_silent", "emergency_management"),
        ("self_rescue", "autonomy_entered", "emergency_management"),
    ]
    watched = bundled().monitoring.at(day, WITHIN)
    assert watched.signal is not None
    assert (watched.signal.minutes, watched.signal.target) == (120, 1.0)
    assert [(k.id, k.since, k.until, k.within_s, k.target, k.mean_s, k.urban) for k in watched.calls] == [
        ("EM-1", "received", "answered", 10, 0.95, None, False),
        ("EM-2", "dispatched", "departed", 180, 0.95, None, False),
        ("EM-3", "received", "arrived", None, None, 780, True),
    ]
    assert watched.gate is not None
    assert (watched.gate.advisory_kinds, watched.gate.reserved, watched.gate.rumour_minutes) == (
        ("cdc",),
        ("outbreak",),
        240,
    )
