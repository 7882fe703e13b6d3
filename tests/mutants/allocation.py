"""Seeded mutants of the allocation engine: one wrong thought each."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """In this module of the engine, `text` (which stands there once) becomes `wrong`."""

    name: str
    module: str
    text: str
    wrong: str


MUTANTS: tuple[Mutant, ...] = (
    Mutant("floor ignored", "choose", "        if room <= 0:", "        if room < -99:"),
    Mutant("floor one too low", "choose", "- pool.floor[district]\n", "- pool.floor[district] + 1\n"),
    Mutant("headroom not used up", "choose", "self.district[self.pool.district_list[row]] -= quantity", "pass"),
    Mutant("group reserve ignored", "choose", "self.group[group] <= 0", "self.group[group] < -99"),
    Mutant("first wave ignored", "choose", "limit_ms is not None and eta > limit_ms", "limit_ms is None"),
    Mutant("first wave excludes its edge", "choose", "eta > limit_ms", "eta >= limit_ms"),
    Mutant("takes more than needed", "choose", "max(min(quantity, need), 0)", "max(quantity, 0)"),
    Mutant("balance upside down", "choose", "delta_ms - delta_ms * min", "delta_ms * min"),
    Mutant("balance forgotten", "choose", "    if not delta_ms:", "    if delta_ms or not delta_ms:"),
    Mutant("declined comes back", "choose", "eligible = _without(open_rows, excluded)", "eligible = open_rows"),
    Mutant("capability any of", "pool", "caps >= wanted and", "(not wanted or caps & wanted) and"),
    Mutant("type the wrong way round", "pool", "level <= minimum_type", "level >= minimum_type"),
    Mutant(
        "opens one too late",
        "pool",
        "was_above = self.free[district] > self",
        "was_above = self.free[district] >= self",
    ),
    Mutant(
        "district stays open",
        "pool",
        "            self.open[rows] = False",
        "            self.open[rows] = self.open[rows]",
    ),
    Mutant("preference the wrong way round", "search", "[-liked[pool", "[liked[pool"),
    Mutant("order by travel time only", "search", "ranked = list(zip(whole,", "ranked = list(zip(etas,"),
    Mutant(
        "last suitable one missed",
        "search",
        "return self._ranked(rows, inf), True",
        "return self._ranked(rows[:-1], inf), True",
    ),
    Mutant(
        "nobody ages",
        "queue",
        "key = (aged[0], self.round_of(line), aged[1], line.id)",
        "key = (aged[0], self.round_of(line), 0, line.id)",
    ),
    Mutant(
        "no rounds",
        "queue",
        "return self._rounds.get(line.incident, 0) if line.incident is not None else 0",
        "return 0",
    ),
    Mutant("whole line in one turn", "lines", "1 if turn.others(order) else None", "None"),
    Mutant(
        "authorisation not asked for", "lines", "if crosses and authorisation is None:", "if crosses and line.need < 0:"
    ),
    Mutant(
        "authorisation of any kind",
        "entities",
        "return (not self.kinds or kind in self.kinds) and (self.until is None or now <= self.until)\n\n\nclass Waiver",
        "return self.until is None or now <= self.until\n\n\nclass Waiver",
    ),
    Mutant(
        "authorisation for ever",
        "entities",
        "and (self.until is None or now <= self.until)\n\n\nclass Waiver",
        "\n\n\nclass Waiver",
    ),
    Mutant("need not reopened", "evolve", "need=line.need + event.reopened", "need=line.need"),
    Mutant("freed quantity kept", "evolve", "held=resource.held - event.freed", "held=resource.held"),
    Mutant("promise not held", "evolve", "held=resource.held + event.quantity", "held=resource.held"),
    Mutant(
        "exclusion forgotten",
        "evolve",
        "(*line.excluded, event.resource) if event.excluded",
        "line.excluded if event.excluded",
    ),
    Mutant("losses not counted", "evolve", 'line.losses + (event.stage == "preempted")', "line.losses"),
    Mutant("no urgency gap", "divert", "line.urgency + desk.law.preemption.urgency_gap)\n    fit", "0)\n    fit"),
    Mutant(
        "arrived units diverted",
        "index",
        "new is not None and new.stage in BEFORE_ARRIVAL",
        "new is not None and new.open",
    ),
    Mutant("stale positions trusted", "pool", "self._fixes[0][0] < oldest_ms", "self._fixes[0][0] < 0"),
    Mutant("the most urgent lose first", "catalogue", "return -commitment.urgency,", "return commitment.urgency,"),
    Mutant(
        "reports take commitments back",
        "lifecycle",
        "PROGRESS[step.stage] <= PROGRESS.get(commitment.stage, 0)",
        "step.stage == commitment.stage",
    ),
    Mutant(
        "freed units serve nobody",
        "lifecycle",
        '            yield from serve(at, (resource.kind,), "freed")',
        "            yield from ()",
    ),
    Mutant("a hand reaches into another trade", "orders", "trade in event.trades", "event.trades"),
    Mutant("hand takes the last of a group", "orders", "if idle <= at.law.reserve.group_keeps:", "if idle < 0:"),
    Mutant(
        "exchange ignores the floors",
        "exchange",
        "free = np.where(self.room > 0, nearest, FORBIDDEN)",
        "free = nearest",
    ),
    Mutant(
        "exchange gives a unit to two",
        "exchange",
        "            self.idle[column] = False\n",
        "            self.idle[column] = True\n",
    ),
    Mutant(
        "ring of three forgotten",
        "exchange",
        "long = self._chain(length + ends, columns, middle), self._ring(length, middle, swaps)",
        "long = (self._chain(length + ends, columns, middle),)",
    ),
    Mutant("calls back what has left", "replan", "order is not None and order.stage in NOT_LEFT", "order is not None"),
    Mutant(
        "looks at what has left", "replan", "one.stage in NOT_LEFT and one.tier", "one.stage != 'on_scene' and one.tier"
    ),
    Mutant("re-plan takes what is gone", "replan", 'row is None or pool.why[row] != CODE["idle"]', "row is None"),
    Mutant(
        "re-plan forgets the need",
        "replan",
        'yield ended(at, order, CommitmentEnded, "recalled", at.now, reason, reopen=True)',
        'yield ended(at, order, CommitmentEnded, "recalled", at.now, reason, reopen=False)',
    ),
    Mutant("backup hospital opens first", "index", 'FIRST_TIER - 1 if role == "backup" else FIRST_TIER', "FIRST_TIER"),
    Mutant("tier skipped", "beds", "resource.entry.role) + 1 or", "resource.entry.role) + 2 or"),
    Mutant("requisition takes everything", "shortage", "        if need <= 0:\n", "        if need <= -999:\n"),
    Mutant("road times for ever", "evolve", "yield Drop(RoutedTimes, line.id)", "yield from ()"),
    Mutant(
        "others overtake the road's shortlist",
        "search",
        "times = np.maximum(times, max(time for _, time in known))",
        "times = times.copy()",
    ),
    Mutant("every season is summer", "upkeep", "month in norm.season_months", "month > 12"),
    Mutant(
        "contact with whoever arrived only", "changes", 'if step.stage == "en_route" else None', "if False else None"
    ),
)
