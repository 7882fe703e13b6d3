-- Timers of an area that fell due before the instant.
select id, incident from state where area = $1 and due < $2 order by due, id limit 1000
