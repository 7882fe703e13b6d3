-- What became of an input: its events.
select e.seq, e.type, e.data
from recorder_input i
join recorder_event e on e.area = i.area and e.causation = i.source || ' ' || i.id and e.seq between i.seq and i.seq + 20000
where i.area = $1 and i.source = $2 and i.id = $3
order by e.seq
limit 1000
