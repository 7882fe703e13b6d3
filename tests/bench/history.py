"""A long history for the stream bench: closed incidents with their clusters and recorder rows, written in bulk."""

from tests.support.site import Site

ENTITIES_EACH = 6
EVENTS_EACH = 8

INCIDENTS = """
insert into state (area, kind, id, incident, resident, seq, body)
select h.area, k.kind, 'old-' || n || case when k.kind = 'incident' then '' else ':' || k.kind end,
       'old-' || n, false, n,
       jsonb_build_object('id', 'old-' || n, 'incident', 'old-' || n, 'text', repeat('x', 400))
from area_head h
cross join generate_series(1, $1::bigint) n
cross join (values ('incident'), ('response'), ('request'), ('commitment'), ('obligation'), ('notice')) k (kind)
"""
EVENTS = """
insert into recorder_event (area, seq, id, type, topic, key, subject, incident, causation, now, chain, data)
select h.area, h.seq + s, gen_random_uuid(), 'incident.report_attached.v1', 'incident.events', h.area, '', 'old-' || s,
       '/old ' || s, h.now, decode(repeat('00', 32), 'hex'), convert_to(repeat('x', 600), 'UTF8')
from area_head h cross join generate_series(1, $1::bigint) s
"""
INPUTS = """
insert into recorder_input (area, seq, source, id, type, digest, now, topic, partition, "offset", value)
select h.area, h.seq + s, '/old', s::text, 'incident.reported.v1', decode(repeat('00', 32), 'hex'), h.now, '', -1, -1,
       convert_to(repeat('x', 500), 'UTF8')
from area_head h cross join generate_series(1, $1::bigint, 2) s
"""


async def add_history(site: Site, closed: int) -> None:
    """`closed` closed incidents over all areas, each with six entities, eight events and four inputs."""
    connection = await site.database()
    try:
        areas = int(await connection.fetchval("select count(*) from area_head"))
        each = closed // areas
        await connection.execute(INCIDENTS, each, timeout=300)
        await connection.execute(EVENTS, each * EVENTS_EACH, timeout=300)
        await connection.execute(INPUTS, each * EVENTS_EACH, timeout=300)
        await connection.execute(
            "update area_head set seq = seq + $1, published = published + $1", each * EVENTS_EACH, timeout=60
        )
        for table in ("state", "recorder_event", "recorder_input"):
            await connection.execute(f"vacuum analyze {table}", timeout=300)
    finally:
        await connection.close()
