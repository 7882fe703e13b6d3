-- Areas that come under Liandong. A head begins the hash chain with zeros.
insert into area_head (area, now, chain, partition)
select area, $3::timestamptz, decode(repeat('00', 32), 'hex'), partition
from unnest($1::text[], $2::integer[]) as n (area, partition)
on conflict do nothing
