"""SQL views: what reports read is what the state says, column by column, and no path points beside an entity."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from streams.domain import cascade
from streams.domain.state import ENTITIES
from streams.scenario.parse import load
from streams.store.migrate import available, connect
from tests.recording import record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

VIEWS = {"incidents", "responses", "task_forces", "requests", "commitments", "resources", "obligations", "area_status"}
SC_1 = Path(__file__).parents[1] / "scenarios" / "sc_1.yaml"


def views() -> str:
    return next(one.text for one in available() if one.name == "views")


def paths() -> list[tuple[str, tuple[str, ...]]]:
    """(entity kind, path) of every json access, by the aliases that each view declares."""
    found = []
    for view in views().split("create view ")[1:]:
        kinds = dict(re.findall(r"(\w+)\.kind = '(\w+)'", view))
        here = [(kinds[a], (f,)) for a, f in re.findall(r"(\w+)\.body ->>? '(\w+)'", view)]
        here += [(kinds[a], tuple(f.split(","))) for a, f in re.findall(r"(\w+)\.body #>>? '\{([\w,]+)\}'", view)]
        assert len(here) == view.count(".body "), "a path is written in a way that this test does not read"
        found += here
    return found


def models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = get_args(annotation) if get_origin(annotation) is not None or isinstance(annotation, UnionType) else ()
    return [model for one in inner for model in models(one)]


@pytest.mark.parametrize(("kind", "path"), sorted(set(paths())))
def test_every_path_of_a_view_is_a_field_of_its_entity(kind: str, path: tuple[str, ...]) -> None:
    assert cascade.EVOLVERS
    known: list[type[BaseModel]] = [ENTITIES[kind]]
    for field in path:
        fitting = [model for model in known if field in model.model_fields]
        assert fitting, f"{kind} has no field {'.'.join(path)}"
        known = [inner for model in fitting for inner in models(model.model_fields[field].annotation)]


@pytest.fixture(scope="module")
def sc_1() -> Any:
    return load(SC_1)[0]


@pytest.fixture
async def played(database: str, sc_1: Any) -> AsyncIterator[asyncpg.Connection]:
    await record(database, sc_1)
    connection = await connect(database, sc_1.realm)
    yield connection
    await connection.close()


async def test_the_views_show_sc_1_as_it_ended(played: asyncpg.Connection) -> None:
    """SC-1: grade, response, task force, allocations and obligations, read as a report would."""
    (incident,) = await played.fetch("select * from incidents")
    assert (incident["composite"], incident["status"], incident["district"]) == (2, "open", "990102")
    assert incident["occurred_at"] == datetime(2026, 3, 10, 1, 12, tzinfo=UTC)
    assert '"deaths": 12' in incident["figures"]
    (response,) = await played.fetch("select * from responses")
    assert (response["level"], response["status"], response["zone"]) == (3, "running", "990100")
    (force,) = await played.fetch("select * from task_forces")
    assert (force["lead"], force["deputy"], force["rules"]) == ("emergency_management", "health", ["W2", "D3"])
    sums = await played.fetch(
        "select resources.district, sum(commitments.quantity) as taken "
        "from commitments join resources using (area, resource) "
        "where commitments.kind = 'ambulance' group by 1 order by 1"
    )
    assert [tuple(row) for row in sums] == [("990101", 10), ("990102", 3), ("990103", 1)]
    assert await played.fetchval("select min(eta_minutes) from commitments") == 10
    status = await played.fetchrow("select * from area_status")
    assert status is not None
    assert (status["open_incidents"], status["worst_grade"], status["highest_response"]) == (1, 2, 3)
    assert (status["degraded"], status["active_task_forces"]) == (False, 1)
    due = await played.fetchval("select due from obligations where rule = 'OB-02'")
    assert due == datetime(2026, 3, 10, 2, 14, tzinfo=UTC)


async def test_every_view_has_typed_columns_and_rows(played: asyncpg.Connection) -> None:
    for view in sorted(VIEWS):
        assert await played.fetchval(f"select count(*) from {view}") > 0, view
    loose = await played.fetch(
        "select table_name, column_name from information_schema.columns where table_schema = current_schema() "
        "and data_type in ('json', 'jsonb') and table_name = any($1::text[])",
        sorted(VIEWS),
    )
    assert {row["column_name"] for row in loose} == {"grades", "figures", "verification"}


async def test_requests_have_a_row_a_line_and_say_what_is_still_needed(played: asyncpg.Connection) -> None:
    rows = await played.fetch("select * from requests order by request, line")
    assert len(rows) > 3
    assert all(row["still_needed"] == 0 for row in rows)
    assert {row["department"] for row in rows} == {"health", "emergency_management"}
