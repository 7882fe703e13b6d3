update area_head as h set published = greatest(h.published, n.published)
from (select * from unnest($1::text[], $2::bigint[]) order by 1) as n (area, published)
where h.area = n.area
