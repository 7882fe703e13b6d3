"""Which faults happen, in which order: drawn from a seed, every kind as often as the form of the run asks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.faults import points
from tests.faults.fleet import Fleet

NAMES = ("w0", "w1")


@dataclass(frozen=True, slots=True)
class Form:
    """How much of everything."""

    records: int
    rate: float
    cities: int
    random_kills: int
    placed_kills: tuple[str, ...]
    random_freezes: int
    placed_freezes: tuple[str, ...]
    schedules: int
    """Sabotage schedules of each kind."""
    controls: int
    """The same without the sabotage."""


FULL = Form(
    records=50_000,
    rate=260,
    cities=24,
    random_kills=10,
    placed_kills=(points.AFTER_COMMIT, points.BEFORE_CURSOR, points.IN_TRANSACTION),
    random_freezes=2,
    placed_freezes=(points.IN_TRANSACTION, points.IN_COPY, points.AFTER_COMMIT, points.AFTER_COMMIT),
    schedules=3,
    controls=1,
)
QUICK = Form(
    records=4_000,
    rate=120,
    cities=6,
    random_kills=1,
    placed_kills=(points.AFTER_COMMIT,),
    random_freezes=0,
    placed_freezes=(points.IN_TRANSACTION, points.AFTER_COMMIT),
    schedules=1,
    controls=0,
)
Fault = Callable[[], Awaitable[str]]


class Plan:
    """Faults on a fleet and its parts; each returns words about what was done."""

    def __init__(self, fleet: Fleet, form: Form, seed: int) -> None:
        self._fleet = fleet
        self._form = form
        self._random = Random(seed)

    def faults(self) -> list[Fault]:
        """All of them, shuffled."""
        form = self._form
        drawn: list[Fault] = [self._kill] * form.random_kills + [self._freeze] * form.random_freezes
        drawn += [self._killing(point) for point in form.placed_kills]
        drawn += [self._freezing(point) for point in form.placed_freezes]
        drawn += [self._postgres, self._broker]
        self._random.shuffle(drawn)
        return drawn

    def pause(self) -> float:
        """Seconds until the next fault: some come before the last one is over."""
        return self._random.choice((0.5, 2.0, 4.0, 6.0))

    def _name(self) -> str:
        return self._random.choice(NAMES)

    def _frozen_s(self) -> float:
        return self._fleet.site.settings.session_timeout_s + self._random.uniform(1.0, 4.0)

    async def _kill(self) -> str:
        name = self._name()
        self._fleet.kill(name)
        self._fleet.start(name)
        return f"SIGKILL {name}"

    async def _freeze(self) -> str:
        name, seconds = self._name(), self._frozen_s()
        await self._fleet.freeze(name, seconds)
        return f"SIGSTOP {name} for {seconds:.1f} s"

    def _killing(self, point: str) -> Fault:
        async def kill() -> str:
            for name in self._random.sample(NAMES, 2):
                if await self._fleet.kill_at(name, point):
                    self._fleet.start(name)
                    return f"SIGKILL {name} {point}"
            return f"nobody came to {point} to be killed"

        return kill

    def _freezing(self, point: str) -> Fault:
        async def freeze() -> str:
            seconds = self._frozen_s()
            for name in self._random.sample(NAMES, 2):
                if await self._fleet.freeze_at(name, point, seconds):
                    return f"SIGSTOP {name} {point} for {seconds:.1f} s"
            return f"nobody came to {point} to be frozen"

        return freeze

    async def _postgres(self) -> str:
        return await self._fleet.restart_postgres(self._random.uniform(0.5, 3.0))

    async def _broker(self) -> str:
        nodes = self._fleet.site.parts.kafka.nodes
        return await self._fleet.restart_broker(self._random.choice(list(nodes)), self._random.uniform(4.0, 8.0))
