-- How far the publish cursors of areas with unpublished events are, and the oldest unsent dead letter of each partition.
select area, partition, published as at from area_head where partition = any($1::integer[]) and published < seq
union all
select '', partition, min("offset") from dead_letter where not published and partition = any($1::integer[])
group by partition
