"""The tables of authority, levels, profiles, alerts and task force, as domain.md 2.5, 3.0 and 1.4-1.6 give them.

These tables are law for the fixture: a change of the policy files that is not a change of the law shows here.
"""

from datetime import date
from typing import Any

import pytest

from streams.policy.dated import Entry
from streams.policy.loader import bundled, bundled_documents
from streams.policy.reader import PolicyError
from streams.policy.responses import load as load_responses

POLICY = bundled()
PLACES = ("990100", "990000", "CN")
EVERY_ACT = "start_response raise_response lower_response end_response"
OFFICES: dict[str, tuple[str, bool, str | None]] = {
    "district_government": ("district", True, "city_government"),
    "city_government": ("city", False, "province_government"),
    "city_party_committee": ("city", False, "province_government"),
    "province_government": ("province", False, "national_government"),
    "national_government": ("nation", False, None),
    "commander_in_chief": ("city", False, "city_government"),
    "deputy_commander": ("city", False, "commander_in_chief"),
    "hq_office": ("city", False, "commander_in_chief"),
    "convener_health": ("city", False, "city_government"),
    "convener_em": ("city", False, "city_government"),
    "liaison_health": ("city", False, "convener_health"),
    "liaison_em": ("city", False, "convener_em"),
    "health_department": ("city", False, "city_government"),
    "em_department": ("city", False, "city_government"),
    "cdc": ("city", False, "hq_office"),
    "expert_lead": ("city", False, "hq_office"),
    "news_centre": ("city", False, "hq_office"),
    "dispatcher_120": ("city", False, "hq_office"),
    "dispatcher_em": ("city", False, "hq_office"),
    "duty_officer": ("city", False, "hq_office"),
}
TRADES = "em_department health_department"
DISPATCH = "dispatcher_120 dispatcher_em"
CONVENERS = "convener_health convener_em"
DEPUTY = "deputy_commander"
MATRIX: dict[str, tuple[str, str, tuple[int, ...], str | None, str, tuple[str, ...]]] = {
    "AM-IV-district": (EVERY_ACT, "district_government", (4,), "district", "", ()),
    "AM-IV-city": (EVERY_ACT, "city_government", (4,), "area", "", ()),
    "AM-III": (EVERY_ACT, "city_government", (3,), None, "", ()),
    "AM-II": (EVERY_ACT, "province_government", (2,), None, "", ()),
    "AM-I": (EVERY_ACT, "national_government", (1,), None, "", ()),
    "AM-joint": ("activate_joint", "commander_in_chief", (), None, "deputy_commander", ()),
    "AM-stand-down": ("stand_down", "commander_in_chief city_government hq_office", (), None, "deputy_commander", ()),
    "AM-lead": ("name_lead", "commander_in_chief city_government", (), None, "deputy_commander", ()),
    "AM-authorise": ("authorise", "city_government city_party_committee", (), None, "", ()),
    "AM-waive": (
        "waive_floor",
        "city_government city_party_committee commander_in_chief",
        (),
        None,
        "deputy_commander",
        (),
    ),
    "AM-dispatch": ("assign release_resource", "hq_office city_government commander_in_chief", (), None, "", ()),
    "AM-dispatch-120": ("assign release_resource", "dispatcher_120 health_department", (), None, "", ("health",)),
    "AM-dispatch-em": (
        "assign release_resource",
        "dispatcher_em em_department",
        (),
        None,
        "",
        ("emergency_management",),
    ),
    "AM-requisition": ("requisition", "city_government district_government", (), None, "", ()),
    "AM-report": (
        "report_upward",
        f"{TRADES} district_government city_government province_government cdc hq_office duty_officer {DISPATCH}",
        (),
        None,
        "",
        (),
    ),
    "AM-order": (
        "order",
        f"commander_in_chief {DEPUTY} hq_office city_government district_government {TRADES} {DISPATCH} {CONVENERS}",
        (),
        None,
        "",
        (),
    ),
    "AM-verify": ("verify refute", f"{TRADES} cdc expert_lead hq_office {DISPATCH}", (), None, "", ()),
    "AM-identity": (
        "merge split link",
        "cdc hq_office em_department health_department dispatcher_em dispatcher_120",
        (),
        None,
        "",
        (),
    ),
    "AM-opinion": ("expert_opinion", "expert_lead cdc", (), None, "", ()),
    "AM-reassess": ("reassess_initial", "expert_lead em_department hq_office city_government", (), None, "", ()),
    "AM-transfer": ("transfer", "city_government hq_office", (), None, "", ()),
    "AM-release": ("approve_release", "news_centre", (), None, "", ()),
    "AM-close": (
        "close_incident",
        "district_government city_government commander_in_chief hq_office",
        (),
        None,
        "deputy_commander",
        (),
    ),
}
TERMS: dict[str, tuple[str, str, str, str, int, int, bool]] = {
    "PT-response": (EVERY_ACT, "", "any", "", 30, 30, True),
    "PT-W2": ("W2", "convener_health convener_em", "all", "city_government", 15, 30, False),
    "PT-E10": ("E10", "hq_office", "any", "", 30, 30, True),
    "PT-D3": ("D3", "hq_office", "any", "", 30, 30, True),
    "PT-merge": ("merge", "cdc hq_office dispatcher_em dispatcher_120", "any", "", 30, 30, True),
    "PT-bed_tier": ("bed_tier", "health_department hq_office", "any", "", 30, 30, True),
    "PT-preemption": ("preemption", "dispatcher_120 dispatcher_em hq_office", "any", "", 10, 10, True),
    "PT-replan": ("replan", "dispatcher_120 dispatcher_em hq_office", "any", "", 5, 5, True),
    "PT-mutual_aid": ("mutual_aid", "city_government commander_in_chief", "any", "", 30, 30, True),
    "PT-handover": ("handover", "city_government hq_office", "any", "", 30, 30, True),
    "PT-requisition": ("requisition", "city_government", "any", "", 30, 30, True),
}
RUNNING = "response lowered"
QUIET = {"report_minutes": 1440, "duty": "regular", "bed_tier": 1, "stock_days": 10, "release": "department"}
FULL = {"report_minutes": 120, "duty": "full", "bed_tier": 2, "stock_days": 30, "release": "news_centre"}
PROFILES: dict[str, tuple[str, int | None, dict[str, Any]]] = {
    "PF-normal": ("normal ended closed", None, QUIET),
    "PF-alert": ("alert", None, {**QUIET, "report_minutes": 360, "duty": "reinforced"}),
    "PF-4": (RUNNING, 4, {**QUIET, "report_minutes": 240, "duty": "reinforced"}),
    "PF-3": (RUNNING, 3, {**FULL, "recall": "on_call"}),
    "PF-2": (RUNNING, 2, {**FULL, "report_minutes": 60, "bed_tier": 3, "recall": "all"}),
    "PF-1": (RUNNING, 1, {**FULL, "report_minutes": 30, "bed_tier": 3, "recall": "all"}),
    "PF-recovery": ("recovery", None, QUIET),
}
ACCIDENTS = "WSA EQ EQi NDR NDRn NDRc"
GROUPS = {
    "coordination": ("joint", ""),
    "rescue": ("joint", ACCIDENTS),
    "medical": ("joint", ""),
    "epidemic_prevention": ("joint", ""),
    "psychosocial": ("joint", ""),
    "supplies": ("joint", ""),
    "traffic_and_order": ("joint", f"{ACCIDENTS} MRE"),
    "release": ("joint", ""),
    "experts": ("joint", ""),
    "medical_prevention": ("joint", "PHE"),
    "bed_clearance": ("clearance", ""),
    "forward_command": ("forward", ""),
    "seconded_staff": ("forward", ""),
}


@pytest.mark.law_table
def test_offices_with_tier_bounds_and_superiors() -> None:
    """应对法 Art. 17-18; who is asked when an office does not answer."""
    assert {o.id: (o.tier, o.bound, o.superior) for o in POLICY.authority.offices} == OFFICES


@pytest.mark.law_table
def test_the_authority_matrix() -> None:
    """domain.md 2.5, 3.0 "Authority register"."""
    said = {
        g.id: (" ".join(g.actions), " ".join(g.offices), g.levels, g.zone, " ".join(g.delegates), g.trades)
        for g in POLICY.authority.matrix
    }
    assert said == MATRIX


@pytest.mark.law_table
def test_terms_of_proposals() -> None:
    """domain.md 3.0 "Deadlines [P]": conveners 15 min, proposals 30 min."""
    said = {
        t.id: (
            " ".join(t.kinds),
            " ".join(t.offices),
            t.needs,
            " ".join(t.substitutes),
            t.minutes,
            t.next_minutes,
            t.late_answers,
        )
        for t in POLICY.authority.terms
    }
    assert said == TERMS
    assert {t.id for t in POLICY.authority.terms if t.on_expiry != "escalate"} == {"PT-replan"}
    (limits,) = POLICY.authority.signatures
    assert (limits.future_tolerance_s, limits.longest_validity_minutes) == (120, 525_600)


@pytest.mark.law_table
def test_grade_to_level_and_lead() -> None:
    """domain.md 2.5 (e)."""
    said = {x.severity: (x.level, x.lead, x.office, x.initial_level) for x in POLICY.responses.levels}
    assert said == {
        1: (1, "nation", "national_government", 3),
        2: (2, "province", "province_government", 3),
        3: (3, "city", "city_government", None),
        4: (4, "district", "district_government", None),
    }
    superiors = {(x.fact, x.at_least, x.lead, x.office) for x in POLICY.responses.superiors}
    assert superiors == {
        ("districts", 2, "city", "city_government"),
        ("prefectures", 2, "province", "province_government"),
        ("provinces", 2, "nation", "national_government"),
    }


@pytest.mark.law_table
def test_settings_alerts_and_guards() -> None:
    """RL-2, RL-9, RL-11, EX-5."""
    (setting,) = POLICY.responses.setting_proposals
    assert setting.settings == ("school", "kindergarten", "major_event")
    assert (setting.from_levels, setting.raise_by) == ((4, 3), 1)
    (alert,) = POLICY.responses.alert_proposals
    assert (alert.levels, alert.zone) == ({"red": 3}, "area")
    assert {notice.required_for for notice in POLICY.responses.notices} == {("start_response",)}
    (opinion,) = POLICY.responses.opinions
    assert (opinion.required_for, opinion.valid_hours) == (("lower_response", "end_response"), 168)


@pytest.mark.law_table
def test_consultations_by_alert_level() -> None:
    """RL-3; S1 Art. 6(4)."""
    said = {
        c.alert_level: (c.convened_by, " ".join(c.attendees), c.member_units, c.minutes)
        for c in POLICY.responses.consultations
    }
    conveners = "convener_health convener_em cdc expert_lead"
    assert said == {
        "red": ("hq_office", f"commander_in_chief {conveners} news_centre", True, 30),
        "orange": ("hq_office", conveners, True, 60),
        "yellow": ("hq_office", "health_department em_department cdc", False, 120),
        "blue": ("hq_office", "health_department em_department", False, 240),
    }


@pytest.mark.law_table
def test_profiles_and_modes() -> None:
    """RL-1, RL-5."""
    assert {x.id: (" ".join(x.phases), x.level, x.values) for x in POLICY.responses.profiles} == PROFILES
    modes = [(x.mode, x.joint, x.level_at_most, x.composite_at_most) for x in POLICY.responses.modes]
    assert modes == [("joint", True, None, None), ("emergency", False, 3, 2), ("daily", False, None, None)]


@pytest.mark.law_table
def test_reviews() -> None:
    """JA-3, DR-9."""
    said = {x.kind: (x.days, " ".join(x.dimensions)) for x in POLICY.responses.reviews}
    assert said == {
        "joint_mechanism": (30, "command_coordination information_sharing team_cooperation resource_linkage"),
        "after_action": (30, "course lessons improvement plan_revision"),
    }


@pytest.mark.law_table
def test_groups_seats_and_templates() -> None:
    """TF-1, TF-2, TF-7, TF-8, TF-9, TF-12."""
    assert {x.group: (x.template, " ".join(x.families)) for x in POLICY.taskforce.groups} == GROUPS
    assert {x.seat: (x.offices, x.member_units) for x in POLICY.taskforce.seats} == {
        "convener": (("convener_health", "convener_em"), False),
        "liaison_officer": (("liaison_health", "liaison_em"), False),
        "member": ((), True),
    }
    assert {x.template: x.standing for x in POLICY.taskforce.templates} == {
        "joint": True,
        "forward": False,
        "clearance": False,
    }


@pytest.mark.law_table
def test_the_rules_of_the_joint_mechanism() -> None:
    """domain.md 1.5: E9 and E11 automatic, E10, W2, D3 confirmed (5.1 C2)."""
    said = {x.id: (x.decision, x.template, x.superseded_by) for x in POLICY.activation.rules}
    assert said == {
        "E9": ("automatic", None, ()),
        "E10": ("proposal", None, ("E9",)),
        "E11": ("directive", None, ()),
        "W2": ("proposal", None, ()),
        "D3": ("proposal", "forward", ()),
    }
    assert {x.id: x.on for x in POLICY.activation.stand_down} == {
        "JA-end": "last_response_ended",
        "JA-close": "incident_closed",
    }


@pytest.mark.parametrize(
    ("rule", "before", "since"),
    [
        ("E9", date(2020, 4, 29), date(2020, 4, 30)),
        ("W2", date(2026, 1, 3), date(2026, 1, 4)),
        ("D3", date(2024, 2, 27), date(2024, 2, 28)),
    ],
)
def test_rules_are_law_from_their_day_on(rule: str, before: date, since: date) -> None:
    """Design rule 6: S1 of 2020-04-30, S4 of 2024-02-28, S0 of 2026-01-04."""
    assert rule not in POLICY.activation.at(before, PLACES).rules
    assert rule in POLICY.activation.at(since, PLACES).rules


def test_the_duty_to_state_a_notice_moved_from_the_old_to_the_new_statute_without_a_gap() -> None:
    """RL-9: 2007 law until 2024-10-31, 2024 revision from 2024-11-01."""
    old = POLICY.responses.at(date(2024, 10, 31), PLACES).notice
    new = POLICY.responses.at(date(2024, 11, 1), PLACES).notice
    assert old is not None
    assert new is not None
    assert (old.mark, new.mark) == ("K", "L")


def _entries() -> list[Entry]:
    sections: tuple[Any, ...] = (POLICY.authority, POLICY.responses, POLICY.activation, POLICY.taskforce)
    return [
        entry
        for section in sections
        for name in type(section).model_fields
        for entry in getattr(section, name)
        if isinstance(entry, Entry)
    ]


def test_every_entry_was_law_during_the_scenarios_and_says_how_sure_it_is() -> None:
    """domain.md 0.2: each entry but the offices has a confidence mark; our own choices are marked P."""
    for entry in _entries():
        assert entry.in_force(date(2026, 3, 10)) or entry.effective_to is not None, entry.id
        assert entry.mark is not None or entry.id in OFFICES, entry.id
        assert entry.mark == "P" or not entry.source.startswith("[P]"), entry.id


def test_a_city_may_have_entries_of_its_own() -> None:
    """The narrowest jurisdiction's entry holds, elsewhere the national one does."""
    documents = bundled_documents()
    own = (
        "  - {id: EX-5, required_for: [end_response], valid_hours: 24, source: the city plan, "
        "jurisdiction: '990100', effective_from: 2020-01-01}\n"
    )
    text = documents["responses.yaml"].replace("opinions:\n", "opinions:\n" + own)
    section = load_responses({**documents, "responses.yaml": text})
    here = section.at(date(2026, 3, 10), PLACES).opinion
    there = section.at(date(2026, 3, 10), ("990200", "990000", "CN")).opinion
    assert here is not None
    assert there is not None
    assert (here.valid_hours, there.valid_hours) == (24, 168)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lead: province", "lead: empire", "lead"),
        ("{red: 3}", "{crimson: 3}", "levels"),
        ("severity: 2,", "severity: 7,", "severity"),
        ("valid_hours: 168", "valid_hours: 0", "valid_hours"),
        ("raise_by: 1", "raise_by: 1, lower_by: 1", "lower_by"),
    ],
)
def test_wrong_entries_do_not_load(old: str, new: str, message: str) -> None:
    documents = bundled_documents()
    assert old in documents["responses.yaml"]
    with pytest.raises(PolicyError, match=message) as error:
        load_responses({**documents, "responses.yaml": documents["responses.yaml"].replace(old, new)})
    assert error.value.file == "responses.yaml"
