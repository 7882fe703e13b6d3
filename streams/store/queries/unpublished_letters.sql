select topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers::text as headers, value
from dead_letter
where not published and (topic, partition) in (select * from unnest($1::text[], $2::integer[]))
order by topic, partition, "offset"
limit 100
