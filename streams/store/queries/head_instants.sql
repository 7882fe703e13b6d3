-- The time of every area: in an exercise it says which records are still ahead.
select area, now from area_head where seq > 0
