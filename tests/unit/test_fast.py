"""Unvalidated construction makes the same models as validation."""

from schemas.outputs.incident_events import FactsChanged
from streams.domain.fast import changed, made, whole
from tests.unit.intake_world import START


def test_made_and_changed_models_equal_validated_ones() -> None:
    values = {"incident": "i", "figures": {"deaths": 1}, "verification": {"deaths": "verified"}, "as_of": START}
    slow = FactsChanged.model_validate(values)
    quick = made(FactsChanged, **dict(reversed(values.items())))
    assert (quick, quick.model_dump_json(), hash(quick.incident)) == (slow, slow.model_dump_json(), hash("i"))
    assert list(quick.__dict__) == list(slow.__dict__)
    later = changed(quick, incident="j")
    assert later == slow.model_copy(update={"incident": "j"})
    assert quick.incident == "i"
    assert later.model_copy(update={"incident": "i"}) == quick


def test_a_whole_model_equals_a_validated_one() -> None:
    values = {"incident": "i", "figures": {"deaths": 1}, "verification": {}, "as_of": START, "settled": {}}
    slow = FactsChanged.model_validate(values)
    quick = whole(FactsChanged, dict(values))
    assert (quick, quick.model_dump_json(), list(quick.__dict__)) == (slow, slow.model_dump_json(), list(slow.__dict__))
