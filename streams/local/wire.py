"""The one Kafka request that a starter needs: which brokers are alive."""

from __future__ import annotations

import socket
import struct

_METADATA, _VERSION = 3, 4
_REQUEST = struct.pack(">hhih", _METADATA, _VERSION, 1, -1) + bytes(5)  # no client id; no topics, create none


def live_brokers(port: int, timeout: float = 2.0) -> int:
    """Return how many brokers the one on 127.0.0.1:`port` knows to be alive; 0 when it does not answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as link:
            link.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
            with link.makefile("rb") as answer:
                (size,) = struct.unpack(">i", answer.read(4))
                body = answer.read(size)
        (count,) = struct.unpack_from(">i", body, 8)  # after the correlation id and the throttle time
    except (OSError, struct.error):
        return 0
    return int(count)
