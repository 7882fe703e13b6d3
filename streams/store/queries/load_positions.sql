select resource, lat, lon, observed_at from position where area = $1
