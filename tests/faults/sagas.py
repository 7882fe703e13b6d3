"""Judges sagas from the recorders of both cities, and from nothing else."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import asyncpg

NEVER = datetime.max.replace(tzinfo=UTC)
QUERY = """select e.type, e.data, i.now from recorder_event e
join lateral (select now from recorder_input i where i.area = e.area and i.seq <= e.seq order by i.seq desc limit 1) i
on true where e.area = $1 and (e.type like 'aid.%' or e.type like 'resource.%' or e.type like 'commitment.%')
order by e.seq"""
OPEN = frozenset({"committed", "accepted", "en_route", "on_scene"})


@dataclass
class Span:
    """From when until when something was somebody's, by the brokers' clock."""

    begin: datetime
    end: datetime = NEVER


@dataclass
class Sagas:
    """What both recorders tell."""

    begun: int = 0
    lent: int = 0
    held_twice: int = 0
    late: int = 0
    unfinished: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Side:
    """One city's part: what it held and lent as a home, what it used as a borrower."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], list[Span]] = {}
        """(saga or request, unit) -> when it was committed to it at home."""
        self.used: dict[tuple[str, str], Span] = {}
        """(saga, unit) -> when we used it as a borrower."""
        self.asked: dict[str, str | None] = {}
        """Our sagas and how they ended."""
        self.loans: dict[str, str] = {}
        self.expires: dict[str, datetime] = {}
        self.late: list[str] = []
        self.borrowed: set[str] = set()

    def take(self, type: str, data: dict[str, Any], now: datetime) -> None:
        """One recorded event, in order."""
        match type:
            case "aid.requested.v1":
                self.asked.setdefault(data["aid"], None)
            case "aid.ended.v1":
                self.asked[data["aid"]] = data["outcome"]
            case "aid.answered.v1":
                self._answered(data, now)
            case "resource.borrowed.v1":
                self.borrowed.add(data["entry"]["resource"])
                self.used[data["aid"], data["entry"]["resource"]] = Span(now)
            case "resource.given_back.v1":
                self.borrowed.discard(data["resource"])
                self.used[data["aid"], data["resource"]].end = now
            case "resource.committed.v1" if data["resource"] not in self.borrowed:
                self.held.setdefault((data["request"], data["resource"]), []).append(Span(now))
            case _ if type.startswith("commitment.") and data.get("stage") not in {None, *OPEN}:
                for span in self.held.get((data["request"], data["resource"]), [])[-1:]:
                    span.end = min(span.end, now)

    def _answered(self, data: dict[str, Any], now: datetime) -> None:
        aid, before = data["aid"], self.loans.get(data["aid"])
        self.loans[aid] = data["status"]
        if data["status"] == "held":
            self.expires[aid] = datetime.fromisoformat(data["expires_at"])
        elif data["status"] == "lent" and before == "held" and now > self.expires[aid]:
            self.late.append(aid)


async def judge(databases: dict[str, asyncpg.Connection]) -> Sagas:
    """Read both recorders and compare."""
    cities: dict[str, Side] = {}
    for area, database in databases.items():
        city = cities[area] = Side()
        for row in await database.fetch(QUERY, area):
            city.take(row["type"], json.loads(bytes(row["data"])), row["now"])
    return compare(cities)


def compare(cities: dict[str, Side]) -> Sagas:
    """What either of the two did against what the other one did."""
    sagas = Sagas()
    for area, city in cities.items():
        (home,) = (other for other_area, other in cities.items() if other_area != area)
        _count(sagas, city)
        _one_place(sagas, city)
        _within(sagas, city, home)
    return sagas


def _count(sagas: Sagas, city: Side) -> None:
    sagas.begun += len(city.asked)
    sagas.lent += len({aid for aid, _ in city.used})
    sagas.outcomes.update(outcome or "open" for outcome in city.asked.values())
    for aid, outcome in city.asked.items():
        if outcome is None:
            sagas.unfinished += 1
            sagas.wrong.append(f"{aid} never ended for its borrower")
    for aid, status in city.loans.items():
        if status in ("held", "lent"):
            sagas.unfinished += 1
            sagas.wrong.append(f"{aid} never ended at home: {status}")
    sagas.late += len(city.late)
    sagas.wrong += [f"{aid}: a confirmation was accepted after its hold" for aid in city.late]


def _one_place(sagas: Sagas, city: Side) -> None:
    """At home a unit is committed to one thing at a time."""
    spans: dict[str, list[tuple[Span, str]]] = {}
    for (whose, unit), own in city.held.items():
        spans.setdefault(unit, []).extend((span, whose) for span in own)
    for unit, found in spans.items():
        found.sort(key=lambda one: one[0].begin)
        for (span, whose), (after, other) in pairwise(found):
            if after.begin < span.end:
                sagas.held_twice += 1
                sagas.wrong.append(f"{unit} is held for {other} from {after.begin}, for {whose} until {span.end}")


def _within(sagas: Sagas, city: Side, home: Side) -> None:
    """A borrower uses a unit only while its home keeps it for that very saga."""
    for (aid, unit), used in city.used.items():
        kept = home.held.get((aid, unit), [])
        if not any(span.begin <= used.begin and used.end <= span.end for span in kept):
            sagas.held_twice += 1
            sagas.wrong.append(f"{unit} is used under {aid} {used.begin}..{used.end}, its home kept it {kept}")
