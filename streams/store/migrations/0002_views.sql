-- Typed views on the state, for reports, consoles and people. Workers do not read them.
-- Every json path is `alias.body ->> 'field'` or `#>> '{field,field}'`; a test holds them against the entities.

create view incidents as
select
    i.area,
    i.id as incident,
    i.body ->> 'status' as status,
    array(select json_array_elements_text(i.body -> 'hazard_kinds')) as hazard_kinds,
    (i.body ->> 'composite')::smallint as composite,        -- 1 特别重大 .. 4 一般, null: not graded
    (select jsonb_object_agg(f ->> 'family', (f ->> 'severity')::smallint)
     from json_array_elements(i.body -> 'families') f) as grades,
    i.body #>> '{place,district}' as district,
    nullif(i.body #>> '{place,text}', '') as place,
    (i.body ->> 'occurred_at')::timestamptz as occurred_at,
    (i.body ->> 'opened_at')::timestamptz as opened_at,
    (i.body ->> 'figures_as_of')::timestamptz as figures_as_of,
    (i.body -> 'figures')::jsonb as figures,
    (i.body -> 'verification')::jsonb as verification,
    array(select json_array_elements_text(i.body -> 'needs')) as needs,
    array(select x.id from state x where x.area = i.area and x.kind = 'external_ref' and x.incident = i.id order by x.id)
        as external_refs
from state i
where i.kind = 'incident';

create view responses as
select
    r.area,
    r.id as response,
    r.incident,
    r.body ->> 'zone' as zone,
    (r.body ->> 'level')::smallint as level,                -- 1 一级 .. 4 四级
    r.body ->> 'status' as status,
    r.body #>> '{notice,matter}' as matter,
    (r.body #>> '{notice,expected_until}')::timestamptz as expected_until,
    r.body ->> 'issuer' as issuer,
    r.body ->> 'office' as office,
    r.body ->> 'directive' as directive,
    r.body ->> 'legal_basis' as legal_basis,
    (r.body ->> 'started_at')::timestamptz as started_at,
    (r.body ->> 'changed_at')::timestamptz as changed_at,
    (r.body ->> 'ended_at')::timestamptz as ended_at
from state r
where r.kind = 'response';

create view task_forces as
select
    t.area,
    t.id as task_force,
    t.incident,
    t.body ->> 'status' as status,
    t.body ->> 'lead' as lead,
    t.body ->> 'deputy' as deputy,
    array(select h ->> 'rule' from json_array_elements(t.body -> 'hits') h) as rules,
    array(select json_array_elements_text(t.body -> 'groups')) as groups,
    (t.body ->> 'activated_at')::timestamptz as activated_at,
    (t.body ->> 'stood_down_at')::timestamptz as stood_down_at,
    nullif(t.body ->> 'reason', '') as reason
from state t
where t.kind = 'task_force';

-- One row a line.
create view requests as
select
    l.area,
    l.body ->> 'request' as request,
    (l.body ->> 'number')::integer as line,
    l.incident,
    q.body ->> 'unit' as unit,
    l.body ->> 'department' as department,
    (q.body ->> 'for_task_force')::boolean as for_task_force,
    q.body #>> '{place,district}' as district,
    l.body ->> 'kind' as kind,
    (l.body ->> 'quantity')::integer as quantity,
    (l.body ->> 'need')::integer as still_needed,
    l.body ->> 'stage' as stage,
    (l.body ->> 'urgency')::smallint as urgency,
    (q.body ->> 'asked_at')::timestamptz as asked_at,
    (q.body ->> 'needed_by')::timestamptz as needed_by,
    (q.body ->> 'closed')::boolean as closed
from state l
join state q on q.area = l.area and q.kind = 'request' and q.id = l.body ->> 'request'
where l.kind = 'request_line';

create view commitments as
select
    c.area,
    c.id as commitment,
    c.body ->> 'request' as request,
    c.body ->> 'line' as line,
    c.incident,
    c.body ->> 'kind' as kind,
    c.body ->> 'resource' as resource,
    (c.body ->> 'quantity')::integer as quantity,
    c.body ->> 'form' as form,
    c.body ->> 'stage' as stage,
    c.resident as live,
    (c.body ->> 'urgency')::smallint as urgency,
    c.body ->> 'tier' as tier,
    round((c.body ->> 'eta_ms')::numeric / 60000, 1) as eta_minutes,
    (c.body ->> 'committed_at')::timestamptz as committed_at,
    (c.body ->> 'departed_at')::timestamptz as departed_at,
    (c.body ->> 'accept_by')::timestamptz as accept_by,
    (c.body ->> 'hold_until')::timestamptz as hold_until
from state c
where c.kind = 'commitment';

create view resources as
select
    s.area,
    s.id as resource,
    nullif(s.body #>> '{entry,name}', '') as name,
    s.body #>> '{entry,category}' as category,
    s.body #>> '{entry,kind}' as kind,
    s.body #>> '{entry,form}' as form,
    s.body #>> '{entry,owner_unit}' as owner_unit,
    s.body #>> '{entry,owner_department}' as owner_department,
    s.body #>> '{entry,district}' as district,
    s.body ->> 'status' as status,
    (s.body ->> 'quantity')::integer as on_hand,
    (s.body ->> 'held')::integer as held,
    (s.body ->> 'quantity')::integer - (s.body ->> 'held')::integer as free,
    (s.body #>> '{entry,floor}')::integer as floor,
    array(select json_array_elements_text(s.body #> '{entry,capabilities}')) as capabilities,
    s.body #>> '{entry,reserve_group}' as reserve_group,
    coalesce(p.lat, (s.body #>> '{entry,position,lat}')::double precision) as lat,
    coalesce(p.lon, (s.body #>> '{entry,position,lon}')::double precision) as lon,
    p.observed_at as position_observed_at,
    (s.body #>> '{entry,expires_at}')::timestamptz as expires_at,
    (s.body ->> 'observed_at')::timestamptz as status_observed_at
from state s
left join position p on p.area = s.area and p.resource = s.id
where s.kind = 'resource';

create view obligations as
select
    o.area,
    o.id as obligation,
    o.incident,
    o.body ->> 'rule' as rule,
    o.body ->> 'debtor' as debtor,
    array(select json_array_elements_text(o.body -> 'recipients')) as recipients,
    o.body ->> 'status' as status,
    o.body ->> 'clock' as clock,
    (o.body ->> 'clock_start')::timestamptz as clock_start,
    (o.body ->> 'due')::timestamptz as due,
    (o.body ->> 'met_at')::timestamptz as met_at,
    (o.body ->> 'late')::boolean as late,
    (o.body ->> 'breached_at')::timestamptz as breached_at,
    (o.body ->> 'grade')::smallint as grade,
    o.body ->> 'source' as legal_source
from state o
where o.kind = 'obligation';

create view area_status as
select
    h.area,
    a.body ->> 'name' as name,
    h.seq,
    h.now,
    h.seq - h.published as unpublished,
    a.body ->> 'policy_version' as policy_version,
    (select count(*) from incidents i where i.area = h.area and i.status = 'open') as open_incidents,
    (select min(i.composite) from incidents i where i.area = h.area and i.status = 'open') as worst_grade,
    (select count(*) from responses r where r.area = h.area and r.status = 'running') as running_responses,
    (select min(r.level) from responses r where r.area = h.area and r.status = 'running') as highest_response,
    (select count(*) from task_forces t where t.area = h.area and t.status = 'active') as active_task_forces,
    (select count(*) from requests q where q.area = h.area and q.still_needed > 0) as waiting_lines,
    (select count(*) from commitments c where c.area = h.area and c.live) as live_commitments,
    (select count(*) from obligations o where o.area = h.area and o.status = 'open') as open_obligations,
    (select count(*) from obligations o where o.area = h.area and o.status = 'breached') as overdue_obligations,
    (select count(*) from state d where d.area = h.area and d.kind = 'proposal' and d.resident) as pending_decisions,
    json_array_length(a.body -> 'faults') as faults,
    json_array_length(a.body -> 'faults') > 0 as degraded
from area_head h
join state a on a.area = h.area and a.kind = 'area' and a.id = h.area;
