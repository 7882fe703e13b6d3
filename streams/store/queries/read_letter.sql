select topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers::text as headers, value,
    published, settled_at, outcome, settled_by, reason
from dead_letter
where topic = $1 and partition = $2 and "offset" = $3
