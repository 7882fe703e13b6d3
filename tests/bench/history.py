"""history.cost_ratio: cost of an event after 100,000 closed incidents to that after 1,000.

The cost is the processor time of the worker and of the database's processes that serve it: on a machine that also
runs the brokers and writes a hundred thousand incidents to its disk, times of day say more about the disk.

One incident is lived to its close by the pure core; its rows, with the residency that the core gives them, are then
copied under other ids. What the core keeps resident of a closed incident, it keeps 100,000 times.
"""

import statistics
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from schemas.codec import Readable, decode
from schemas.inputs import directives
from streams.domain.cascade import cascade
from streams.domain.context import Context, Received
from streams.domain.core import Incident, Timer
from streams.domain.state import ENTITIES, AreaState, Entity
from streams.policy.model import Policy
from streams.runtime.due import fired, next_due
from streams.store.policy_book import PolicyBook
from tests.bench.ratio import reports
from tests.bench.track import WORKER, Lap, Track
from tests.support.city import City
from tests.support.messages import Message, Writer
from tests.support.site import Parts, Site
from tests.support.story import FRESH, Story

RECORDS = 4_000
EVENTS_EACH = 8
AGED = timedelta(days=90)
MOST_TIMERS = 2_000
COPY_ROWS = """
insert into state (area, kind, id, incident, resident, due, seq, body)
select $1, o.kind, replace(o.id, 'OLD', 'h' || n), replace(o.incident, 'OLD', 'h' || n), o.resident, o.due, 1,
       replace(o.body, 'OLD', 'h' || n)::json
from generate_series(1, $2::bigint) n
cross join unnest($3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[], $8::text[])
    as o (kind, id, incident, resident, due, body)
"""
EVENTS = """
insert into recorder_event (area, seq, id, type, topic, key, subject, incident, causation, now, chain, data)
select h.area, h.seq + s, gen_random_uuid(), 'incident.report_attached.v1', 'incident.events', h.area, '', 'h' || s,
       '/old ' || s, h.now, decode(repeat('00', 32), 'hex'), convert_to(repeat('x', 600), 'UTF8')
from area_head h cross join generate_series(1, $2::bigint) s where h.area = $1
"""
INPUTS = """
insert into recorder_input (area, seq, source, id, type, digest, now, topic, partition, "offset", value)
select h.area, h.seq + s, '/old', s::text, 'incident.reported.v1', decode(repeat('00', 32), 'hex'), h.now, '', -1, -1,
       convert_to(repeat('x', 500), 'UTF8')
from area_head h cross join generate_series(1, $2::bigint, 2) s where h.area = $1
"""


def closed_incident(city: City) -> list[Entity]:
    """What the state holds of one incident that was reported, followed up and closed; its ids contain OLD."""
    story = Story(city, seed=7, ages=FRESH)
    state, policy = AreaState(city.area, datetime.now(UTC)), PolicyBook().bundled
    _live(state, policy, story.opening())
    known = {(kind, id) for kind in ENTITIES for id in state.tables(kind)}
    told = next(story.report_stream())
    _live(state, policy, [told, *(message for message in _take(story, 12))])
    (incident,) = state.of(Incident)
    now = datetime.now(UTC)
    close = directives.DirectiveIssued(
        area=city.area, directive="D-OLD", realm="actual", issuer=city.person("hq"), office="hq_office",
        issued_at=now, expires_at=now + timedelta(hours=1),
        command=directives.CloseIncident(incident=incident, reason="over"),
    )  # fmt: skip
    _live(state, policy, [Writer("command", "OLD-close").write(close, key=city.key("hq"))])
    if state.incident_open(incident):
        raise AssertionError("the incident of the history was not closed")
    _age(state, policy, now + AGED)
    return [
        _renamed(entity, incident, f"{city.area}-X-1")
        for kind in ENTITIES
        for id, entity in state.tables(kind).items()
        if (kind, id) not in known and entity.incident == incident
    ]


def _age(state: AreaState, policy: Policy, until: datetime) -> None:
    """Let its terms run out: history is what nobody waits for any more."""
    for _ in range(MOST_TIMERS):
        timer = next_due(state, until)
        if timer is None:
            return
        state.now = max(state.now, timer.due)
        for _event in cascade(state, Context(state.area, "actual", state.now, policy, fired(timer, 0))):
            pass
    raise AssertionError(f"more than {MOST_TIMERS} timers of a closed incident fire")


def _take(story: Story, number: int) -> Iterable[Message]:
    case = story.cases[0]
    return (story.follow_up(case) for _ in range(number))


def _renamed(entity: Entity, *names: str) -> Entity:
    text = entity.model_dump_json()
    for name in names:
        text = text.replace(name, "OLD")
    renamed = type(entity).model_validate_json(text)
    return renamed if "OLD" in renamed.id else renamed.model_copy(update={"id": f"{renamed.id}-OLD"})


def _live(state: AreaState, policy: Policy, messages: Iterable[Message]) -> None:
    for message in messages:
        read = decode(message.topic, message.headers, message.value)
        assert isinstance(read, Readable), read
        signature = dict(message.headers).get("ce_signature")
        trigger = Received(
            read.event, read.envelope.source, read.envelope.id, message.value or b"",
            signature.decode() if signature else None, read.digest.hex(),
        )  # fmt: skip
        state.now = max(state.now, datetime.now(UTC))
        for _ in cascade(state, Context(state.area, "actual", state.now, policy, trigger)):
            pass


async def add_history(site: Site, city: City, closed: int) -> None:
    """`closed` closed incidents of one city, with recorder rows."""
    rows = [
        (
            entity.KIND, entity.id, entity.incident, entity.resident(),
            entity.due if isinstance(entity, Timer) else None, entity.model_dump_json(),
        )
        for entity in closed_incident(city)
    ]  # fmt: skip
    print(f"  history: {len(rows)} rows of a closed incident, {sum(row[3] for row in rows)} resident", flush=True)
    database = await site.database()
    try:
        await database.execute(COPY_ROWS, city.area, closed, *map(list, zip(*rows, strict=True)), timeout=600)
        await database.execute(EVENTS, city.area, closed * EVENTS_EACH, timeout=600)
        await database.execute(INPUTS, city.area, closed * EVENTS_EACH, timeout=600)
        moved = "update area_head set seq = seq + $2, published = published + $2 where area = $1"
        await database.execute(moved, city.area, closed * EVENTS_EACH)
        for table in ("state", "recorder_event", "recorder_input"):
            await database.execute(f"vacuum analyze {table}", timeout=600)
    finally:
        await database.close()


async def measure_history(parts: Parts, *, rounds: int, many: int) -> dict[str, float]:
    """Two tracks with the same load of one city, run in turns; the median of what an event costs more."""
    tracks = []
    for name, closed in (("few", 1_000), ("many", many)):
        story = Story(City(1), seed=1, ages=FRESH)
        track = await Track.open(parts, name, [story])
        await add_history(track.site, City(1), closed)
        await track.load(reports([story], RECORDS))
        tracks.append(track)
    ratios = []
    for turn in range(rounds):
        order = tracks if turn % 2 == 0 else tracks[::-1]
        laps = [await track.lap(WORKER) for track in order]
        few, long = laps if turn % 2 == 0 else laps[::-1]
        ratios.append(_cost_us(long) / _cost_us(few))
        for closed, lap in ((1_000, few), (many, long)):
            told = f"{lap.cpu_us:.0f} us of the worker and {lap.database_us:.0f} us of the database for each event"
            print(f"  after {closed} closed incidents: {told}, {lap.events_per_s:.0f} events/s", flush=True)
    return {"history.cost_ratio": statistics.median(ratios)}


def _cost_us(lap: Lap) -> float:
    return lap.cpu_us + lap.database_us
