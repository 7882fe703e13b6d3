-- Areas of these partitions in which a timer fell due before the instant.
select distinct s.area, h.partition from state s join area_head h using (area)
where s.due < $1 and h.partition = any($2::integer[])
order by s.area
