-- Recorded events that no broker has confirmed, and the age of the oldest in seconds since it was written.
select coalesce(sum(h.seq - h.published), 0)::bigint as rows,
    array_agg(h.area order by h.area) as areas,
    coalesce(max(extract(epoch from clock_timestamp() - e.now)), 0)::double precision as age
from area_head h
left join recorder_event e on e.area = h.area and e.seq = h.published + 1
where h.published < h.seq
