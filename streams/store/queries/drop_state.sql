delete from state
using unnest($1::text[], $2::text[], $3::text[]) as n (area, kind, id)
where state.area = n.area and state.kind = n.kind and state.id = n.id
