"""The judge of D7's sagas finds what must not be: it reads recorded events and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.sagas import Sagas, Side, compare

START = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
Event = tuple[int, str, dict[str, Any]]
ASKED: Event = (0, "aid.requested.v1", {"aid": "S1"})
HELD: Event = (1, "aid.answered.v1", {"aid": "S1", "status": "held", "expires_at": "2026-03-10T04:00:05Z"})
LENT: Event = (3, "aid.answered.v1", {"aid": "S1", "status": "lent"})
CLOSED: Event = (9, "aid.answered.v1", {"aid": "S1", "status": "closed"})
ENDED: Event = (9, "aid.ended.v1", {"aid": "S1", "outcome": "returned"})
COMMITTED: Event = (1, "resource.committed.v1", {"request": "S1", "resource": "U"})
RELEASED: Event = (8, "commitment.ended.v1", {"request": "S1", "resource": "U", "stage": "released"})
BORROWED: Event = (4, "resource.borrowed.v1", {"aid": "S1", "entry": {"resource": "U"}})
BACK: Event = (7, "resource.given_back.v1", {"aid": "S1", "resource": "U"})
BORROWER = (ASKED, BORROWED, BACK, ENDED)
HOME = (COMMITTED, HELD, LENT, RELEASED, CLOSED)


def judged(borrower: tuple[Event, ...], home: tuple[Event, ...]) -> Sagas:
    sides = {"J": Side(), "K": Side()}
    for side, events in zip(sides.values(), (borrower, home), strict=True):
        for second, type, data in events:
            side.take(type, data, START + timedelta(seconds=second))
    return compare(sides)


def test_a_saga_that_went_well_has_no_complaints() -> None:
    sagas = judged(BORROWER, HOME)
    assert (sagas.begun, sagas.lent, sagas.wrong) == (1, 1, [])


def test_a_unit_that_its_home_commits_to_somebody_else_meanwhile_is_held_twice() -> None:
    other = (5, "resource.committed.v1", {"request": "R9", "resource": "U"})
    assert judged(BORROWER, (COMMITTED, HELD, LENT, other, RELEASED, CLOSED)).held_twice == 1


def test_a_unit_that_is_used_longer_than_its_home_keeps_it_is_held_twice() -> None:
    early = (6, "commitment.ended.v1", {"request": "S1", "resource": "U", "stage": "lapsed"})
    assert judged(BORROWER, (COMMITTED, HELD, LENT, early, CLOSED)).held_twice == 1


def test_a_confirmation_that_was_accepted_after_its_hold_is_late() -> None:
    late = (6, *LENT[1:])
    assert judged(BORROWER, (COMMITTED, HELD, late, RELEASED, CLOSED)).late == 1


def test_a_saga_that_is_open_on_either_side_is_unfinished() -> None:
    assert judged(BORROWER[:-1], HOME).unfinished == 1
    assert judged(BORROWER, HOME[:-1]).unfinished == 1
