-- Every entity, in an order that does not depend on the database's locale.
select area, kind, id, incident, resident, due, body::text as body
from state
where $1::text is null or area = $1
order by area collate "C", kind collate "C", id collate "C"
