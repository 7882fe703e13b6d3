-- What still has to be sent of an area, in order.
select e.area, e.seq, e.id, e.type, e.topic, e.key, e.subject, e.incident, e.causation, e.actor, e.traceparent, e.now, e.chain, e.data
from recorder_event e join area_head h using (area)
where e.area = $1 and e.seq > h.published
order by e.seq
limit $2
