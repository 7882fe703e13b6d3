"""Units of one kind that are on their way: to what, since when, for how long (AL-PREEMPT)."""

import math

import numpy as np
from numpy.typing import NDArray

from schemas.base import Point

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def on_sphere(point: Point) -> tuple[float, float, float]:
    """The point on the unit sphere."""
    lat, lon = math.radians(point.lat), math.radians(point.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


class Movers:
    """By the rows of a pool."""

    def __init__(self) -> None:
        self.urgency: NDArray[np.int8] = np.zeros(16, dtype=np.int8)
        """Urgency class of what the unit is on its way to; 0: it is not."""
        self.start_ms: Floats = np.zeros(16)
        self.eta_ms: Floats = np.zeros(16)
        self.target: Floats = np.zeros((3, 16))
        self.departed: NDArray[np.bool_] = np.zeros(16, dtype=bool)
        """The unit was reported as departed."""

    def set_out(
        self, row: int, urgency: int, start_ms: int, eta_ms: int, target: Point | None, *, departed: bool
    ) -> None:
        """The unit is ordered somewhere and has not arrived."""
        while row >= len(self.urgency):
            self._grow()
        self.urgency[row] = urgency
        self.start_ms[row] = start_ms
        self.eta_ms[row] = eta_ms
        self.departed[row] = departed
        if target is not None:
            self.target[:, row] = on_sphere(target)

    def arrive(self, row: int) -> None:
        """The unit is no longer on its way."""
        if row < len(self.urgency):
            self.urgency[row] = 0

    def least(self, urgency: int) -> Ints:
        """Rows of units on their way to something of this class or a less urgent one."""
        return (self.urgency >= urgency).nonzero()[0]

    def _grow(self) -> None:
        for name in ("urgency", "start_ms", "eta_ms", "target", "departed"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros_like(old)], axis=-1))
