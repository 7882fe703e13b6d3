-- The working state of an area: what decisions need without being told its id, and all that belongs to open incidents.
select kind, id, body::text as body from state where area = $1 and resident
union
select s.kind, s.id, s.body::text from state s
join state i on i.area = $1 and i.kind = 'incident' and i.resident and s.incident = i.id
where s.area = $1
