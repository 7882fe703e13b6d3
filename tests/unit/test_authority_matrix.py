"""The authority matrix is data: who decides which level, which proposal, which matter (domain.md 2.5, 3.0)."""

from typing import Any

import pytest

from schemas.outputs.area_events import DirectiveAccepted
from streams.policy.authority import load
from streams.policy.loader import bundled, bundled_documents
from streams.policy.loader import load as load_policy
from streams.policy.reader import PolicyError
from tests.unit.command_city import AREA, NOTICE, B, C, City, of, public

GOVERNMENTS = {4: "head-2", 3: "mayor", 2: "governor", 1: "premier"}
"""The government that decides each level for an incident in district B."""


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("person", ["head-2", "head-3", "mayor", "governor", "premier", "commander", "hq", "cdc"])
def test_each_level_is_started_by_its_own_government_and_nobody_else(level: int, person: str) -> None:
    """RL-10, domain.md 2.5: county IV, city III, province II, nation I."""
    city = City()
    city.report(deaths=1)
    city.order(person, "start_response", incident="cad|X1", level=level, notice=NOTICE)
    if person == GOVERNMENTS[level]:
        assert city.responses() == {(B if level == 4 else AREA): level}
    else:
        assert city.refusal() == "NOT_AUTHORISED"
        assert not city.responses()


def test_across_two_districts_the_common_superior_decides_level_iv() -> None:
    """应对法 Art. 18: no district governs another."""
    city = City()
    city.report(deaths=1)
    city.report(deaths=1, district=C)
    assert set(city.incident().districts) == {B, C}
    city.order("head-2", "start_response", incident="cad|X1", level=4, notice=NOTICE)
    assert city.refusal() == "NOT_AUTHORISED"
    city.order("mayor", "start_response", incident="cad|X1", level=4, notice=NOTICE)
    assert city.responses() == {AREA: 4}


def test_a_zone_that_is_no_district_of_this_city_is_refused() -> None:
    city = City()
    city.report(deaths=1)
    city.order("mayor", "start_response", incident="cad|X1", zone="990201", level=3, notice=NOTICE)
    assert city.refusal() == "UNKNOWN_ZONE"


@pytest.mark.parametrize(
    ("person", "action", "fields"),
    [
        ("mayor", "authorise", {}),
        ("mayor", "waive_floor", {}),
        ("commander", "waive_floor", {}),
        ("cdc", "link", {"other": "cad|X2", "reason": "同一菌株"}),
        ("expert", "expert_opinion", {"opinion": "op-1", "text": "可控"}),
        ("cdc", "verify", {}),
        ("hq", "order", {"to_unit": "j-em", "text": "集结"}),
    ],
)
def test_trades_have_their_own_powers(person: str, action: str, fields: dict[str, Any]) -> None:
    city = City()
    city.report(deaths=1)
    city.report(deaths=1, id="X2", district=C)
    city.order(person, action, incident="cad|X1", **fields)
    assert city.refusal() is None
    city.order("convener-h", action, incident="cad|X1", **fields)
    allowed = action == "order"
    assert city.refusal() == (None if allowed else "NOT_AUTHORISED")


def test_dispatchers_stay_within_their_trades() -> None:
    """domain.md 3.0: the 120 and the emergency-management dispatcher dispose of their departments' resources."""
    law = bundled().authority
    rules = law.at(*_today())
    trades = {grant.offices[0]: grant.trades for grant in rules.grants("assign")}
    assert trades["dispatcher_120"] == ("health",)
    assert trades["dispatcher_em"] == ("emergency_management",)
    city = City()
    city.report(deaths=1)
    fields = {"request": "r", "line": 1, "resource": "x", "reason": "最近"}
    city.order("dispatcher-120", "assign", **fields)
    (accepted,) = of(DirectiveAccepted, city.last)
    assert accepted.trades == ("health",)


def _today() -> Any:
    from datetime import date

    return date(2026, 3, 10), (AREA, "990000", "CN")


def test_e11_is_the_commanders_and_his_deputys_only_with_delegation() -> None:
    """E11, SC-7: a deputy without delegation is refused; delegation by somebody without the power is none."""
    city = City()
    city.report(deaths=1)
    city.order("deputy", "activate_joint", incident="cad|X1")
    assert city.refusal() == "NOT_AUTHORISED"
    city.person("deputy", "deputy_commander", delegated_by="mayor")
    city.order("deputy", "activate_joint", incident="cad|X1")
    assert city.refusal() == "NOT_AUTHORISED"
    city.person("deputy", "deputy_commander", delegated_by="commander")
    (accepted, *_) = city.order("deputy", "activate_joint", incident="cad|X1")
    assert isinstance(accepted, DirectiveAccepted)
    assert accepted.delegated_by == "commander"
    assert "joint.activated.v1" in {event.TYPE for event in city.last}


def test_delegation_ends_with_the_delegators_office() -> None:
    city = City()
    city.person("deputy", "deputy_commander", delegated_by="commander")
    city.person("commander", "commander_in_chief", valid_to=city.now.replace(year=2025))
    city.order("deputy", "activate_joint")
    assert city.refusal() == "NOT_AUTHORISED"


def test_one_person_may_hold_several_offices_and_names_the_one_that_decides() -> None:
    city = City()
    city.person("mayor", "city_government", "commander_in_chief")
    city.report(deaths=1)
    city.order("mayor", "activate_joint", office="commander_in_chief", incident="cad|X1")
    assert city.refusal() is None
    city.order("mayor", "authorise", office="commander_in_chief", incident="cad|X1")
    assert city.refusal() == "NOT_AUTHORISED"


def changed(old: str, new: str) -> dict[str, str]:
    documents = bundled_documents()
    assert old in documents["authority.yaml"]
    return {**documents, "authority.yaml": documents["authority.yaml"].replace(old, new)}


def test_another_city_may_let_its_own_government_approve_lowering_level_ii() -> None:
    """SC-8 [P]: the approver is policy data."""
    line = (
        "  - {id: AM-II-city, actions: [lower_response], offices: [city_government], levels: [2], "
        "source: the city plan, jurisdiction: '990100', effective_from: 2007-11-01}\n"
    )
    city = City(load_policy(changed("  - {id: AM-I,", line + "  - {id: AM-I,")))
    city.report(deaths=10)
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    city.order("expert", "expert_opinion", incident="cad|X1", opinion="op", text="可控")
    city.order("mayor", "lower_response", incident="cad|X1", level=3, expert_opinion="op")
    assert city.responses() == {AREA: 3}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("offices: [city_government], levels: [3]", "offices: [city_goverment], levels: [3]", "unknown office"),
        ("superior: national_government", "superior: district_government", "circle"),
        ("superior: national_government", "superior: heaven", "unknown office heaven"),
        ("needs: all, substitutes: [city_government]", "needs: all, substitutes: [x]", "unknown office x"),
        ("levels: [3]", "levels: [5]", "levels"),
        ("minutes: 15", "minutes: 0", "minutes"),
    ],
)
def test_a_wrong_matrix_does_not_load(old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message) as error:
        load(changed(old, new))
    assert error.value.file == "authority.yaml"
    assert error.value.line > 1 or message == "circle"


def test_the_public_key_of_the_register_is_what_counts() -> None:
    city = City()
    from streams.domain.directives.signing import key_from_seed

    stranger = key_from_seed("stranger", "hq-1")
    city.person("hq", "hq_office", keys=(public(stranger),))
    city.order("hq", "order", to_unit="j-em", text="集结")
    assert city.refusal() == "BAD_SIGNATURE"
