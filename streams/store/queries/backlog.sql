-- Events not yet confirmed, the age of the oldest in seconds, and areas with quarantined records.
select
    coalesce(sum(h.seq - h.published), 0)::bigint as rows,
    coalesce(max(extract(epoch from now() - e.now)), 0)::double precision as age,
    -- By way of the heads: the table of states has an index by area, not by kind.
    (
        select count(*) from area_head a join state s on s.area = a.area and s.kind = 'area'
        where json_array_length(s.body -> 'faults') > 0
    )::bigint as degraded
from area_head h
left join recorder_event e on e.area = h.area and e.seq = h.published + 1
where h.partition = any($1::integer[]) and h.published < h.seq
