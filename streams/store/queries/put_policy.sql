insert into policy_document (version, files) values ($1, $2::text::jsonb) on conflict do nothing
