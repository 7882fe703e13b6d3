"""Opens cities at a site: areas, then registers, then what stands in districts; each step needs the one before."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from schemas.inputs.registers import AreaRegistered
from schemas.topics import REGISTERS
from tests.support.messages import Message
from tests.support.site import Site, until
from tests.support.story import Story

Send = Callable[[Sequence[Message]], Awaitable[None]]


async def open_cities(site: Site, stories: Iterable[Story], send: Send) -> int:
    """Send every city's registers and wait until they are taken in; returns how many records that were.

    A worker must run. Topics lie on different brokers, so sending in order is not enough: every step is awaited.
    """
    openings = [message for story in stories for message in story.opening()]
    areas = [message for message in openings if message.type == AreaRegistered.TYPE]
    registers = [message for message in openings if message.topic == REGISTERS and message not in areas]
    wanted = await _recorded(site)
    for step in (areas, registers, [message for message in openings if message.topic != REGISTERS]):
        await send(step)
        wanted += len(step)
        await until(lambda wanted=wanted: _at_least(site, wanted), 120, f"{wanted} records of registers are taken in")
    return len(openings)


async def _at_least(site: Site, wanted: int) -> bool:
    return await _recorded(site) >= wanted


async def _recorded(site: Site) -> int:
    database = await site.database()
    try:
        return int(await database.fetchval("select count(*) from recorder_input where topic <> ''"))
    finally:
        await database.close()
