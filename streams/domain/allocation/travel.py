"""Travel time: a table of district minutes where there is one, otherwise Kolesar-Walker-Hausner on the great circle.

A provider answers two questions about one kind of vehicle: how long over this chord, and how far within this time.
Chords are of the unit sphere; times are integer milliseconds.
"""

import math
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from streams.policy.allocation import AllocationLaw

EARTH_KM = 6371.0088
HOUR_MS = 3_600_000
UNKNOWN = -1
"""A travel time that nobody knows."""
Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class TravelTime(Protocol):
    """How long a vehicle of one kind takes."""

    def eta_ms(self, chord2: Floats) -> Times:
        """Milliseconds from order to arrival over these squared chords."""

    def reach(self, eta_ms: int) -> float:
        """A chord that is not left within this time: everything beyond it takes longer."""


class GreatCircle:
    """Kolesar-Walker-Hausner: square-root law while accelerating, linear at cruise speed (AL-TRAVEL)."""

    __slots__ = ("_root_ms", "_knee", "_km_ms", "_mobilisation_ms")

    def __init__(self, cruise_kmh: float, acceleration_kmh2: float, speed: float, mobilisation_ms: int) -> None:
        self._root_ms = 2 / math.sqrt(acceleration_kmh2) * HOUR_MS / speed
        self._knee = cruise_kmh / math.sqrt(acceleration_kmh2)
        self._km_ms = HOUR_MS / (cruise_kmh * speed)
        self._mobilisation_ms = mobilisation_ms

    def eta_ms(self, chord2: Floats) -> Times:
        """See TravelTime. The arc is the chord with its first correction: exact to a metre within a province."""
        km = np.sqrt(chord2)
        km *= EARTH_KM * (1 + chord2 / 24)
        root = np.minimum(np.sqrt(km), self._knee)
        time = self._root_ms * root + self._km_ms * (km - root * root)
        time += self._mobilisation_ms + 0.5
        return time.astype(np.int64)

    def reach(self, eta_ms: int) -> float:
        """See TravelTime."""
        driving = eta_ms - self._mobilisation_ms + 1.0
        if driving <= 0:
            return 0.0
        at_knee = self._root_ms * self._knee
        km = (driving / self._root_ms) ** 2 if driving <= at_knee else self._knee**2 + (driving - at_knee) / self._km_ms
        return min(km / EARTH_KM * (1 + 1e-9), 2.0)


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
    xyz: Floats | None
    """On the unit sphere; None where nobody measured a point."""
    table: Times
    """Milliseconds from each district number by the register's table; UNKNOWN where it has no entry."""
    tabled: bool
    """Every district is in the table: no position matters."""
    untabled: bool
    """No district is."""
    inside_ms: int
    """Within the district, where neither table nor positions help."""
