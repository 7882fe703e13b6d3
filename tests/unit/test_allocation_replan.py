"""AL-REPLAN: exchanges between orders that have not left are proposed, confirmed by a person, and checked again."""

from itertools import pairwise, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import Point
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.resources import ResourceStatusReported
from schemas.outputs.allocation_events import CommitmentEnded, OrdersReplanned, ResourceCommitted
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.entities import Commitment
from streams.domain.allocation.exchange import FORBIDDEN, NOBODY, Board
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.allocation_city import AREA, CODES, City, policy

AMBULANCE = {"kind": "ambulance", "quantity": 1}


def at(km: float) -> Point:
    """A point so far north of the origin."""
    return Point(lat=30 + km / 111.2, lon=114)


def place(km: float, letter: str = "A") -> Place:
    return Place(district=CODES[letter], point=at(km))


def town() -> City:
    """Two ambulances at 0 and 10 km: the one in the middle was sent to the first caller at 4 km."""
    city = City(Policy(version="test", allocation=policy().allocation, authority=bundled().authority))
    city.incident("I1", "A")
    city.add("LEFT", "ambulance", "A", position=at(0), category="ambulance")
    city.add("RIGHT", "ambulance", "A", position=at(10), category="ambulance")
    return city


def crossed_orders() -> City:
    """Each caller got the only ambulance that was free then, and each has the other's."""
    city = town()
    status = ResourceStatusReported(area=AREA, resource="RIGHT", status="busy", observed_at=city.now)
    city.send(status)
    city.ask("R9", [AMBULANCE], place=place(9))
    city.send(status.model_copy(update={"status": "ready"}))
    city.ask("R1", [AMBULANCE], place=place(1))
    assert city.taken("ambulance") == {"LEFT": 1, "RIGHT": 1}
    return city


def asked(city: City) -> list[ProposalOpened]:
    return [event for event in city.log if isinstance(event, ProposalOpened)]


def confirm(city: City) -> OrdersReplanned:
    (one,) = asked(city)
    city.happen(
        ProposalDecided(
            incident=None, proposal=one.proposal, kind=one.kind, rule=one.rule, status="confirmed", directive="D"
        )
    )
    (done,) = [event for event in city.log if isinstance(event, OrdersReplanned)]
    return done


def holders(city: City) -> dict[str, str]:
    return {one.request: one.resource for one in city.state.of(Commitment).values() if one.open}


def test_two_orders_that_should_change_places_are_proposed_and_exchanged_on_confirmation() -> None:
    city = crossed_orders().later(seconds=31)
    (one,) = asked(city)
    assert (one.kind, one.rule, one.about, one.incident) == ("replan", "AL-REPLAN", "ambulance", None)
    assert holders(city) == {"R9": "LEFT", "R1": "RIGHT"}
    done = confirm(city)
    assert holders(city) == {"R9": "RIGHT", "R1": "LEFT"}
    assert (done.carried_out, done.dropped, done.filled) == (1, 0, 0)
    etas = {event.request: event.eta_ms for event in city.log if isinstance(event, ResourceCommitted)}
    before = [event.eta_ms or 0 for event in city.log if isinstance(event, ResourceCommitted)][:2]
    assert done.saved_ms == sum(before) - sum(eta or 0 for eta in etas.values()) > 120_000
    decision = city.decisions("R9")[-1]
    assert (decision.cause, [one["resource"] for one in decision.candidates]) == ("replanned", ["RIGHT", "LEFT"])
    assert "AL-REPLAN" in decision.rules
    assert {e.reason for e in city.log if isinstance(e, CommitmentEnded)} == {f"replanned: {one.proposal}"}


def test_what_has_left_meanwhile_is_not_called_back() -> None:
    city = crossed_orders().later(seconds=31)
    city.step("LEFT", "departed")
    done = confirm(city)
    assert (done.carried_out, done.dropped, done.saved_ms) == (0, 1, 0)
    assert holders(city) == {"R9": "LEFT", "R1": "RIGHT"}


def test_orders_that_have_left_are_not_looked_at() -> None:
    city = crossed_orders()
    city.step("LEFT", "departed")
    assert not asked(city.later(seconds=31))


def test_a_proposal_that_nobody_answers_lapses_and_does_not_go_up() -> None:
    city = crossed_orders().later(minutes=7)
    (decided,) = [event for event in city.log if isinstance(event, ProposalDecided)]
    assert decided.status == "expired"


def test_a_nearer_ambulance_that_came_free_is_proposed_unless_its_district_has_no_room() -> None:
    for floor, proposals in ((0, 1), (2, 0)):
        city = town()
        city.add("NEAR", "ambulance", "B", position=at(9), category="ambulance")
        city.send(FloorRegistered(area=AREA, kind="ambulance", district=CODES["B"], floor=floor))
        city.send(ResourceStatusReported(area=AREA, resource="NEAR", status="busy", observed_at=city.now))
        city.send(ResourceStatusReported(area=AREA, resource="RIGHT", status="busy", observed_at=city.now))
        city.ask("R9", [AMBULANCE], place=place(9))
        city.send(ResourceStatusReported(area=AREA, resource="NEAR", status="ready", observed_at=city.now))
        city.later(seconds=31)
        assert len(asked(city)) == proposals
        if proposals:
            confirm(city)
            assert holders(city) == {"R9": "NEAR"}
            assert city.resource("LEFT").held == 0


def test_a_chain_fills_a_need_that_nobody_could_serve() -> None:
    """The only unit with the capability serves a caller who does not need it, and another one is idle."""
    city = town()
    city.add("SPECIAL", "ambulance", "A", position=at(5), capabilities=("icu",), category="ambulance")
    city.ask("PLAIN", [AMBULANCE], place=place(5))
    city.ask("ICU", [AMBULANCE | {"requires": ("icu",)}], place=place(5))
    assert city.line("ICU/1").need == 1
    done = confirm(city.later(seconds=31))
    assert done.filled == 1
    assert holders(city)["ICU"] == "SPECIAL"
    assert city.line("ICU/1").need == 0


small = st.integers(0, 60)


@given(st.integers(2, 5), st.integers(0, 3), st.data())
@settings(max_examples=150, deadline=None)
def test_no_exchange_of_up_to_three_moves_is_missed_and_every_one_saves_what_it_says(
    orders: int, idle: int, data: st.DataObject
) -> None:
    """Against all chains and rings of at most three moves, tried out one by one."""
    columns = orders + idle
    cost = st.sampled_from([*range(0, 50, 7), FORBIDDEN])
    costs = np.array([[data.draw(cost) for _ in range(columns)] for _ in range(orders)], dtype=np.int64)
    for row in range(orders):
        costs[row, row] = data.draw(small)
    district = np.array([data.draw(st.integers(0, 1)) for _ in range(columns)])
    room = np.array([data.draw(st.integers(0, 1)) for _ in range(2)])
    board = Board(costs.copy(), np.arange(orders), np.full(orders, 1000), district, np.arange(columns) >= orders, room)
    if data.draw(st.booleans()):
        board.idle[board.has[0]] = True
        board.has[0] = NOBODY
    best = _slow_best(board)
    found = board.best(1)
    if best <= 0:
        assert found is None
        return
    assert found is not None
    before = _total(board, board.has)
    idle_before = {d: int(np.count_nonzero(board.idle & (district == d))) for d in (0, 1)}
    rooms = room.copy()
    board.apply(found)
    assert before - _total(board, board.has) == found.gain
    assert found.gain > 0
    assert (board.room >= 0).all()
    assert len({int(one) for one in board.has if one != NOBODY}) == np.count_nonzero(board.has != NOBODY)
    change = {d: int(np.count_nonzero(board.idle & (district == d))) - idle_before[d] for d in (0, 1)}
    assert [int(one) for one in board.room - rooms] == [change[0], change[1]]


def _total(board: Board, has: np.ndarray) -> int:
    return sum(int(board.unserved[r] if c == NOBODY else board.costs[r, c]) for r, c in enumerate(has.tolist()))


def _slow_best(board: Board) -> int:
    """The largest saving of a chain or ring of at most three rows."""
    rows = range(len(board.has))
    best = 0
    for length in (1, 2, 3):
        for order in permutations(rows, length):
            takes = [(row, int(board.has[after])) for row, after in pairwise(order)]
            if any(column == NOBODY for _, column in takes):
                continue
            ends = [int(one) for one in np.flatnonzero(board.idle)]
            first = int(board.has[order[0]])
            for end in [*ends, *([first] if length > 1 and first != NOBODY else [])]:
                home = board.district[end]
                if end != first and board.room[home] <= 0 and (first == NOBODY or board.district[first] != home):
                    continue
                after = board.has.copy()
                for row, column in [*takes, (order[-1], end)]:
                    after[row] = column
                best = max(best, _total(board, board.has) - _total(board, after))
    return best
