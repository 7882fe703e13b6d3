"""Which partition an area's key belongs to: murmur2, as Java's and aiokafka's producers have it."""

import zlib
from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=4096)
def home_partition(key: str, partitions: int) -> int:
    """Partition of a key under the default partitioner."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)


def crc32_partition(key: str, partitions: int) -> int:
    """Partition of a key under librdkafka's default partitioner (C, Go, .NET, Python clients)."""
    return zlib.crc32(key.encode()) % partitions
