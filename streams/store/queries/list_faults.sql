-- Open faults of areas: quarantined records and timers.
select a.area, f.fault, t.body ->> 'kind' as timer_kind, (t.body ->> 'due')::timestamptz as due, t.incident
from area_head h
join state a on a.area = h.area and a.kind = 'area'
cross join lateral json_array_elements_text(a.body -> 'faults') as f (fault)
left join state t on t.area = a.area and t.kind = 'faulty_timer' and t.id = f.fault
where $1::text is null or a.area = $1
order by a.area, f.fault
