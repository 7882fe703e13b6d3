"""Preemption: which unit on its way to something less urgent would serve better (AL-PREEMPT; allocation.md stage 3).

A unit that has not arrived may be diverted across an urgency gap, to fill a hole, or to be there so much sooner than
the slowest pick; a line loses a unit so often and no more. Where a unit is on its way to is estimated from its order
unless a newer fix tells.
"""

from typing import NamedTuple

import numpy as np

from schemas.base import OutputEvent
from schemas.outputs.proposal_events import ProposalOpened
from streams.domain.allocation.choose import Pick
from streams.domain.allocation.desk import Desk
from streams.domain.allocation.entities import BEFORE_ARRIVAL, Commitment, Line
from streams.domain.allocation.pool import Floats, Ints, Pool
from streams.domain.allocation.travel import UNKNOWN, Spot, travel_time
from streams.domain.directives.proposals import Draft, proposed, waiting_for

PREEMPTION = "preemption"
"""Kind of the proposals."""


class Diversion(NamedTuple):
    """This unit, taken from that commitment, instead of that pick."""

    pick: Pick
    victim: str
    """The commitment that loses it."""
    instead: Pick | None
    """The slower pick that it replaces; None: it fills a hole."""


def diversions(desk: Desk, line: Line, spot: Spot, picks: tuple[Pick, ...], left: int) -> list[Diversion]:
    """Units worth diverting to the line, best first."""
    law = desk.law.preemption
    pool = desk.index.pool(line.kind)
    saving = law.saving_seconds * 1000
    slow = sorted(picks, key=lambda pick: (-pick.eta_ms, pick.entry.resource))
    if pool.lots or not (left or (slow and slow[0].eta_ms > saving)):
        return []
    found: list[Diversion] = []
    lost: dict[str, int] = {}
    limit = desk.limit_ms(line)
    for eta, row in _movers(desk, line, pool, spot):
        instead = None
        if limit is not None and eta > limit:
            break
        if not left and (not slow or slow[0].eta_ms - eta < saving):
            break
        commitment = _may_lose(desk, pool.ids[row], lost)
        if commitment is None:
            continue
        if left:
            left -= 1
        else:
            instead = slow.pop(0)
        lost[commitment.line] = lost.get(commitment.line, 0) + 1
        found.append(Diversion(Pick(pool.entry(row), 1, eta, eta, "preempted"), commitment.id, instead))
    return found


def still_divertible(desk: Desk, line: Line, commitment: Commitment | None) -> bool:
    """Whether a commitment may (still) lose its unit to the line."""
    return (
        commitment is not None
        and commitment.open
        and commitment.stage in BEFORE_ARRIVAL
        and not desk.index.delegated(commitment.resource)
        and commitment.urgency >= line.urgency + desk.law.preemption.urgency_gap
        and desk.state.of(Line)[commitment.line].losses < desk.law.preemption.losses_per_line
    )


def proposal(desk: Desk, line: Line, found: list[Diversion]) -> OutputEvent | None:
    """Ask a dispatcher for the diversions, unless the question already waits (domain.md 5.2)."""
    waiting = waiting_for(desk.state, line.incident) if line.incident is not None else ()
    if line.incident is None or any(one.kind == PREEMPTION and one.about == line.id for one in waiting):
        return None
    swaps = [
        {
            "commitment": diversion.victim,
            "resource": diversion.pick.entry.resource,
            "eta_ms": diversion.pick.eta_ms,
            "instead_of": diversion.instead.entry.resource if diversion.instead is not None else None,
        }
        for diversion in found
    ]
    draft = Draft(
        kind=PREEMPTION,
        rule=desk.law.preemption.id,
        incident=line.incident,
        about=line.id,
        payload={"line": line.id, "swaps": swaps},
    )
    return proposed(desk.state, desk.context, draft, ProposalOpened)


def _may_lose(desk: Desk, resource: str, lost: dict[str, int]) -> Commitment | None:
    """The unit's commitment, if its line has not lost too often and no cut-off node disposes of the unit."""
    if desk.index.delegated(resource):
        return None
    for id in desk.index.holdings(resource):
        commitment = desk.state.of(Commitment)[id]
        losses = desk.state.of(Line)[commitment.line].losses + lost.get(commitment.line, 0)
        if losses < desk.law.preemption.losses_per_line:
            return commitment
    return None


def _movers(desk: Desk, line: Line, pool: Pool, spot: Spot) -> list[tuple[int, int]]:
    """Suitable units on their way to something less urgent: (travel time, row), the soonest first."""
    rows = pool.moving.least(line.urgency + desk.law.preemption.urgency_gap)
    fit = pool.fit(line.requires, line.prefers, line.minimum_type)
    if fit.rows is not None:
        rows = rows[fit.rows[rows]]
    if not len(rows):
        return []
    times = _times(desk, line, pool, spot, rows)
    ids = pool.ids
    found = [(int(time), row) for time, row in zip(times.tolist(), rows.tolist(), strict=True) if time < UNKNOWN]
    excluded = set(line.excluded)
    return sorted(
        ((eta, row) for eta, row in found if ids[row] not in excluded), key=lambda entry: (entry[0], ids[entry[1]])
    )


def _times(desk: Desk, line: Line, pool: Pool, spot: Spot, rows: Ints) -> Floats:
    """Travel times from where the units are believed to be; a table cannot tell once a unit has left."""
    moving = pool.moving
    if not spot.untabled or spot.xyz is None:
        times: Floats = np.where(~moving.departed[rows], spot.table[pool.district[rows]], UNKNOWN)
        return times
    mobilisation = desk.law.kind(line.kind).mobilisation_seconds * 1000
    driving = np.maximum(moving.eta_ms[rows] - mobilisation, 1.0)
    share = np.clip((desk.now_ms - moving.start_ms[rows] - mobilisation) / driving, 0.0, 1.0)
    fixed = pool.fixed_since(rows, moving.start_ms[rows])
    along = np.where(fixed, 0.0, share)
    position = pool.xyz[:, rows] * (1 - along) + moving.target[:, rows] * along
    position -= spot.column
    position *= position
    times = travel_time(desk.law, line.kind).eta_ms(position.sum(axis=0))
    on_the_road = (share > 0) | fixed
    return times - np.where(on_the_road, mobilisation - desk.law.preemption.turn_seconds * 1000, 0)
