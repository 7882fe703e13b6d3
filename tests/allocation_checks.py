"""Random cities and requests, and the invariants of allocation.md that are looked at as things happen."""

from hypothesis import strategies as st

from schemas.base import OutputEvent, Point
from schemas.inputs.reports import Place
from schemas.outputs.allocation_events import CommitmentPreempted, ResourceCommitted
from streams.domain.allocation.entities import Commitment, Request, Resource
from streams.policy.loader import bundled
from tests.allocation_city import CODES, POLICY_TEXT, City
from tests.allocation_reference import floor_of, free

STANDING = POLICY_TEXT.replace("preemption_classes: []", "preemption_classes: [1]").replace(
    "first_wave_minutes: 60", "first_wave_minutes: 30"
)
CENTRES = {"A": (30.0, 114.0), "B": (30.05, 114.1), "C": (30.3, 114.4)}
KINDS = {"ambulance": "unit", "rescue_team": "unit", "ppe": "stock", "icu_bed": "beds"}
CAPABILITIES = ("hazmat", "trauma")
OFFICES = bundled().authority
letters = st.sampled_from("ABC")
steps = st.integers(-3, 3)
few = st.integers(1, 3)


def spot(letter: str, east: int, north: int) -> Point:
    """Points on a coarse grid: distance ties are common."""
    lat, lon = CENTRES[letter]
    return Point(lat=lat + 0.01 * north, lon=lon + 0.01 * east)


def fill(city: City, layout: list[tuple[str, str, int, int, int, int, tuple[str, ...]]]) -> None:
    for number, (kind, letter, east, north, quantity, floor, capabilities) in enumerate(layout):
        form = KINDS[kind]
        city.add(
            f"{kind}-{number}",
            kind,
            letter,
            form=form,
            quantity=1 if form == "unit" else 4 * quantity,
            floor=0 if form == "unit" else floor,
            position=spot(letter, east, north),
            capabilities=capabilities,
            type_level=quantity,
        )


resources = st.tuples(
    st.sampled_from(sorted(KINDS)), letters, steps, steps, few, st.integers(0, 2),
    st.lists(st.sampled_from(CAPABILITIES), unique=True).map(tuple),
)  # fmt: skip
layouts = st.lists(resources, min_size=3, max_size=14)
lines = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(KINDS)),
        "quantity": st.integers(1, 4),
        "urgency": st.integers(1, 4),
        "requires": st.lists(st.sampled_from(CAPABILITIES), max_size=1).map(tuple),
        "prefers": st.lists(st.sampled_from(CAPABILITIES), max_size=2, unique=True).map(tuple),
        "minimum_type": st.none() | few,
    }
)


class Watched(City):
    """A city in which every commitment is looked at in the instant in which it is made."""

    def watch(self, event: OutputEvent) -> None:
        if isinstance(event, ResourceCommitted):
            fits(self, event)
            stays_above_floors(self, event)
        elif isinstance(event, CommitmentPreempted):
            was_divertible(self, event)


def fits(city: City, event: ResourceCommitted) -> None:
    """Invariant 3."""
    entry, line = city.resource(event.resource).entry, city.line(f"{event.request}/{event.line}")
    assert entry.kind == line.kind
    assert event.quantity > 0
    assert set(line.requires) <= set(entry.capabilities)
    if line.minimum_type is not None:
        assert entry.type_level is not None
        assert entry.type_level <= line.minimum_type


def stays_above_floors(city: City, event: ResourceCommitted) -> None:
    """Invariant 5: what was taken without a waiver, a standing order or a diversion left the floors alone."""
    if event.tier != "above_floor":
        return
    resource = city.resource(event.resource)
    same = [
        one
        for one in city.state.of(Resource).values()
        if one.kind == event.kind and one.entry.district == resource.entry.district
    ]
    assert sum(free(one) for one in same) >= floor_of(city.state, event.kind, resource.entry.district)
    if resource.entry.form != "unit":
        assert resource.quantity - resource.held >= resource.entry.floor


def was_divertible(city: City, event: CommitmentPreempted) -> None:
    """Invariant 8: it had not arrived, its class was lower than that of whoever is short, its line keeps its age."""
    assert event.previous in ("committed", "accepted", "en_route")
    lost = city.state.of(Commitment)[event.commitment]
    line = city.line(lost.line)
    assert line.asked_ms == int(city.state.of(Request)[line.request].asked_at.timestamp() * 1000)
    assert lost.urgency >= 1 + 1


def here() -> Place:
    return Place(district=CODES["A"], point=spot("A", 0, 0))
