"""The EPCIS interface of one gateway: its jobs, its way in and its way out, begun and ended with the gateway."""

from pathlib import Path

from infoharbor.gateway.epcis.captures import Captures
from infoharbor.gateway.epcis.events import Events
from infoharbor.gateway.epcis.intake import Intake
from infoharbor.gateway.epcis.jobs import Jobs
from infoharbor.gateway.service import Gateway
from infoharbor.vault.vaults import Vaults


class Epcis:
    """What the routes below `/epcis` work with; needs a data folder for jobs and vaults."""

    def __init__(self, gateway: Gateway, data: Path, vaults: Vaults) -> None:
        self.captures = Captures(gateway, Jobs(data), Intake(gateway.ledger, vaults))
        self.events = Events(gateway.ledger, vaults)

    async def start(self) -> None:
        await self.captures.start()

    async def stop(self) -> None:
        await self.captures.stop()
