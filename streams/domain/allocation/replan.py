"""Bounded re-plan of what has not left yet (AL-REPLAN): exchanges are proposed to the dispatcher, never made alone.

Orders are decided one by one, each as well as then possible. Before the units leave, another look at all of them
together may find that two should change places, or that an idle unit lets two orders gain. What a person confirms is
checked again, exchange by exchange: a unit may have left meanwhile.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from schemas.base import OutputEvent
from schemas.outputs.allocation_events import CommitmentEnded, OrdersReplanned
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.changes import ended
from streams.domain.allocation.choose import Pick, Plan, penalties
from streams.domain.allocation.decision import commitment, crossed, told
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import Commitment, Line, Resource
from streams.domain.allocation.exchange import FORBIDDEN, NOBODY, Board, Exchange
from streams.domain.allocation.lines import Events, serve
from streams.domain.allocation.pool import CODE, IDLE, Ints, Pool, idle_rows
from streams.domain.allocation.search import Search
from streams.domain.allocation.travel import UNKNOWN, travel_time
from streams.domain.context import Context, TimerFired
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, proposed
from streams.domain.state import AreaState

REPLAN = "replan"
"""Kind of the proposals; `about` is the kind of resource."""
NOT_LEFT = ("committed", "accepted")
NEAREST = 20
"""Idle units that each order brings to the board."""


class Row(NamedTuple):
    """An order that has not left, or an open need (`commitment` None)."""

    line: Line
    commitment: Commitment | None


def decide_replan(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Propose the exchanges that are worth it, unless a proposal for this kind already waits."""
    waiting = (one for one in state.of(Proposal).values() if one.kind == REPLAN and one.waiting())
    if any(one.about == fired.ref for one in waiting):
        return
    at = desk(state, context)
    found = exchanges(at, fired.ref)
    if not found:
        return
    draft = Draft(kind=REPLAN, rule=at.law.replan.id, about=fired.ref, payload={"exchanges": found})
    asked = proposed(state, context, draft, ProposalOpened)
    if asked is not None:
        yield asked


def exchanges(at: Desk, kind: str) -> list[dict[str, Any]]:
    """The best exchanges among what has not left, each worth `saving_seconds`, as a dispatcher reads them."""
    rows, law, pool = _rows(at, kind), at.law.replan, at.index.pool(kind)
    if pool.lots or not any(row.commitment for row in rows):
        return []
    pool.expire_fixes(at.now_ms - at.law.position_age_ms)
    units, times = _times(at, pool, rows)
    board = _board(at, pool, rows, units, times)
    found: list[dict[str, Any]] = []
    while len(found) < law.exchanges:
        before = board.has.copy()
        exchange = board.best(law.saving_seconds * 1000)
        if exchange is None:
            break
        board.apply(exchange)
        found.append(_described(pool, rows, units, times, before, exchange))
    return found


def _rows(at: Desk, kind: str) -> list[Row]:
    """Orders above the floors that have not left, and what waits: the most urgent first, so many as the law lets."""
    pool = at.index.pool(kind)
    rows: list[Row] = []
    for number in pool.moving.least(1).tolist():
        for id in at.index.holdings(pool.ids[number]):
            one = at.state.of(Commitment)[id]
            if one.stage in NOT_LEFT and one.tier == "above_floor":
                rows.append(Row(at.state.of(Line)[one.line], one))
    lines = at.state.of(Line)
    for *_, id in at.index.queue(kind).order:
        if lines[id].stage != "pending_authorization":
            rows.append(Row(lines[id], None))
    rows.sort(key=lambda row: (row.line.urgency, row.line.asked_ms, row.line.id, row.commitment is None, _id(row)))
    return rows[: at.law.replan.orders]


def _id(row: Row) -> str:
    return row.commitment.id if row.commitment is not None else ""


def _times(at: Desk, pool: Pool, rows: list[Row]) -> tuple[list[int], Ints]:
    """Rows of the pool that are on the board, and travel times in ms: FORBIDDEN where a line may not have the unit."""
    searches: dict[str, Search] = {}
    taken = [pool.row_of[row.commitment.resource] for row in rows if row.commitment is not None]
    units: dict[int, None] = dict.fromkeys(taken)
    idle = idle_rows(pool)
    for number in pool.group_of:
        idle[number] = False
    for line in dict.fromkeys(row.line.id for row in rows):
        own = at.state.of(Line)[line]
        fit = pool.fit(own.requires, (), own.minimum_type)
        search = Search(pool, fit, at.index.spot(at.request_of(own).place), travel_time(at.law, pool.kind))
        searches[line] = search
        ranked, _ = search.best(idle if fit.rows is None else idle & fit.rows, NEAREST)
        units.update((number, None) for _, _, _, number, _ in ranked[:NEAREST])
    numbers = sorted(units, key=lambda number: pool.ids[number])
    allowed = {line: _allowed(at, at.state.of(Line)[line], searches[line], numbers) for line in searches}
    return numbers, np.array([allowed[row.line.id] for row in rows], dtype=np.int64)


def _allowed(at: Desk, line: Line, search: Search, numbers: list[int]) -> Ints:
    pool = search.pool
    times = search.times(np.array(numbers))
    limit = at.limit_ms(line)
    forbidden = times == UNKNOWN
    if limit is not None:
        forbidden |= times > limit
    if search.fit.rows is not None:
        forbidden |= ~search.fit.rows[numbers]
    everybody = at.authorisation(line) is not None
    for column, number in enumerate(numbers):
        entry = pool.entry(number)
        other = not everybody and at.department(entry) != line.department
        forbidden[column] |= other or entry.resource in line.excluded
    return np.where(forbidden, FORBIDDEN, np.where(forbidden, 0.0, times).astype(np.int64))


def _board(at: Desk, pool: Pool, rows: list[Row], units: list[int], times: Ints) -> Board:
    law, column = at.law.replan, {number: place for place, number in enumerate(units)}
    weights = np.array([law.weights.get(row.line.urgency, 1) for row in rows], dtype=np.int64)
    scores = times + _balance(at, pool, rows)[:, pool.district[units]]
    costs = np.where(times == FORBIDDEN, FORBIDDEN, scores * weights[:, None])
    has = [NOBODY if one is None else column[pool.row_of[one.resource]] for _, one in rows]
    for row, place in enumerate(has):
        if place != NOBODY and costs[row, place] == FORBIDDEN:
            # What was once decided may stay, however far it is by now.
            costs[row, place] = law.unfilled_minutes * 60_000 * weights[row]
    return Board(
        costs=costs,
        has=np.array(has, dtype=np.int64),
        unserved=law.unfilled_minutes * 60_000 * weights,
        district=pool.district[units],
        idle=pool.why[units] == IDLE,
        room=np.array([pool.headroom(district) for district in range(len(pool.free))], dtype=np.int64),
    )


def _balance(at: Desk, pool: Pool, rows: list[Row]) -> Ints:
    """What the use of each district's resources costs each row, in ms: as when a line is decided."""
    pool.widen(len(at.index.codes))
    terms = {urgency: penalties(pool, at.law.balance_ms.get(urgency, 0)) for urgency in (1, 2, 3, 4)}
    none = [0] * len(pool.free)
    return np.array([terms[row.line.urgency] or none for row in rows], dtype=np.int64)


def _described(
    pool: Pool, rows: list[Row], units: list[int], times: Ints, before: Ints, exchange: Exchange
) -> dict[str, Any]:
    moves = []
    for move in exchange.moves:
        line, order = rows[move.row]
        had = int(before[move.row])
        moves.append(
            {
                "line": line.id,
                "commitment": order.id if order is not None else None,
                "from": pool.ids[units[had]] if had != NOBODY else None,
                "to": pool.ids[units[move.column]],
                "before_ms": int(times[move.row, had]) if had != NOBODY else None,
                "after_ms": int(times[move.row, move.column]),
            }
        )
    return {"weighted_saving_s": exchange.gain // 1000, "moves": moves}


# --- what a person confirmed


def react_replanned(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """Carry out the exchanges that still hold, one after the other; then serve whoever waits for the kind."""
    found = state.get(Proposal, event.proposal)
    if event.kind != REPLAN or event.status != "confirmed" or found is None or found.about is None:
        return
    at = desk(state, context)
    done = filled = saved = 0
    for exchange in found.payload["exchanges"]:
        moves = exchange["moves"]
        if not _holds(at, found.about, moves):
            continue
        yield from _carry_out(at, moves, event.proposal)
        done += 1
        filled += sum(1 for move in moves if move["from"] is None)
        saved += sum(move["before_ms"] - move["after_ms"] for move in moves if move["from"] is not None)
    yield OrdersReplanned(
        proposal=event.proposal,
        kind=found.about,
        carried_out=done,
        dropped=len(found.payload["exchanges"]) - done,
        saved_ms=saved,
        filled=filled,
    )
    yield from serve(at, (found.about,), "freed")


def _holds(at: Desk, kind: str, moves: list[dict[str, Any]]) -> bool:
    """Whether every unit is still where the exchange finds it, and AL-1 and the floors permit it now."""
    pool = at.index.pool(kind)
    released = {move["from"] for move in moves if move["from"] is not None}
    if not all(_stands(at, move) and _permitted(at, move) for move in moves):
        return False
    taken = [move["to"] for move in moves if move["to"] not in released]
    back = released - {move["to"] for move in moves}
    room: dict[int, int] = {}
    for resource in back:
        district = pool.district_list[pool.row_of[resource]]
        room[district] = room.get(district, 0) + 1
    for resource in taken:
        row = pool.row_of.get(resource)
        if row is None or pool.why[row] != CODE["idle"]:
            return False
        district = pool.district_list[row]
        room[district] = room.get(district, 0) - 1
    return all(change >= 0 or pool.headroom(district) + change >= 0 for district, change in room.items())


def _stands(at: Desk, move: dict[str, Any]) -> bool:
    line = at.state.get(Line, move["line"])
    if line is None:
        return False
    if move["commitment"] is None:
        return line.need > 0
    order = _order(at, line, move["from"])
    return order is not None and order.stage in NOT_LEFT


def _order(at: Desk, line: Line, resource: str) -> Commitment | None:
    """The line's open order to a unit: an exchange before this one may have given it another number."""
    orders = (at.state.of(Commitment)[id] for id in at.index.holdings(resource))
    return next((order for order in orders if order.line == line.id), None)


def _permitted(at: Desk, move: dict[str, Any]) -> bool:
    line, resource = at.state.of(Line)[move["line"]], at.state.get(Resource, move["to"])
    if resource is None:
        return False
    pick = Pick(resource.entry, 1, 0, 0, "above_floor")
    return not crossed(at, line, (pick,)) or at.authorisation(line) is not None


def _carry_out(at: Desk, moves: list[dict[str, Any]], proposal: str) -> Events:
    for move in moves:
        if move["from"] is not None:
            order = _order(at, at.state.of(Line)[move["line"]], move["from"])
            if order is not None:
                reason = f"replanned: {proposal}"
                yield ended(at, order, CommitmentEnded, "recalled", at.now, reason, reopen=True)
    for move in moves:
        line = at.state.of(Line)[move["line"]]
        pool = at.index.pool(line.kind)
        eta = at.index.eta_ms(pool, pool.row_of[move["to"]], at.index.spot(at.request_of(line).place))
        pick = Pick(at.state.of(Resource)[move["to"]].entry, 1, eta or 0, eta or 0, "above_floor")
        crosses = crossed(at, line, (pick,))
        consent = at.authorisation(line) if crosses else None
        yield told(
            at,
            line,
            "replanned",
            "committed" if line.need == 1 else "partly_committed",
            _plan(pool, line, move, pick),
            crosses,
            consent,
        )
        yield commitment(at, at.state.of(Line)[line.id], pick, consent)


def _plan(pool: Pool, line: Line, move: dict[str, Any], pick: Pick) -> Plan:
    """The decision as it is explained: the unit that comes, beside the one that it stands for."""
    fit = pool.fit(line.requires, (), line.minimum_type)
    candidates = [{"resource": pick.entry.resource, "eta_ms": pick.eta_ms, "score_ms": pick.score_ms, "take": 1}]
    if move["from"] is not None:
        late = move["before_ms"]
        candidates.append({"resource": move["from"], "eta_ms": late, "score_ms": late, "take": 0})
    return Plan(
        picks=(pick,),
        short=line.need - 1,
        suitable=pool.n if fit.rows is None else int(fit.rows.sum()),
        candidates=tuple(candidates),  # type: ignore[arg-type]  # a list of literals loses their type
        passed_over=(),
        rejections={},
        hopeless=False,
    )
