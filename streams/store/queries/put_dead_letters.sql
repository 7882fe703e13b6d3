insert into dead_letter (topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers, value)
select topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers::json, value
from unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::timestamptz[], $10::bigint[], $11::bytea[], $12::text[], $13::bytea[])
    as n (topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers, value)
on conflict do nothing
