-- Dead letters, newest first: of an area, of a category, only those that nobody has dealt with.
select topic, partition, "offset", area, category, code, path, message, at, octet_length(value) as bytes, published,
    settled_at, outcome, settled_by, reason
from dead_letter
where ($1::text is null or area = $1) and ($2::text is null or category = $2) and ($3 or settled_at is null)
order by at desc, topic, partition, "offset" desc
limit $4
