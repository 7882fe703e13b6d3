-- Entities that inputs name and that are not resident, and the incident whose cluster they belong to.
select s.area, s.kind, s.id, s.incident, s.body::text as body
from state s
join unnest($1::text[], $2::text[], $3::text[]) as n (area, kind, id) on s.area = n.area and s.kind = n.kind and s.id = n.id
