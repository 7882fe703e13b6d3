-- The input positions of these partitions, locked: the fence of a lane.
select topic, partition, next_offset, last_timestamp
from input_offset
where (topic, partition) in (select * from unnest($1::text[], $2::integer[]))
order by topic, partition
for update
