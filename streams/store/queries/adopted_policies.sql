-- Policy versions that areas have adopted, and whether their files are stored.
select a.body ->> 'policy_version' as version, array_agg(a.area order by a.area) as areas, bool_or(p.version is not null) as stored
from state a
left join policy_document p on p.version = a.body ->> 'policy_version'
where a.kind = 'area'
group by 1
order by 1
