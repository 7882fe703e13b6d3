"""The checker: reads topics and database, nothing else."""

from tests.faults.check_inputs import check_inputs, read_sent
from tests.faults.check_outputs import check_outputs
from tests.faults.check_state import check_state
from tests.faults.findings import Findings
from tests.support.site import Site


async def check(site: Site) -> Findings:
    """Everything that must hold after a run. Workers are stopped and have published what they committed."""
    findings = Findings()
    database = await site.database()
    try:
        sent = await read_sent(site, findings)
        await check_inputs(site, database, sent, findings)
        await check_outputs(site, database, findings)
        await check_state(database, findings)
    finally:
        await database.close()
    return findings
