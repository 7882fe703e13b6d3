insert into position (area, resource, lat, lon, observed_at)
select * from unnest($1::text[], $2::text[], $3::double precision[], $4::double precision[], $5::timestamptz[])
on conflict (area, resource) do update
set lat = excluded.lat, lon = excluded.lon, observed_at = excluded.observed_at
where position.observed_at < excluded.observed_at
