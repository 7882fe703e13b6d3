"""How resources are shared out: order, choice, reserves, standing orders, travel, kinds (AL-*; allocation.md).

Times stand in the document in the unit its key names; `AllocationLaw` holds them as integer milliseconds, because
every score and every key of an order is an integer: floats break ties by accident.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from schemas.base import Department, Severity
from schemas.inputs.requests import Urgency
from streams.policy.dated import Bilingual, Entry, Strict, in_force, jurisdictions, local_day
from streams.policy.reader import Documents, error_at, read

FILE = "allocation.yaml"
ANY_KIND = "*"
SECOND_MS = 1000
MOST_LAWS = 10_000
ClassNumber = Annotated[int, Field(ge=1, le=4)]
"""An urgency class as a key: keys of a document are read as integers, which a Literal does not allow."""
MINUTE_MS = 60_000


class Order(Entry):
    """Who is served first: the aged urgency key (急需先行)."""

    strict_classes: int = Field(default=1, ge=0, le=4)
    aging_minutes: dict[ClassNumber, int] = {}


class Choice(Entry):
    """Who serves: nearest, then balanced (就近就便、统筹平衡)."""

    balance_seconds: dict[ClassNumber, int] = {}
    first_wave_minutes: int = Field(default=60, ge=0)
    second_wave_after_minutes: int | None = Field(default=None, ge=0)
    candidates: int = Field(default=20, ge=1, le=100)
    passed_over: int = Field(default=5, ge=0, le=20)


class Reserve(Entry):
    """What stays with a reserve group such as the city team."""

    group_keeps: int = Field(default=1, ge=0)
    group_waiver_severity: Severity = 2


class Consent(Entry):
    """AL-1: which department a category counts as when the question is whether a line crosses departments."""

    counts_as: dict[str, Department] = {}


class StandingOrders(Entry):
    """What the engine does without asking; classes and tiers that are not listed ask (domain.md 5.2)."""

    own_reserve_classes: tuple[Urgency, ...] = ()
    requisition_classes: tuple[Urgency, ...] = ()
    preemption_classes: tuple[Urgency, ...] = ()
    bed_tiers: tuple[int, ...] = (1,)


class Preemption(Entry):
    """Diversion of units that have not arrived."""

    for_classes: tuple[Urgency, ...] = ()
    urgency_gap: int = Field(default=1, ge=1, le=3)
    saving_seconds: int = Field(default=240, ge=0)
    losses_per_line: int = Field(default=1, ge=0)
    turn_seconds: int = Field(default=30, ge=0)


class Replan(Entry):
    """Exchanges between orders that have not left yet, proposed to the dispatcher (AL-REPLAN)."""

    after_seconds: int | None = Field(default=None, ge=1)
    """How long after an order it is looked at; null: never."""
    saving_seconds: int = Field(default=60, ge=1)
    """Least saving of one exchange, weighted by class."""
    exchanges: int = Field(default=10, ge=1, le=100)
    """At most so many in one proposal."""
    orders: int = Field(default=400, ge=1, le=1000)
    """At most so many orders are looked at, the most urgent first."""
    weights: dict[ClassNumber, int] = {}
    """What a second of a class weighs; 1 where nothing stands."""
    unfilled_minutes: int = Field(default=240, ge=1)
    """What an open need weighs: an exchange that fills a hole goes before all that only save time."""


class Travel(Entry):
    """Kolesar-Walker-Hausner parameters, and what counts where a table or a fresh position is missing."""

    cruise_kmh: float = Field(default=62.0, gt=0)
    acceleration_kmh2: float = Field(default=1150.0, gt=0)
    inside_district_minutes: int = Field(default=10, ge=0)
    position_age_minutes: int = Field(default=15, ge=0)
    shortlist: int = Field(default=20, ge=2, le=100)
    """So many of the nearest by formula are asked about where a routing engine is configured."""
    routed_factor: float = Field(default=1.0, gt=0)
    """Times a routing engine's driving time, for vehicles with siren and the engine's profile."""


class StockNorm(Entry):
    """ST-1: how many days' use medical stock must last; in the season, days of full load."""

    days: int = Field(default=10, ge=0)
    season_days: int = Field(default=30, ge=0)
    season_months: tuple[int, ...] = ()
    catalogue: tuple[str, ...] = ()
    """Kinds that a medical institution with stock must have (ST-2)."""
    coverage: float = Field(default=0.75, ge=0, le=1)


class TeamReadiness(Entry):
    """TM-1, TM-11: what a health team must have to count as ready."""

    least_headcount: int = Field(default=1, ge=0)
    """Of a sub-unit."""
    team_headcount: dict[str, int] = {}
    """Of a whole team with all its sub-units, by its level."""
    training_days: int = Field(default=365, ge=1)


class MutualAid(Entry):
    """MA-1: the terms of the saga between two cities; what may be lent to whom stands in the agreements."""

    hold_seconds: int = Field(default=1800, ge=1)
    """How long the home city keeps a resource for a borrower that does not confirm, by the home's clock."""
    retry_seconds: int = Field(default=60, ge=1)
    """A message that nobody answers is said again after so long."""
    patience_seconds: int = Field(default=1200, ge=1)
    """A borrower that nobody answers gives up after so long."""
    review_seconds: int = Field(default=3600, ge=1)
    """How often either city asks the other how a loan stands."""
    standing_classes: tuple[Urgency, ...] = ()
    """Urgency classes whose shortages are asked for without a person's decision."""


class Kind(Entry):
    """One kind of resource."""

    kind: str
    name: Bilingual
    urgency: Urgency
    speed: float = Field(default=1.0, gt=0)
    """Times the cruise speed of the travel formula."""
    mobilisation_seconds: int = Field(default=0, ge=0)
    """From order to departure; only with the formula: tables of minutes have it in them."""
    accept_minutes: int | None = Field(default=None, ge=1)
    """Silence of the owner so long after the order reassigns; null: only where the catalogue entry says so."""
    hold_minutes: int | None = Field(default=None, ge=1)
    """A bed stays reserved so long for somebody who does not come; null: only where the entry says so."""
    rest_minutes: int | None = Field(default=None, ge=0)
    """A released unit is ready again after so long; null: when its owner reports it."""
    heartbeat_minutes: int | None = Field(default=None, ge=1)
    """A deployed force that is silent so long is reported as out of contact (DU-8)."""


class AllocationLaw:
    """What holds on one day in one city, in milliseconds."""

    def __init__(self, entries: Mapping[str, tuple[Any, ...]]) -> None:
        order = _one(entries["order"], Order)
        choice = _one(entries["choice"], Choice)
        self.consent: Consent = _one(entries["authorisation"], Consent)
        self.reserve: Reserve = _one(entries["reserve"], Reserve)
        self.standing: StandingOrders = _one(entries["standing_orders"], StandingOrders)
        self.preemption: Preemption = _one(entries["preemption"], Preemption)
        self.norm: StockNorm = _one(entries["stock_norms"], StockNorm)
        self.readiness: TeamReadiness = _one(entries["readiness"], TeamReadiness)
        self.aid: MutualAid = _one(entries["mutual_aid"], MutualAid)
        self.travel: Travel = _one(entries["travel"], Travel)
        self.replan: Replan = _one(entries["replan"], Replan)
        self.strict_classes: int = order.strict_classes
        self.aging_ms: dict[int, int] = {u: minutes * MINUTE_MS for u, minutes in order.aging_minutes.items()}
        self.balance_ms: dict[int, int] = {u: seconds * SECOND_MS for u, seconds in choice.balance_seconds.items()}
        self.first_wave_ms: int = choice.first_wave_minutes * MINUTE_MS
        self.second_wave_after_minutes: int | None = choice.second_wave_after_minutes
        self.candidates: int = choice.candidates
        self.passed_over: int = choice.passed_over
        self.position_age_ms = self.travel.position_age_minutes * MINUTE_MS
        self.inside_district_ms = self.travel.inside_district_minutes * MINUTE_MS
        self.rules: tuple[str, ...] = (order.id, choice.id)
        self._kinds: dict[str, Kind] = {kind.kind: kind for kind in entries["kinds"]}
        self._any: Kind = self._kinds.get(ANY_KIND) or _one((), Kind).model_copy(
            update={"kind": ANY_KIND, "urgency": 3}
        )

    def kind(self, name: str) -> Kind:
        """The entry of a kind; the entry of `*` where it has none."""
        return self._kinds.get(name, self._any)

    def key_ms(self, urgency: int, asked_ms: int) -> tuple[int, int]:
        """(bucket, aged instant): smaller is served first. Linear aging: the order of two lines never changes."""
        if urgency <= self.strict_classes:
            return urgency, asked_ms
        return self.strict_classes + 1, asked_ms + self.aging_ms.get(urgency, 0)


class Allocation(Strict):
    """The section `allocation`."""

    order: tuple[Order, ...] = ()
    choice: tuple[Choice, ...] = ()
    reserve: tuple[Reserve, ...] = ()
    authorisation: tuple[Consent, ...] = ()
    standing_orders: tuple[StandingOrders, ...] = ()
    preemption: tuple[Preemption, ...] = ()
    replan: tuple[Replan, ...] = ()
    travel: tuple[Travel, ...] = ()
    stock_norms: tuple[StockNorm, ...] = ()
    readiness: tuple[TeamReadiness, ...] = ()
    mutual_aid: tuple[MutualAid, ...] = ()
    kinds: tuple[Kind, ...] = ()
    _laws: dict[Any, AllocationLaw] = PrivateAttr(default_factory=dict)

    def at(self, area: str, province: str | None, timezone: str, now: datetime) -> AllocationLaw:
        """What holds at an instant in a city; the same object as long as the same entries hold.

        Cached by quarter of an hour: midnight falls on one in every time zone.
        """
        key = (area, province, timezone, int(now.timestamp()) // 900)
        law = self._laws.get(key)
        if law is None:
            day, within = local_day(now, timezone), jurisdictions(area, province)
            entries = {name: in_force(getattr(self, name), day, within) for name in _SECTIONS}
            ids = tuple(id(entry) for name in _SECTIONS for entry in entries[name])
            law = self._laws.get(ids) or AllocationLaw(entries)
            if len(self._laws) > MOST_LAWS:
                self._laws.clear()
            self._laws[key] = self._laws[ids] = law
        return law


_SECTIONS = tuple(Allocation.model_fields)


def _one(entries: tuple[Any, ...], model: type[Any]) -> Any:
    """The entry in force; the model's own defaults where the city has none."""
    return entries[0] if entries else model.model_construct(id=f"{model.__name__}-default")


def load(documents: Documents) -> Allocation:
    """The allocation policy.

    Raises:
        PolicyError: the document is wrong, or defines a kind twice for one jurisdiction and day.
    """
    section = read(documents, FILE, Allocation)
    seen: dict[tuple[str, str], Kind] = {}
    for index, kind in enumerate(section.kinds):
        other = seen.setdefault((kind.kind, kind.jurisdiction), kind)
        if other is not kind and other.id != kind.id:
            raise error_at(documents, FILE, ("kinds", index, "kind"), f"{kind.kind} is also {other.id}")
    return section
