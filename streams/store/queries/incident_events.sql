-- The newest events of an incident.
select seq, type, now, causation, data
from recorder_event
where area = $1 and incident = $2
order by seq desc
limit $3
