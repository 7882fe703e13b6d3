"""Travel time: a table of district minutes where there is one, otherwise Kolesar-Walker-Hausner on the great circle.

Distances come as squared chords of the unit sphere, times go as milliseconds in floats whose whole part counts: the
half that rounds is already in them.
"""

import math
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streams.policy.allocation import AllocationLaw

EARTH_KM = 6371.0088
HOUR_MS = 3_600_000
UNKNOWN = math.inf
"""A travel time that nobody knows."""
Floats = NDArray[np.float64]


class TravelTime(Protocol):
    """How long a vehicle of one kind takes, from order to arrival."""

    def eta_ms(self, chord2: Floats) -> Floats:
        """Milliseconds over these squared chords. May overwrite its argument."""

    def reach(self, eta_ms: float) -> float:
        """A chord that is not left within this time: everything beyond it takes longer."""


class GreatCircle:
    """Kolesar-Walker-Hausner: square-root law while accelerating, linear at cruise speed (AL-TRAVEL)."""

    __slots__ = ("_km_ms", "_knee", "_knee_km", "_offset_ms", "_root_ms", "_start_ms")

    def __init__(self, cruise_kmh: float, acceleration_kmh2: float, speed: float, mobilisation_ms: int) -> None:
        self._root_ms = 2 / math.sqrt(acceleration_kmh2) * HOUR_MS / speed
        self._knee = cruise_kmh / math.sqrt(acceleration_kmh2)
        self._knee_km = self._knee * self._knee
        self._km_ms = HOUR_MS / (cruise_kmh * speed)
        self._start_ms = mobilisation_ms + 0.5
        self._offset_ms = self._start_ms - self._km_ms * self._knee_km

    def eta_ms(self, chord2: Floats) -> Floats:
        """See TravelTime. The chord stands for the arc: half a metre short at 100 km."""
        km = np.sqrt(chord2, out=chord2)
        km *= EARTH_KM
        time = np.sqrt(km)
        np.minimum(time, self._knee, out=time)
        time *= self._root_ms
        np.maximum(km, self._knee_km, out=km)
        km *= self._km_ms
        time += km
        time += self._offset_ms
        return time

    def reach(self, eta_ms: float) -> float:
        """See TravelTime."""
        driving = eta_ms - self._start_ms + 1.0
        if driving <= 0:
            return 0.0
        at_knee = self._root_ms * self._knee
        km = (driving / self._root_ms) ** 2 if driving <= at_knee else self._knee_km + (driving - at_knee) / self._km_ms
        return min(km / EARTH_KM, 2.0)


@lru_cache(maxsize=256)
def _great_circle(cruise: float, acceleration: float, speed: float, mobilisation_ms: int) -> GreatCircle:
    return GreatCircle(cruise, acceleration, speed, mobilisation_ms)


def travel_time(law: AllocationLaw, kind: str) -> TravelTime:
    """The formula for a kind under a law."""
    entry = law.kind(kind)
    travel = law.travel
    return _great_circle(travel.cruise_kmh, travel.acceleration_kmh2, entry.speed, entry.mobilisation_seconds * 1000)


class Spot(NamedTuple):
    """Where something is needed, as the arrays see it."""

    district: int
    xyz: tuple[float, float, float] | None
    """On the unit sphere; None where nobody measured a point."""
    vector: Floats
    """`xyz` as an array, zeros for None; `column` is the same upright."""
    column: Floats
    table: Floats
    """Milliseconds from each district number by the register's table; UNKNOWN where it has no entry."""
    tabled: bool
    """Every district is in the table: no position matters."""
    untabled: bool
    """No district is."""
    inside_ms: int
    """Within the district, where neither table nor positions help."""
