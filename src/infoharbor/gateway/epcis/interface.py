"""The EPCIS interface of one gateway: its way in, its way out and its subscriptions, begun and ended with the gateway."""

from functools import partial
from pathlib import Path

from infoharbor.gateway.epcis.captures import Captures
from infoharbor.gateway.epcis.events import Events, describe
from infoharbor.gateway.epcis.index import Index
from infoharbor.gateway.epcis.intake import Intake
from infoharbor.gateway.epcis.jobs import Jobs
from infoharbor.gateway.epcis.notifier import Notifier
from infoharbor.gateway.epcis.store import Store
from infoharbor.gateway.epcis.streams import Streams
from infoharbor.gateway.epcis.tokens import Released
from infoharbor.gateway.service import Gateway
from infoharbor.vault.vaults import Vaults


class Epcis:
    """What the routes below `/epcis` work with; needs a data folder for jobs, queries and vaults."""

    def __init__(self, gateway: Gateway, data: Path, vaults: Vaults) -> None:
        self.captures = Captures(gateway, Jobs(data), Intake(gateway.ledger, vaults))
        chain = gateway.ledger.chain.id
        self._index = Index(
            data, gateway.engine, chain, describe=partial(describe, vaults), secret_of=vaults.digest_secret
        )
        self.events = Events(gateway.ledger, vaults, self._index)
        self.store, self.released = Store(data), Released()
        self.notifier = Notifier(gateway, self.store, self.events)
        self.streams = Streams(gateway, self.store, self.events)

    async def start(self) -> None:
        await self.captures.start()
        await self.notifier.start()

    async def stop(self) -> None:
        await self.notifier.stop()
        await self.captures.stop()
        self.store.close()
        self._index.close()
