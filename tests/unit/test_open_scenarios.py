"""Every row of tests/scenarios/scenarios_open.yaml through the cascade: a report in, grades out (B2)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.domain.core import Incident
from tests.unit.intake_world import E, World, report

FILE = Path(__file__).parents[1] / "scenarios" / "scenarios_open.yaml"
SCENARIOS: list[dict[str, Any]] = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
RURAL = E
"""The rows state `first_in_city_urban` themselves: no district of the register may add to it."""


def runs() -> list[Any]:
    """Each scenario's cumulative steps, and each fresh variant, as a run of its own."""
    found = []
    for scenario in SCENARIOS:
        steps: list[dict[str, Any]] = []
        for step in scenario["steps"]:
            if step.get("fresh"):
                found.append(pytest.param([step], id=f"{scenario['id']} {step['note']}"))
            else:
                steps.append(step)
        found.append(pytest.param(steps, id=scenario["id"]))
    return found


@pytest.mark.parametrize("steps", runs())
def test_every_row_gets_its_grades(steps: list[dict[str, Any]]) -> None:
    """B2: facts are cumulative and verified; each family and the composite come out as the row expects."""
    world = World()
    occurred = _instant(steps[0]["at"])
    facts: dict[str, Any] = {}
    for step in steps:
        facts |= step["facts"]
        when = _instant(step["at"])
        world.tell(report(when, step["kinds"], figures=facts, district=RURAL, occurred_at=occurred), when)
        assert _grades(world.incident, step["expect"]) == step["expect"], step["note"]


def _instant(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _grades(incident: Incident, expect: dict[str, Any]) -> dict[str, Any]:
    return {name: incident.composite if name == "overall" else incident.severity(name) for name in expect}
