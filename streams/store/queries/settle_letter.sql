update dead_letter set settled_at = now(), outcome = $4, settled_by = $5, reason = $6
where topic = $1 and partition = $2 and "offset" = $3
