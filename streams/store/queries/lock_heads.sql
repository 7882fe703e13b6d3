-- The areas a transaction touches, locked in sorted order: two workers never wait for each other in a circle.
select area, seq, now, chain, published, telemetry, partition
from area_head
where area = any($1::text[])
order by area
for update
