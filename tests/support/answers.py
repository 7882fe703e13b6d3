"""What owners of resources, crews and duty rooms answer to what they read on output topics."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from schemas.inputs.duty import NoticeAcknowledged, NoticeReceipted
from schemas.inputs.resources import ResourceDeploymentReported
from tests.support.messages import Message
from tests.support.story import Story

UNIT_STEPS = ("accepted", "departed", "arrived", "released", "returned", "ready")
BED_STEPS = ("accepted", "arrived", "released")
STOCK_STEPS = ("accepted", "departed", "delivered")
STEPS = {"committed": UNIT_STEPS, "reserved": BED_STEPS, "ordered": STOCK_STEPS}


class Answers:
    """Deterministic but for the times; each commitment gets one of its steps now and the next one later."""

    def __init__(self, stories: Mapping[str, Story], seed: int) -> None:
        self._stories = stories
        self._random = Random(seed)
        self._open: dict[str, list[tuple[str, str, tuple[str, ...], int]]] = {}

    def to(self, area: str, type: str, data: dict[str, Any]) -> Iterator[Message]:
        """Records that answer one output."""
        story = self._stories.get(area)
        if story is None:
            return
        if type == "resource.committed.v1":
            steps = STEPS[data["stage"]]
            if self._random.random() < 0.1:
                steps = ("declined",)
            self._open.setdefault(area, []).append((data["commitment"], data["resource"], steps, data["quantity"]))
        elif type == "notice.queued.v1" and self._random.random() < 0.3:
            yield from self._notice(story, data)
        yield from self._next_steps(story)

    def _next_steps(self, story: Story) -> Iterator[Message]:
        waiting = self._open.get(story.city.area, [])
        if not waiting or self._random.random() < 0.6:
            return
        commitment, resource, steps, quantity = waiting.pop(self._random.randrange(len(waiting)))
        yield story.write("catalogue", ResourceDeploymentReported(
            area=story.city.area, commitment=commitment, resource=resource, step=steps[0],
            observed_at=datetime.now(UTC), quantity=quantity if steps[0] in ("delivered", "arrived") else None,
        ))  # fmt: skip
        if len(steps) > 1:
            waiting.append((commitment, resource, steps[1:], quantity))

    def _notice(self, story: Story, data: dict[str, Any]) -> Iterator[Message]:
        now = datetime.now(UTC)
        notice = str(data["notice"])
        channel = self._random.choice(("liaison", "duty_room"))
        yield story.write(
            "duty", NoticeReceipted(area=story.city.area, notice=notice, channel=channel, observed_at=now)
        )
        yield story.write(
            "duty", NoticeAcknowledged(area=story.city.area, notice=notice, by=f"{notice[:40]}-reader", observed_at=now)
        )
