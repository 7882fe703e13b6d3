-- The next inputs of an area after a seq, in the column order of InputRow.
select area, seq, source, id, type, digest, now, topic, partition, "offset", signature, traceparent, value
from recorder_input
where area = $1 and seq > $2
order by seq
limit $3
