insert into state (area, kind, id, incident, resident, due, seq, body)
select area, kind, id, incident, resident, due, seq, body::json
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[], $7::bigint[], $8::text[])
    as n (area, kind, id, incident, resident, due, seq, body)
on conflict (area, kind, id) do update
set incident = excluded.incident, resident = excluded.resident, due = excluded.due, seq = excluded.seq, body = excluded.body
