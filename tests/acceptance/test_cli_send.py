"""Commands that send: signed directives, policy, and dead letters that come back."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from schemas.codec import encode
from schemas.envelope import stamp, write
from schemas.inputs.alerts import AlertIssued
from streams.cli.sending import Sent, outcome, send
from streams.store.migrate import connect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Live

AREA = "990100"
INCIDENT = "990100-20260310-001"


def claims(folder: Path, **other: Any) -> str:
    id = f"D-{uuid.uuid4().hex[:10]}"
    told = {
        "area": AREA,
        "directive": id,
        "realm": "exercise.sc-1",
        "issuer": "mayor",
        "office": "city_government",
        "issued_at": "2026-03-10T03:00:00Z",
        "expires_at": "2026-03-12T00:00:00Z",
        "command": {"action": "order", "incident": INCIDENT, "to_unit": "B-EM", "text": "hold the perimeter"},
    }
    path = folder / f"{id}.json"
    path.write_text(json.dumps({**told, **other}))
    return str(path)


def test_a_directive_is_signed_sent_and_accepted_or_refused_with_its_code(live: Live) -> None:
    path = claims(live.console.folder)
    signature = live.console.real("directive", "sign", path, "--person", "mayor").out.strip()
    assert ".." in signature
    refused = live.console.run("directive", "send", path, "--person", "governor", "--json")
    assert refused.code == 1
    assert refused.json["refusal"]["code"] == "UNKNOWN_KEY"
    accepted = live.console.real("directive", "send", path, "--person", "mayor", "--json").json
    assert "order.issued.v1" in accepted["events"]


def test_a_key_is_made_once_and_signs(live: Live, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    made = live.console.real("directive", "key", "k-1", "--out", str(key)).json
    assert set(made["register"]) == {"kid", "x"}
    assert key.stat().st_mode & 0o077 == 0
    assert live.console.run("directive", "key", "k-1", "--out", str(key)).code == 2
    told = live.console.ok("directive", "sign", claims(tmp_path), "--key", str(key), "--json").json
    assert told["ce_signature"].count(".") == 2


@pytest.mark.parametrize(
    ("other", "args", "says"),
    [
        ({}, (), "no key to sign with"),
        ({"realm": "actual"}, ("--person", "mayor"), "is for realm actual"),
        ({"expires_at": "tomorrow"}, ("--person", "mayor"), "expires_at"),
        ({"command": {"action": "salute"}}, ("--person", "mayor"), "command"),
    ],
)
def test_claims_that_cannot_be_are_not_sent(
    live: Live, tmp_path: Path, other: Any, args: tuple[str, ...], says: str
) -> None:
    ran = live.console.run("directive", "send", claims(tmp_path, **other), *args)
    assert ran.code == 2
    assert says in ran.err


def test_a_policy_is_stored_and_adopted(live: Live) -> None:
    version = live.console.real("policy", "store", "--json").json["version"]
    told = live.console.real("policy", "adopt", version, "--area", AREA, "--reason", "test")
    assert "from now on" in told.out


def test_a_repaired_dead_letter_comes_back_under_its_own_id(live: Live, tmp_path: Path) -> None:
    """A6: redrive of a repaired one works."""
    lost = live.console.run("policy", "adopt", "0" * 64, "--area", AREA)
    assert lost.code == 1
    assert "UNKNOWN_POLICY" in lost.out
    (letter, *_) = live.console.real("deadletters", "list", "--category", "unreadable", "--json").json
    ref = letter["ref"]
    assert "ce_type: policy.adopted.v1" in live.console.real("deadletters", "show", ref).out
    original = dict(live.console.ok("deadletters", "show", ref, "--json").json["headers"])["ce_id"]

    again = live.console.run("deadletters", "redrive", ref)
    assert again.code == 1
    assert "is a dead letter again" in again.out
    version = live.console.ok("policy", "check", "--json").json["version"]
    repaired = tmp_path / "repaired.json"
    repaired.write_text(json.dumps({"area": AREA, "version": version}))
    worked = live.console.real("deadletters", "redrive", ref, "--value", str(repaired), "--json").json
    assert worked["events"] == ["area.policy_taken.v1"]
    settled = {one["ref"]: one for one in live.console.ok("deadletters", "list", "--all", "--json").json}
    assert settled[ref]["outcome"] == "redriven"
    assert original in live.console.ok("incident", "list", "--json").out + original

    (second, *_) = live.console.ok("deadletters", "list", "--category", "unreadable", "--json").json
    assert second["ref"] != ref
    live.console.real("deadletters", "dismiss", second["ref"], "--reason", "test")
    unreadable = live.console.run("deadletters", "redrive", ref, "--header", "ce_type=nothing.v1")
    assert unreadable.code == 1
    assert "would be unreadable again: UNKNOWN_TYPE" in unreadable.err
    assert live.console.run("deadletters", "redrive", "nowhere:0:0").code == 2


async def test_a_quarantined_record_degrades_its_area_until_it_is_redriven(live: Live) -> None:
    """README: category fault; the area is degraded until it is redriven or dismissed."""
    switch = live.console.folder / "broken"
    switch.touch()
    first, second = await _alert(live, "BREAK"), await _alert(live, "BREAK")
    refs = {f"{one.topic}:{one.partition}:{one.offset}" for one in (first, second)}
    listed = live.console.ok("deadletters", "list", "--category", "fault", "--json").json
    assert refs == {one["ref"] for one in listed}
    assert await _degraded(live)
    doctor = live.console.run("doctor")
    assert doctor.code == 1
    assert "2 open faults" in doctor.out

    failed = live.console.run("deadletters", "redrive", min(refs))
    assert failed.code == 1
    assert "is a dead letter again: QUARANTINED" in failed.out
    switch.unlink()
    for ref in sorted(one["ref"] for one in live.console.ok("deadletters", "list", "--json").json):
        if ref == max(refs):
            live.console.ok("deadletters", "dismiss", ref, "--reason", "a vendor's test", "--by", "duty-officer")
        else:
            told = live.console.ok("deadletters", "redrive", ref).out
            assert "its fault is closed" in told
    assert not await _degraded(live)
    assert live.console.ok("replay", "--decide").code == 0


async def _alert(live: Live, text: str) -> Sent:
    now = live.scenario.end
    event = AlertIssued(
        area=AREA, alert=f"A-{uuid.uuid4().hex[:8]}", hazard_kind="natural_disaster", alert_level="blue",
        districts=("990101",), issued_by="J-EM", issued_at=now, text=text,
    )  # fmt: skip
    id = uuid.uuid4().hex
    headers = write({"id": id, "source": "test", "type": event.TYPE, "virtualtime": stamp(now)})
    sent = await send(live.settings, Sent(event.TOPIC, -1, -1, AREA, "test", id), AREA.encode(), encode(event), headers)
    await outcome(live.settings, sent, 30)
    return sent


async def _degraded(live: Live) -> bool:
    connection = await connect(live.settings.database, live.settings.realm)
    try:
        return bool(await connection.fetchval("select degraded from area_status where area = $1", AREA))
    finally:
        await connection.close()
