select area from area_head where partition = any($1::integer[]) and published < seq order by area
