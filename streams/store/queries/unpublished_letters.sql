select topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers::text as headers, value
from (
    select *, sum(octet_length(coalesce(value, '')) + octet_length(headers::text))
        over (order by topic, partition, "offset") - octet_length(coalesce(value, '')) as before
    from (
        select * from dead_letter
        where not published and (topic, partition) in (select * from unnest($1::text[], $2::integer[]))
        order by topic, partition, "offset"
        limit 100
    ) as waiting
) as waiting
where before < 16000000
order by topic, partition, "offset"
