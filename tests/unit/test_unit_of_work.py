"""One transaction's worth of decisions, in the rows that will be stored."""

import json
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Readable, Unreadable, decode, encode
from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from schemas.outputs.area_events import InputUnreadable
from streams.domain.state import AreaState
from streams.policy.loader import bundled
from streams.runtime.records import Record
from streams.runtime.unit import Head, Unit, instant, namespace, plain
from streams.store.rows import GENESIS, link, origin

AREA = "420100"
START = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
POLICY = bundled()


def unit() -> Unit:
    made = Unit("actual", namespace("actual"))
    made.heads[AREA] = Head(AREA, 0, START, GENESIS, 0, 0, 0)
    made.states[AREA] = AreaState(AREA, START)
    made.policies[AREA] = POLICY
    return made


def record(event: AreaRegistered | DistrictRegistered, offset: int, id: str) -> tuple[Record, Readable]:
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_source", b"/cad"),
        ("ce_type", event.TYPE.encode()),
        ("ce_traceparent", b"00-trace"),
        ("ce_actor", b"somebody"),
    )
    made = Record(event.TOPIC, 0, offset, 0, AREA.encode(), encode(event), headers)
    read = decode(made.topic, made.headers, made.value)
    assert isinstance(read, Readable)
    return made, read


def decided() -> Unit:
    made = unit()
    made.decide_input(*record(AreaRegistered(area=AREA, name="City"), 0, "a"), START + timedelta(seconds=5))
    made.decide_input(*record(DistrictRegistered(area=AREA, district="420101", name="D"), 1, "b"), START)
    return made


def test_events_are_numbered_without_gaps_and_inputs_point_at_their_first() -> None:
    made = decided()
    assert [row.seq for row in made.events] == list(range(1, len(made.events) + 1))
    assert made.heads[AREA].seq == len(made.events)
    assert [row.id for row in made.inputs] == ["a", "b"]
    for row in made.inputs:
        first = next(event for event in made.events if event.seq == row.seq)
        assert first.causation == f"/cad {row.id}"


def test_time_never_runs_backwards() -> None:
    made = decided()
    assert {row.now for row in made.events} == {START + timedelta(seconds=5)}
    assert made.heads[AREA].now == made.states[AREA].now == START + timedelta(seconds=5)


def test_the_chain_covers_every_event_and_its_input() -> None:
    made = decided()
    chain = GENESIS
    begun = {row.seq: row for row in made.inputs}
    for row in made.events:
        chain = link(chain, origin(begun[row.seq]) if row.seq in begun else b"", row)
        assert row.chain == chain
    assert made.heads[AREA].chain == chain


def test_the_same_decision_has_the_same_ids_and_bytes_wherever_it_is_made() -> None:
    one, other = decided(), decided()
    assert one.events == other.events
    assert one.events[0].id == uuid5(uuid5(NAMESPACE_URL, "liandong:actual"), f"{AREA} /cad a 0")
    assert namespace("exercise.x") != namespace("actual")


def test_actor_and_trace_of_the_input_go_with_its_events() -> None:
    assert {(row.actor, row.traceparent) for row in decided().events} == {("somebody", "00-trace")}


def test_what_the_shell_saw_is_on_record_like_an_input() -> None:
    made = decided()
    told = InputUnreadable(topic="alerts", partition=0, offset=7, code="BAD_JSON", path="$")
    made.happened(AREA, told, "unreadable:alerts:0:7", START)
    assert made.inputs[-1].source == "liandong/shell"
    assert made.events[-1].type == InputUnreadable.TYPE


@given(st.text(), st.none() | st.binary(), st.none() | st.binary(), st.text(), st.text())
def test_every_record_can_be_kept(
    name: str, header: bytes | None, value: bytes | None, path: str, message: str
) -> None:
    made = unit()
    odd = Record("alerts", 0, 3, -1, None, value, ((name, header), (r"\u0000", b""), ("x" * 5000, b"y" * 9000)))
    made.letter(odd, None, "unreadable", Unreadable("BAD_JSON", path, message), START)
    letter = made.letters[0]
    assert "\x00" not in letter.path + letter.message
    (letter.path + letter.message + letter.headers).encode()
    names = [pair[0] for pair in json.loads(letter.headers)]
    assert names == [name, r"\u0000", "x" * 5000]
    assert letter.value == value


@given(st.text(st.characters()), st.integers(0, 50))
def test_plain_text_can_be_stored_and_is_bounded(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit
    assert "\x00" not in plain(text)
    plain(text).encode()
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(("stamp", "year"), [(-1, 1970), (0, 1970), (1_800_000_000_000, 2027), (1 << 62, 1970)])
def test_nonsense_timestamps_count_as_the_epoch(stamp: int, year: int) -> None:
    assert instant(stamp).year == year
