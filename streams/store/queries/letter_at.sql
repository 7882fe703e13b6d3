select code, path, message from dead_letter where topic = $1 and partition = $2 and "offset" = $3
