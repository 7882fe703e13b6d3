-- Events of an area after one seq and before another, in the column order of EventRow.
select area, seq, id, type, topic, key, subject, incident, causation, actor, traceparent, now, chain, data
from recorder_event
where area = $1 and seq > $2 and ($3::bigint is null or seq < $3)
order by seq
