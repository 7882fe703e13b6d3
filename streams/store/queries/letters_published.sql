update dead_letter as d set published = true
from unnest($1::text[], $2::integer[], $3::bigint[]) as n (topic, partition, "offset")
where d.topic = n.topic and d.partition = n.partition and d."offset" = n."offset"
