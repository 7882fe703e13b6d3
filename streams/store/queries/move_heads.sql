update area_head as h
set seq = n.seq, now = n.now, chain = n.chain, telemetry = n.telemetry, published = greatest(h.published, n.published)
from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::bytea[], $5::bigint[], $6::bigint[])
    as n (area, seq, now, chain, telemetry, published)
where h.area = n.area
