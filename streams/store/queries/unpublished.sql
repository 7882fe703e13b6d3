-- Areas with recorded events that no broker has confirmed.
select area, seq, published from area_head where published < seq order by area
