-- Events not yet confirmed, the age of the oldest in seconds, and areas with quarantined records.
select
    coalesce(sum(h.seq - h.published), 0)::bigint as rows,
    coalesce(max(extract(epoch from now() - e.now)), 0)::double precision as age,
    (select count(*) from state where kind = 'area' and json_array_length(body -> 'faults') > 0)::bigint as degraded
from area_head h
left join recorder_event e on e.area = h.area and e.seq = h.published + 1
where h.partition = any($1::integer[]) and h.published < h.seq
