"""Every directive passes the same checks in the same order, or is refused with a code (design rule 5)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from schemas.inputs.directives import DirectiveIssued
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.refusals import CommandRefused
from streams.domain.directives.entities import Directive
from streams.domain.directives.signing import key_from_seed, sign
from tests.unit.command_city import AREA, B, C, City, at, key_of, of, public

ORDER = {"text": "集结", "to_unit": "j-em"}


@pytest.fixture
def city() -> City:
    return City()


def test_a_directive_in_order_is_accepted_with_the_entry_that_gives_the_power(city: City) -> None:
    (accepted, *_) = city.order("hq", "order", **ORDER)
    assert isinstance(accepted, DirectiveAccepted)
    assert (accepted.issuer, accepted.office, accepted.authority_rule) == ("hq", "hq_office", "AM-order")
    assert city.state.of(Directive)[accepted.directive].action == "order"


def later(city: City, **shift: int) -> str:
    return (city.now + timedelta(**shift)).isoformat()


@pytest.mark.parametrize(
    ("code", "claims"),
    [
        ("WRONG_REALM", {"realm": "actual"}),
        ("WRONG_AREA", {"area": "990200"}),
        ("EXPIRED", {"expires_at": "2026-03-10T08:59:59+08:00", "issued_at": "2026-03-10T08:00:00+08:00"}),
        ("EXPIRED", {"issued_at": "2026-03-10T09:30:00+08:00", "expires_at": "2026-03-10T09:20:00+08:00"}),
        ("NOT_YET_VALID", {"issued_at": "2026-03-10T09:02:01+08:00"}),
        ("VALIDITY_TOO_LONG", {"expires_at": "2028-03-10T09:00:00+08:00"}),
        ("UNKNOWN_ISSUER", {"issuer": "nobody"}),
        ("NOT_AUTHORISED", {"office": "city_government"}),
    ],
)
def test_claims_that_do_not_fit_are_refused_with_their_code(city: City, code: str, claims: dict[str, Any]) -> None:
    city.order("hq", "order", claims=claims, **ORDER)
    assert city.refusal() == code
    assert not of(DirectiveAccepted, city.events)
    assert not city.state.of(Directive)


def test_a_directive_holds_until_its_last_instant_and_its_issuers_clock_may_be_a_little_ahead(city: City) -> None:
    city.order("hq", "order", claims={"expires_at": city.now.isoformat(), "issued_at": city.now.isoformat()}, **ORDER)
    assert city.refusal() is None
    city.order("hq", "order", claims={"issued_at": later(city, minutes=2)}, **ORDER)
    assert city.refusal() is None


def test_no_directive_is_used_twice(city: City) -> None:
    city.order("hq", "order", claims={"directive": "one"}, **ORDER)
    city.order("hq", "order", claims={"directive": "one"}, **ORDER)
    assert city.refusal() == "REPLAYED"


def test_a_refused_directive_does_not_use_up_its_id(city: City) -> None:
    """Ids that nobody authenticated must not block those of others."""
    city.order("hq", "order", claims={"directive": "one"}, key=key_of("mayor"), **ORDER)
    assert city.refusal() == "UNKNOWN_KEY"
    city.order("hq", "order", claims={"directive": "one"}, **ORDER)
    assert city.refusal() is None


def test_an_office_holder_decides_while_in_office_only(city: City) -> None:
    city.person("hq", "hq_office", valid_from=at("2026-03-10 08:00"), valid_to=at("2026-03-10 10:00"))
    claims = city.claims("hq", "hq_office", "order", ORDER, {"expires_at": "2026-03-10T12:00:00+08:00"})
    city.until("2026-03-10 11:00")
    city.send(claims, sign(claims, key_of("hq")))
    assert city.refusal() is None, "issued in office, received after it"
    city.order("hq", "order", **ORDER)
    assert city.refusal() == "NOT_AUTHORISED"


def test_an_unsigned_directive_is_refused(city: City) -> None:
    city.send(city.claims("hq", "hq_office", "order", ORDER, {}), None)
    assert city.refusal() == "UNSIGNED"


def test_a_signature_over_other_bytes_is_refused(city: City) -> None:
    value = city.claims("hq", "hq_office", "order", ORDER, {})
    city.send(value.replace("集结".encode(), "解散".encode()), sign(value, key_of("hq")))
    assert city.refusal() == "BAD_SIGNATURE"


def test_a_signature_that_brings_its_own_payload_is_refused(city: City) -> None:
    """A library would check the attached payload and not the record."""
    good = city.claims("hq", "hq_office", "order", ORDER, {})
    signature = sign(good, key_of("hq"))
    import base64

    attached = signature.replace("..", "." + base64.urlsafe_b64encode(good).rstrip(b"=").decode() + ".")
    city.send(city.claims("hq", "hq_office", "order", {**ORDER, "text": "别的"}, {}), attached)
    assert city.refusal() == "BAD_SIGNATURE"


def test_the_key_must_be_the_issuers_own(city: City) -> None:
    city.order("hq", "order", key=key_of("mayor"), **ORDER)
    assert city.refusal() == "UNKNOWN_KEY"
    forged = key_from_seed("somebody", key_of("hq").kid)
    city.order("hq", "order", key=forged, **ORDER)
    assert city.refusal() == "BAD_SIGNATURE"


def test_a_revoked_key_signs_nothing_that_arrives_after_it_was_revoked_even_if_backdated(city: City) -> None:
    revoked = public(key_of("hq"), revoked_at=at("2026-03-10 09:30"))
    city.person("hq", "hq_office", keys=(revoked,))
    city.order("hq", "order", **ORDER)
    assert city.refusal() is None
    city.until("2026-03-10 10:00")
    city.order("hq", "order", claims={"issued_at": "2026-03-10T09:10:00+08:00"}, **ORDER)
    assert city.refusal() == "KEY_REVOKED"


def test_a_new_key_works_beside_a_revoked_one(city: City) -> None:
    new = key_from_seed("new", "hq-2")
    city.person("hq", "hq_office", keys=(public(key_of("hq"), revoked_at=at("2026-03-10 08:00")), public(new)))
    city.order("hq", "order", key=new, **ORDER)
    assert city.refusal() is None


def test_the_refusal_tells_the_sender_who_claimed_what(city: City) -> None:
    city.order("deputy", "activate_joint")
    (refused,) = of(CommandRefused, city.last)
    assert (refused.command, refused.action) == ("directive.issued.v1", "activate_joint")
    assert (refused.issuer, refused.office) == ("deputy", "deputy_commander")
    assert refused.details["reason"] == "no_delegation"
    assert refused.details["offices"] == ["commander_in_chief"]


def test_an_incident_is_named_by_id_or_by_any_of_its_external_ids(city: City) -> None:
    city.report(deaths=1)
    for ref in ("cad|X1", city.incident().id):
        (accepted, *_) = city.order("hq", "order", incident=ref, **ORDER)
        assert isinstance(accepted, DirectiveAccepted)
        assert accepted.incident == city.incident().id
    city.order("hq", "order", incident="cad|X2", **ORDER)
    assert city.refusal() == "UNKNOWN_INCIDENT"
    city.order("hq", "confirm", proposal="W2@cad|X2")
    assert city.refusal() == "UNKNOWN_PROPOSAL"


def test_what_a_directive_may_touch_is_loaded_before_it_is_decided() -> None:
    """References to closed history are looked up by kind and id; external ids of proposals too."""
    said = {
        "area": AREA,
        "directive": "d1",
        "realm": "actual",
        "issuer": "hq",
        "office": "hq_office",
        "issued_at": "2026-03-10T09:00:00+08:00",
        "expires_at": "2026-03-10T10:00:00+08:00",
    }

    def lookups(**command: Any) -> set[tuple[str, str]]:
        return set(DirectiveIssued.model_validate_json(json.dumps({**said, "command": command})).lookups())

    assert ("directive", "d1") in lookups(action="order", to_unit="u", text="x")
    assert ("external_ref", "cad|X1") in lookups(action="confirm", proposal="W2@cad|X1")
    assert ("external_ref", "cad|X1") in lookups(action="stand_down", incident="cad|X1", reason="")
    assert ("expert_opinion", "op") in lookups(action="end_response", expert_opinion="op")
    assert ("expert_opinion", "op") in lookups(action="expert_opinion", incident="i", opinion="op", text="x")


def test_a_districts_people_decide_for_their_own_district_only(city: City) -> None:
    """GR-3: whoever works in a district's unit decides for that district, whatever the office."""
    city.person("em-b", "em_department", unit=f"gov-{B[-1]}")
    city.report(deaths=1, district=C)
    city.order("em-b", "verify", office="em_department", incident="cad|X1", figures={"deaths": 1})
    assert city.refusal() == "NOT_AUTHORISED"
    city.report(deaths=1, district=B, id="X2")
    city.order("em-b", "verify", office="em_department", incident="cad|X2", figures={"deaths": 1})
    assert city.refusal() is None
