-- Positions for partitions seen for the first time.
insert into input_offset (topic, partition, next_offset)
select * from unnest($1::text[], $2::integer[], $3::bigint[])
on conflict do nothing
