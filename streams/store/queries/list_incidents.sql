-- Incidents, newest first.
select i.area, i.incident, i.status, i.composite, i.grades::text as grades, i.district, i.hazard_kinds, i.occurred_at,
    i.opened_at, i.external_refs,
    (select min(r.level) from responses r where r.area = i.area and r.incident = i.incident and r.status = 'running') as response,
    (select count(*) from task_forces t where t.area = i.area and t.incident = i.incident and t.status = 'active') as task_forces,
    (select count(*) from requests q where q.area = i.area and q.incident = i.incident and q.still_needed > 0) as waiting_lines,
    (select count(*) from commitments c where c.area = i.area and c.incident = i.incident and c.live) as live_commitments,
    (select count(*) from obligations o where o.area = i.area and o.incident = i.incident and o.status = 'breached') as overdue
from incidents i
where ($1::text is null or i.area = $1) and ($2 or i.status = 'open')
order by i.opened_at desc, i.incident desc
limit $3
