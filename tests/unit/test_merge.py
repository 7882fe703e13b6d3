"""The order in which a lane applies what it holds of several topics."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import COMMAND_DIRECTIVES, INCIDENT_REPORTS, LANE_ORDER, REALM_CLOCK, RESOURCE_UPDATES
from streams.runtime.merge import GapError, MergeQueue, by_append_time
from streams.runtime.records import Record

TOPICS = (COMMAND_DIRECTIVES, INCIDENT_REPORTS, RESOURCE_UPDATES)


def record(topic: str, offset: int, at: int, value: bytes = b"x") -> Record:
    return Record(topic, 0, offset, at, b"420100", value, ())


def queue(**ends: int) -> MergeQueue:
    merge = MergeQueue()
    for topic in TOPICS:
        merge.start(topic, 0, 0)
    return merge


def everything(merge: MergeQueue) -> list[Record]:
    return merge.take(10_000, lambda _: True)


STREAMS = st.fixed_dictionaries({topic: st.lists(st.integers(0, 20), max_size=15).map(sorted) for topic in TOPICS})


@given(STREAMS, st.randoms(use_true_random=False))
def test_records_come_in_append_order_and_ties_in_topic_order(
    streams: dict[str, list[int]], chance: random.Random
) -> None:
    merge = queue()
    for topic, times in streams.items():
        records = [record(topic, offset, at) for offset, at in enumerate(times)]
        at = 0
        while at < len(records):
            to = chance.randrange(at, len(records)) + 1
            merge.offer(topic, at, records[max(0, at - chance.randrange(3)) : to])
            at = to
    taken = everything(merge)
    assert [by_append_time(one) for one in taken] == sorted(by_append_time(one) for one in taken)
    for topic, times in streams.items():
        assert [one.offset for one in taken if one.topic == topic] == list(range(len(times)))
    assert merge.size() == merge.size_bytes() == 0


@given(STREAMS, st.integers(1, 7), st.integers(0, 7))
def test_what_is_put_back_comes_again_in_its_place(streams: dict[str, list[int]], limit: int, back: int) -> None:
    whole, parts = queue(), queue()
    for merge in (whole, parts):
        for topic, times in streams.items():
            merge.offer(topic, 0, [record(topic, offset, at) for offset, at in enumerate(times)])
    seen: list[Record] = []
    first = True
    while taken := parts.take(limit, lambda _: True):
        kept = taken if not first else taken[: max(0, len(taken) - back)]
        parts.put_back(taken[len(kept) :])
        seen += kept
        first = False
    assert seen == everything(whole)


def test_a_hole_between_fetches_is_noticed() -> None:
    merge = queue()
    merge.offer(INCIDENT_REPORTS, 0, [record(INCIDENT_REPORTS, 0, 1)])
    with pytest.raises(GapError) as gap:
        merge.offer(INCIDENT_REPORTS, 2, [record(INCIDENT_REPORTS, 2, 1)])
    assert (gap.value.topic, gap.value.position) == (INCIDENT_REPORTS, 1)


def test_offsets_that_a_fetch_jumps_over_are_no_hole() -> None:
    merge = queue()
    assert merge.offer(INCIDENT_REPORTS, 0, [record(INCIDENT_REPORTS, 3, 1), record(INCIDENT_REPORTS, 7, 2)]) == 2
    assert merge.offer(INCIDENT_REPORTS, 8, [record(INCIDENT_REPORTS, 8, 3)]) == 1


def test_a_topic_that_is_not_ours_is_dropped() -> None:
    assert queue().offer("unknown", 0, [record("unknown", 0, 1)]) == 0


def test_a_topic_lags_while_its_log_goes_on_and_nothing_is_at_hand() -> None:
    merge = MergeQueue()
    merge.start(INCIDENT_REPORTS, 5, 6)
    assert merge.lagging()
    merge.offer(INCIDENT_REPORTS, 5, [record(INCIDENT_REPORTS, 5, 1)])
    assert not merge.lagging()


def test_the_batch_ends_where_a_topics_next_record_is_still_to_come() -> None:
    merge = MergeQueue()
    merge.start(INCIDENT_REPORTS, 0, 2)
    merge.start(RESOURCE_UPDATES, 0, 1)
    merge.offer(INCIDENT_REPORTS, 0, [record(INCIDENT_REPORTS, 0, 1)])
    merge.offer(RESOURCE_UPDATES, 0, [record(RESOURCE_UPDATES, 0, 9)])
    assert [one.topic for one in everything(merge)] == [INCIDENT_REPORTS]


def test_a_topic_that_must_wait_does_not_hold_up_the_others() -> None:
    merge = queue()
    merge.offer(INCIDENT_REPORTS, 0, [record(INCIDENT_REPORTS, 0, 1), record(INCIDENT_REPORTS, 1, 2)])
    merge.offer(RESOURCE_UPDATES, 0, [record(RESOURCE_UPDATES, 0, 5)])
    assert [one.topic for one in merge.take(9, lambda one: one.topic != INCIDENT_REPORTS)] == [RESOURCE_UPDATES]
    assert merge.size() == 2


def test_nothing_follows_a_clock_record_in_its_batch() -> None:
    merge = queue()
    merge.start(REALM_CLOCK, 0, 0)
    merge.offer(REALM_CLOCK, 0, [record(REALM_CLOCK, 0, 3), record(REALM_CLOCK, 1, 4)])
    merge.offer(INCIDENT_REPORTS, 0, [record(INCIDENT_REPORTS, 0, 1), record(INCIDENT_REPORTS, 1, 3)])
    assert [(one.topic, one.offset) for one in everything(merge)] == [(INCIDENT_REPORTS, 0), (REALM_CLOCK, 0)]


def test_decisions_come_before_what_they_may_change() -> None:
    assert LANE_ORDER[COMMAND_DIRECTIVES] < LANE_ORDER[INCIDENT_REPORTS] < LANE_ORDER[RESOURCE_UPDATES]
