insert into foreign_partition select * from unnest($1::text[], $2::integer[]) on conflict do nothing
