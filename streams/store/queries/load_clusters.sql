-- Everything that belongs to these incidents, and the incidents themselves.
select kind, id, body::text as body from state
where area = $1 and (incident = any($2::text[]) or (kind = 'incident' and id = any($2::text[])))
