-- Which of these identities were accepted before, and with what content.
select r.area, r.source, r.id, r.digest
from recorder_input r
join unnest($1::text[], $2::text[], $3::text[]) as n (area, source, id)
    on r.area = n.area and r.source = n.source and r.id = n.id
