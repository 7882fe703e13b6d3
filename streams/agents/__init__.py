"""One agent per concern, in the order an event meets them; each owns its input topics and hands batches to lanes."""

from typing import Any

import faust

from schemas import topics as t
from streams.runtime.lanes import Lanes
from streams.runtime.records import from_kafka

CONCERN_TOPICS: dict[str, tuple[str, ...]] = {
    "realm": (t.REALM_CLOCK,),
    "registers": (t.REGISTERS,),
    "escalation": (t.COMMAND_DIRECTIVES, t.ALERTS),
    "intake": (t.INCIDENT_REPORTS,),
    "notification": (t.DUTY_UPDATES,),
    "monitoring": (t.MONITORING_SIGNALS, t.EMS_CALLS),
    "allocation": (t.RESOURCE_REQUESTS, t.RESOURCE_UPDATES, t.MUTUAL_AID),
}
"""Agent name -> input topics. Together they are all input topics, each once."""


def register(app: faust.App, lanes: Lanes, prefix: str) -> None:
    """Declare every agent on the app. Nothing is discovered: a module that fails to import fails loudly."""
    for concern, names in CONCERN_TOPICS.items():
        for name in names:
            source = app.topic(
                prefix + name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
            )
            app.agent(source, name=f"{concern}.{name}")(_handing(lanes, prefix))


def _handing(lanes: Lanes, prefix: str) -> Any:
    async def hand_over(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            start, records = message.value
            batch = [from_kafka(record, prefix) for record in records]
            await lanes.lane(message.partition).offer(message.topic[len(prefix) :], start, batch)

    return hand_over
