-- Heads of areas that have decided something (of one area where it is named).
select area, seq, now, chain, published, partition from area_head
where seq > 0 and ($1::text is null or area = $1)
order by area
