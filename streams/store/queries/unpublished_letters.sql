-- Dead letters that their topic does not have yet, oldest first: one at least, and no more than about 16 MB.
select topic, partition, "offset", area, category, code, path, message, at, timestamp, key, headers::text as headers, value
from (
    select *, sum(size) over (order by topic, partition, "offset") - size as before
    from (
        select *, octet_length(coalesce(value, '')) + octet_length(headers::text) as size
        from dead_letter
        where not published and (topic, partition) in (select * from unnest($1::text[], $2::integer[]))
        order by topic, partition, "offset"
        limit 100
    ) as oldest
) as summed
where before < 16000000
order by topic, partition, "offset"
