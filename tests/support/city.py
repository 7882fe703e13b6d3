"""A commanding city for load: districts, units, office holders with keys, and a catalogue of resources."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from schemas.base import InputEvent, Point
from schemas.inputs import duty
from schemas.inputs import registers as reg
from schemas.inputs.resources import ResourceRegistered
from streams.domain.directives.signing import KeyPair, key_from_seed

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2090, 1, 1, tzinfo=UTC)
DISTRICTS = 4
OFFICES = {
    "mayor": ("GOV", "city_government"),
    "governor": ("P-GOV", "province_government"),
    "commander": ("HQ", "commander_in_chief"),
    "hq": ("HQ", "hq_office"),
    "convener-h": ("HEALTH", "convener_health"),
    "convener-em": ("EM", "convener_em"),
    "health": ("HEALTH", "health_department"),
    "em": ("EM", "em_department"),
    "dispatcher-120": ("C120", "dispatcher_120"),
    "dispatcher-em": ("EM", "dispatcher_em"),
    "cdc": ("CDC", "cdc"),
    "expert": ("CDC", "expert_lead"),
}
"""Office holders of the city: unit and office by person."""
CITY_UNITS = {
    "P-GOV": ("government", "province", None),
    "GOV": ("government", "city", "P-GOV"),
    "EM": ("emergency_management", "city", "GOV"),
    "HEALTH": ("health", "city", "GOV"),
    "HQ": ("hq_office", "city", "GOV"),
    "C120": ("ems_centre", "city", "HEALTH"),
    "CDC": ("cdc", "city", "HEALTH"),
    "PS": ("public_security", "city", "GOV"),
    "EDU": ("education", "city", "GOV"),
}
DISTRICT_UNITS = {
    "GOV": ("government", "district", "GOV"),
    "EM": ("emergency_management", "district", "EM"),
    "HEALTH": ("health", "district", "HEALTH"),
    "HOSPITAL": ("hospital", "unit", "HEALTH"),
    "PLANT": ("enterprise", "unit", "EM"),
}


@dataclass(frozen=True)
class City:
    """Everything that load and checks must know of one city."""

    number: int
    deployment: str = ""

    @property
    def area(self) -> str:
        """Its GB/T 2260 code."""
        return f"{3000 + self.number}00"

    @cached_property
    def districts(self) -> tuple[str, ...]:
        """Codes of its districts."""
        return tuple(f"{self.area[:4]}{n + 1:02d}" for n in range(DISTRICTS))

    def unit(self, name: str, district: int | None = None) -> str:
        """Id of a unit of the city, or of one of its districts."""
        return f"U{self.area}-{name}" if district is None else f"U{self.districts[district]}-{name}"

    def person(self, name: str) -> str:
        """Id of an office holder."""
        return f"P{self.area}-{name}"

    def key(self, name: str) -> KeyPair:
        """The office holder's signing key."""
        person = self.person(name)
        return key_from_seed(f"load:{person}", f"{person}-1")

    def resource(self, kind: str, district: int, number: int = 1) -> str:
        """Id of a resource: unique among all cities."""
        return f"R{self.districts[district]}-{kind}-{number}"

    def registers(self) -> Iterator[InputEvent]:
        """What must be known before anything happens; the area itself comes first."""
        yield reg.AreaRegistered(area=self.area, name=f"City {self.number}", province=f"{self.area[:2]}0000")
        for at, district in enumerate(self.districts):
            minutes = {other: 15 + 10 * abs(at - to) for to, other in enumerate(self.districts)}
            yield reg.DistrictRegistered(
                area=self.area, district=district, name=f"District {at}", urban=at == 0, travel_minutes=minutes
            )
        yield from self._units()
        yield from self._people()
        yield reg.FloorRegistered(area=self.area, kind="ambulance", floor=1)
        yield from self._resources()
        yield from self._duty()

    def _units(self) -> Iterator[InputEvent]:
        for name, (kind, tier, superior) in CITY_UNITS.items():
            above = self.unit(superior) if superior else None
            yield reg.UnitRegistered(
                area=self.area, unit=self.unit(name), name=name, kind=kind, tier=tier, superior=above
            )
        for at, district in enumerate(self.districts):
            for name, (kind, tier, superior) in DISTRICT_UNITS.items():
                above = self.unit(superior, at) if tier == "unit" else self.unit(superior)
                yield reg.UnitRegistered(
                    area=self.area,
                    unit=self.unit(name, at),
                    name=name,
                    kind=kind,
                    tier=tier,
                    district=district,
                    superior=above,
                    sector_regulator=self.unit("EM", at) if kind == "enterprise" else None,
                )

    def _people(self) -> Iterator[InputEvent]:
        holders = {name: (self.unit(unit), office, None) for name, (unit, office) in OFFICES.items()}
        holders |= {
            f"head-{at}": (self.unit("GOV", at), "district_government", district)
            for at, district in enumerate(self.districts)
        }
        for name, (unit, office, district) in holders.items():
            key = self.key(name)
            yield reg.PersonRegistered(
                area=self.area,
                person=self.person(name),
                unit=unit,
                offices=(office,),
                district=district,
                keys=(reg.SigningKey(kid=key.kid, x=key.x),),
                valid_from=LONG_AGO,
            )

    def _resources(self) -> Iterator[InputEvent]:
        for at in range(DISTRICTS):
            for number in range(1, 5):
                yield self._entry("ambulance", at, number, "ambulance", "unit", "C120", "health")
            yield self._entry("EMR", at, 1, "health_team", "unit", "HEALTH", "health")
            yield self._entry("rescue_team", at, 1, "rescue_team", "unit", "EM", "emergency_management")
            yield self._entry("icu_bed", at, 1, "bed", "beds", "HEALTH", "health", quantity=4)
            yield self._entry(
                "ppe", at, 1, "protective_equipment", "stock", "HEALTH", "health", quantity=900, floor=100
            )
            yield self._entry(
                "disinfectant", at, 1, "medical_supply", "stock", "EM", "emergency_management", quantity=400, floor=50
            )

    def _entry(
        self, kind: str, at: int, number: int, category: str, form: str, owner: str, department: str, **more: int
    ) -> ResourceRegistered:
        return ResourceRegistered(
            area=self.area,
            resource=self.resource(kind, at, number),
            name=f"{kind} {number}",
            category=category,
            kind=kind,
            form=form,
            owner_unit=self.unit(owner),
            owner_department=department,
            district=self.districts[at],
            position=self.spot(at, number) if form == "unit" else None,
            **more,
        )

    def spot(self, district: int, number: int) -> Point:
        """A place in a district."""
        return Point(lat=30.0 + district * 0.05 + number * 0.003, lon=114.0 + self.number * 0.2 + number * 0.004)

    def _duty(self) -> Iterator[InputEvent]:
        for name in ("GOV", "EM", "HEALTH", "HQ"):
            unit = self.unit(name)
            yield duty.LiaisonRegistered(
                area=self.area, unit=unit, officer=f"{unit}-liaison", alternates=(f"{unit}-alt",),
                unit_head=f"{unit}-head", observed_at=LONG_AGO,
            )  # fmt: skip
            yield duty.RosterRegistered(
                area=self.area, unit=unit, officer=f"{unit}-duty", on_from=LONG_AGO, on_to=FAR_AHEAD
            )  # fmt: skip
