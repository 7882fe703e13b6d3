select topic, partition, next_offset, last_timestamp from input_offset
