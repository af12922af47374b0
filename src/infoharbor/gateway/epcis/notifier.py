"""Sends subscribers the events that fit, on their schedule or as they come; the window moves on only after a 2xx."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from infoharbor.edgekit.webhooks import Outcome, Sender, sign, wait_ms
from infoharbor.engine.interface import Refused
from infoharbor.gateway.epcis.events import Events, Page
from infoharbor.gateway.epcis.sequence import newest_in
from infoharbor.gateway.epcis.store import Store, Subscription
from infoharbor.gateway.epcis.subscriptions import next_due, standing_query
from infoharbor.gateway.epcis.writing import messages
from infoharbor.gateway.service import Gateway
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
EVENTS_AT_ONCE: Final = 100
RUNNING_MAX: Final = 32
"""How many subscriptions are served at once, and how many of these may be one organisation's."""
RUNNING_OF_ONE: Final = 8
LOOK_S: Final = 30
TOGETHER_S: Final = 0.1
"""While block follows block the index takes in this long's at once, which costs less than one by one; whoever asks it
does not wait for that."""
INACTIVE_MS: Final = 60_000
"""How long the subscription of a user who may not act rests before it is looked at again."""
NO_BLOCK: Final = -1


class Notifier:
    """Serves the subscriptions of one gateway."""

    def __init__(self, gateway: Gateway, store: Store, events: Events) -> None:
        self._gateway, self._store, self._events = gateway, store, events
        self._running: dict[str, tuple[str, asyncio.Task[None]]] = {}
        # What streams have been found to have no events in; written down only when something is sent.
        self._seen: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="epcis-notifier")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._sender = Sender(self._gateway.config.webhooks)
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._serve())]

    async def stop(self) -> None:
        """Leave what is under way: it is sent again after the next start."""
        tasks = [*self._tasks, *(task for _, task in self._running.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sender.close()
        self._threads.shutdown()

    def look(self) -> None:
        """There is a new subscription. To be called on the event loop."""
        self._wake.set()

    def forget(self, identifier: str) -> None:
        """A subscription was removed: nothing of it is sent any more."""
        if identifier in self._running:
            self._running[identifier][1].cancel()
        self._seen.pop(identifier, None)

    async def _beat(self) -> None:
        """As blocks come keep the index abreast, and wake up."""
        pulse = self._gateway.pulse
        height = NO_BLOCK
        while not pulse.closing:
            if await pulse.beyond(height, LOOK_S):
                height = pulse.height
                try:
                    await self._aside(self._events.catch_up)
                except Exception:
                    logger.exception("the index falls behind until the next block")
                self._wake.set()
                await asyncio.sleep(TOGETHER_S)

    async def _serve(self) -> None:
        while not self._gateway.pulse.closing:
            self._wake.clear()
            now = now_ms()
            try:
                for subscription in await self._aside(self._store.due, now):
                    self._begin(subscription)
                due = await self._aside(self._store.next_due, now)
            except Exception:
                logger.exception("fault in serving subscriptions")
                due = None
            seconds = LOOK_S if due is None else min(LOOK_S, max(0, due - now_ms()) / 1000)
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _begin(self, subscription: Subscription) -> None:
        """Serve a subscription that has something to be looked at, if there is room; else when one has ended."""
        if subscription.id in self._running or len(self._running) >= RUNNING_MAX:
            return
        if not subscription.schedule and self._after(subscription) >= newest_in(self._gateway.pulse.height):
            return
        if sum(owner == subscription.organisation for owner, _ in self._running.values()) >= RUNNING_OF_ONE:
            return
        task = asyncio.create_task(self._run(subscription))
        self._running[subscription.id] = (subscription.organisation, task)
        task.add_done_callback(partial(self._ended, subscription.id))

    def _ended(self, identifier: str, task: asyncio.Task[None]) -> None:
        self._running.pop(identifier, None)
        if not task.cancelled() and task.exception() is not None:
            logger.error("fault in subscription %s", identifier, exc_info=task.exception())
        self._wake.set()

    async def _run(self, subscription: Subscription) -> None:
        """Send all that is new; each window that is taken is written down before the next is sent."""
        started = now_ms()
        reader = Reader(subscription.organisation, subscription.user)
        try:
            if not await self._aside(self._gateway.credentials.is_active, reader):
                await self._write(subscription._replace(due=started + INACTIVE_MS))
                return
            named = await self._aside(self._store.find_query, subscription.organisation, subscription.query)
            if named is None:
                return
            query = standing_query(named, subscription.initial)
            limit, reported, whole = EVENTS_AT_ONCE, False, False
            after = self._after(subscription)
            while not whole:
                page: Page = await self._aside(self._events.page, reader, query, limit=limit, beyond=after)
                whole = page.next is None
                empty = subscription.report_if_empty and whole and not reported
                if page.events or empty:
                    outcome = await self._send(subscription, page)
                    if outcome.status == 413 and len(page.events) > 1:
                        limit, whole = len(page.events) // 2, False
                        continue
                    if not outcome.taken:
                        await self._fail(subscription, outcome.reason)
                        return
                    reported = True
                    subscription = subscription._replace(
                        after=page.last, due=0, notified=now_ms(), failures=0, failure=""
                    )
                    await self._write(subscription)
                after = self._seen[subscription.id] = page.last
            if reported or subscription.schedule:
                due = next_due(subscription.schedule, now_ms())
                await self._write(subscription._replace(after=after, executed=started, due=due))
        except (Problem, Refused) as fault:
            await self._fail(subscription, fault.code)
        except Exception:
            logger.exception("fault in subscription %s", subscription.id)
            await self._fail(subscription, "http.fault")

    async def _send(self, subscription: Subscription, page: Page) -> Outcome:
        """What became of all messages of the page, or of the first that was not taken."""
        if not await self._aside(self._store.exists, subscription.id):
            return Outcome(0, "trace.epcis_subscription_unknown")
        manner, named = subscription.manner, subscription.query
        ledger = self._gateway.ledger
        sent = await self._aside(messages, ledger, page.events, manner, name=named, subscription=subscription.id)
        for body, headers in sent:
            secret = subscription.secret
            signed = {"GS1-Signature": sign(secret, body, int(time.time()))} if secret else {}
            outcome = await self._sender.send(subscription.target, body, headers | signed)
            if not outcome.taken:
                break
        return outcome

    async def _fail(self, subscription: Subscription, reason: str) -> None:
        """Try again later, from where the last window that was taken ended."""
        self._seen.pop(subscription.id, None)
        failures = subscription.failures + 1
        await self._write(subscription._replace(due=now_ms() + wait_ms(failures), failures=failures, failure=reason))

    def _after(self, subscription: Subscription) -> int:
        return max(subscription.after, self._seen.get(subscription.id, -1))

    async def _write(self, subscription: Subscription) -> None:
        await self._aside(self._store.change, subscription)

    async def _aside(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Do what computes or waits for the disk beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments, **named))
