-- Dead letters that nobody has dealt with, by category and code.
select category, code, count(*) as count from dead_letter where settled_at is null group by 1, 2 order by 1, 2
