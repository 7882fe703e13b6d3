-- A position moves over marks of producers' transactions. The record before it is then no proof of the topic any more.
update input_offset set next_offset = $4, last_timestamp = null
where topic = $1 and partition = $2 and next_offset = $3
