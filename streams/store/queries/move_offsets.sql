update input_offset as o
set next_offset = n.next_offset, last_timestamp = coalesce(n.last_timestamp, o.last_timestamp)
from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) as n (topic, partition, next_offset, last_timestamp)
where o.topic = n.topic and o.partition = n.partition
