select area, partition from foreign_partition where area = any($1::text[])
