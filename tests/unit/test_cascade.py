"""The cascade folds what it decides, depth first."""

from datetime import UTC, datetime

from schemas.inputs.registers import AreaRegistered
from streams.domain.cascade import cascade
from streams.domain.context import Context, Received
from streams.domain.core import Area
from streams.domain.state import AreaState
from streams.policy.model import Policy

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def test_an_area_opens_under_the_policy_of_the_worker_that_met_it_first() -> None:
    state = AreaState("990100", NOW)
    event = AreaRegistered(area="990100", name="J")
    context = Context("990100", "actual", NOW, Policy(version="v1"), Received(event, "test", "1", b""))
    events = list(cascade(state, context))
    assert [e.TYPE for e in events] == ["area.opened.v1"]
    assert state.of(Area)["990100"].policy_version == "v1"
