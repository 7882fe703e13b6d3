-- Decisions on the lines of a request, the commitments they led to and what became of these, in order.
select e.area, e.seq, e.type, e.now, e.data
from recorder_event e
where ($1::text is null or e.area = $1)
    and e.topic = 'resource.allocations'
    and (e.subject = $2 or starts_with(e.subject, $2 || '/'))
    and (
        e.type in ('request.admitted.v1', 'request.line_decided.v1', 'resource.committed.v1')
        or starts_with(e.type, 'commitment.')
    )
order by e.area, e.seq
