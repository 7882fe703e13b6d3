"""Free TCP ports, chosen below the range from which the kernel takes ports for outgoing connections."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
_random = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 on which nothing listens now.

    A port from the kernel's own range (what `bind(0)` gives) can be taken by any outgoing connection before the
    child binds it, or while it is down for a restart; these cannot.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = _random.randrange(LOWEST, HIGHEST)
        if port not in ports and _is_free(port):
            ports.append(port)
    return ports


def is_open(port: int) -> bool:
    """Whether something on 127.0.0.1 accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
