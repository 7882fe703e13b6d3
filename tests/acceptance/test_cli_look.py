"""Commands that look at a realm in which SC-1 was played."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from streams.local.postgres import create_database, drop_database

if TYPE_CHECKING:
    import asyncpg

    from tests.acceptance.conftest import Live
    from tests.parts_server import PostgresPart

INCIDENT = "990100-20260310-001"


def test_incident_list_and_show_tell_sc_1(live: Live) -> None:
    """SC-1: one incident, 重大, response III, joint mechanism by W2."""
    (row,) = live.console.real("incident", "list", "--json").json
    assert (row["incident"], row["composite"], row["response"], row["task_forces"]) == (INCIDENT, 2, 3, 1)
    assert "重大 II" in live.console.ok("incident", "list").out
    shown = live.console.real("incident", "show", "EXPLOSION", "--json").json
    assert shown["figures"]["deaths"] == 12
    assert {family["family"]: family["severity"] for family in shown["families"]}["WSA"] == 2
    told = live.console.ok("incident", "show", INCIDENT, "--events", "200").out
    for words in ("WSA-2", "W2", "DP-B-PPE", "OB-02", "专班 task force", "09:51"):
        assert words in told
    assert live.console.run("incident", "show", "NOBODY").code == 2


def test_decisions_pending_says_who_must_decide_since_when(live: Live) -> None:
    rows = live.console.real("decisions", "pending", "--json").json
    assert all(row["incident"] == INCIDENT and row["offices"] for row in rows)
    assert rows[0]["opened_at"].startswith("2026-03-10T")
    assert "待决事项" in live.console.ok("decisions", "pending", "--area", "990100").out


def test_request_explain_tells_why_in_one_screen(live: Live) -> None:
    """D6: candidates with times, what was taken, why another was not."""
    told = live.console.real("request", "explain", "RQ-TF").out
    assert len(told.splitlines()) < 45
    for words in ("DP-B-DIS", "needs authorisation", "AL-1", "10.0 min", "取 taken 300"):
        assert words in told
    line = live.console.ok("request", "explain", "RQ-TF/1", "--json").json
    assert {one["data"].get("line") for one in line["lines"]} <= {1, None}
    assert live.console.run("request", "explain", "RQ-NONE").code == 2


def test_policy_explain_goes_from_facts_to_rule_to_source(live: Live) -> None:
    """B4."""
    told = live.console.real("policy", "explain", "EXPLOSION").out
    for words in ("WSA-2", "Decree 493", "deaths = 12", "已核实"):
        assert words in told
    assert live.console.run("policy", "explain", "NOBODY").code == 2


def test_replay_is_identical_three_ways(live: Live, pg_server: PostgresPart) -> None:
    """A5: folded, decided again, and from the topics."""
    (fold,) = live.console.ok("replay", "--json").json
    assert (fold["same"], fold["mode"]) == (True, "fold")
    decide, topics = live.console.real("replay", "--decide", "--topics", "--json").json
    assert decide["events"] == topics["events"] == fold["events"] > 300
    assert "identical 一致" in live.console.ok("replay", "--area", "990100").out


async def test_replay_into_another_database_and_into_one_that_is_not_empty(live: Live, pg_server: PostgresPart) -> None:
    name = f"into_{uuid.uuid4().hex}"
    await create_database(pg_server.dsn_of_postgres, name)
    try:
        assert live.console.ok("replay", "--into", pg_server.dsn(name)).code == 0
        again = live.console.run("replay", "--into", pg_server.dsn(name))
        assert again.code == 2
        assert "next: name an empty database" in again.err
    finally:
        await drop_database(pg_server.dsn_of_postgres, name)


async def test_replay_names_the_first_changed_byte(live: Live, pg_server: PostgresPart) -> None:
    """A5: a copy of the database with one byte changed; its worker still runs on the original."""
    name = f"copy_{uuid.uuid4().hex}"
    await create_database(pg_server.dsn_of_postgres, name)
    try:
        copied = await _copied(live.settings.database, pg_server.dsn(name))
        assert copied
        ran = live.console.run("replay", "--decide", "--json", "--database", pg_server.dsn(name))
        assert ran.code == 1
        (report,) = ran.json
        assert (report["difference"]["area"], report["difference"]["seq"]) == ("990100", 100)
        assert "DIFFERENT" in live.console.run("replay", "--database", pg_server.dsn(name)).out
    finally:
        await drop_database(pg_server.dsn_of_postgres, name)


async def _copied(source: str, target: str) -> bool:
    """Copy a realm and change one byte of its hundredth event."""
    from streams.store.migrate import connect, migrate

    realm = "exercise.sc-1"
    await migrate(target, realm)
    one, other = await connect(source, realm), await connect(target, realm)
    try:
        for table in ("area_head", "state", "recorder_input", "recorder_event", "policy_document"):
            rows = await one.fetch(f"select * from {table}")
            if table == "recorder_event":
                rows = [_changed(row) for row in rows]
            names = list((await one.fetch(f"select * from {table} limit 1"))[0].keys())
            await other.copy_records_to_table(table, records=[tuple(row.values()) for row in rows], columns=names)
        return True
    finally:
        await one.close()
        await other.close()


def _changed(row: asyncpg.Record) -> dict[str, object] | asyncpg.Record:
    if row["seq"] != 100:
        return row
    data = bytearray(row["data"])
    data[len(data) // 2] ^= 1
    return {**row, "data": bytes(data)}


def test_doctor_finds_nothing_wrong(live: Live) -> None:
    found = {line["what"]: line["state"] for line in live.console.spawn("doctor", "--json").json}
    assert {found[what] for what in ("offsets", "topics", "worker", "clocks", "backlog", "migrations")} == {"ok"}


@pytest.mark.parametrize("folder", [(), ("streams/policy",)])
def test_policy_check_and_diff(live: Live, folder: tuple[str, ...]) -> None:
    from tests.acceptance.conftest import ROOT

    places = [str(ROOT / one) for one in folder]
    assert len(live.console.real("policy", "check", *places, "--json").json["version"]) == 64
    if places:
        assert "the same" in live.console.real("policy", "diff", *places).out
        wrong = live.console.folder / "wrong"
        wrong.mkdir(exist_ok=True)
        for path in (ROOT / "streams" / "policy").glob("*.yaml"):
            (wrong / path.name).write_text(path.read_text("utf-8").replace("deaths>=10", "deaths>=11"))
        differs = live.console.run("policy", "diff", str(wrong))
        assert differs.code == 1
        assert "WSA-2" in differs.out
        (wrong / "grading.yaml").write_text("families: 3\n")
        broken = live.console.run("policy", "check", str(wrong))
        assert broken.code == 1
        assert "grading.yaml:1" in broken.out
