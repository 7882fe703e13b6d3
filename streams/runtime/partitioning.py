"""Which partition an area's key belongs to: murmur2, as Java's and aiokafka's producers have it."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=4096)
def home_partition(key: str, partitions: int) -> int:
    """Partition of a key under the default partitioner."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)
