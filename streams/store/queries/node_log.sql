-- Events of a node's recorder that make its log, each with the input that caused it where it attached a report ($3).
select e.seq, e.now, e.type, e.data, i.type as input_type, i.value as input_value
from recorder_event e
left join lateral (
    select type, value
    from recorder_input
    where area = e.area and seq <= e.seq and e.type = $3
    order by seq desc
    limit 1
) i on true
where e.area = $1 and e.type = any($2::text[])
order by e.seq
