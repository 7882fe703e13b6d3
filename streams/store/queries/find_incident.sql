-- An incident by its id, by source|external_id, or by an external id alone; the newest of several.
select area, id from (
    select area, id, seq, 0 as rank from state where kind = 'incident' and id = $1
    union all
    select area, incident, seq, 1 from state where kind = 'external_ref' and id = $1 and incident is not null
    union all
    select area, incident, seq, 2 from state
    where kind = 'external_ref' and split_part(id, '|', 2) = $1 and incident is not null
) as found
where $2::text is null or area = $2
order by rank, seq desc
limit 1
