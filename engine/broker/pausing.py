"""A consumer for the embedded broker, which answers a fetch at once where there is nothing to give.

Kafka's brokers hold an empty fetch back for `fetch_max_wait_ms`. Without that the client asks thousands of times a second: an idle
worker took a third of a core.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer

from engine.broker.aborts import OwnAborts
from engine.broker.settings import Settings

PAUSE_S = 0.02  # what it may cost in latency; 50 empty fetches a second cost 2 % of a core


class PausingConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """Waits a little after each fetch that brought nothing."""

    async def start(self) -> None:
        """Starts it; raises what the consumer's own start raises."""
        await super().start()
        fetcher = self._fetcher
        aborts = OwnAborts()
        fetch = fetcher._proc_fetch_request  # noqa: SLF001 - there is no public place between two fetches

        async def fetch_and_pause(*request: Any) -> bool:  # noqa: ANN401 - passed on as given
            found: bool = await fetch(*request)
            aborts.heed(fetcher)
            if not found:
                try:
                    await asyncio.sleep(PAUSE_S)
                except asyncio.CancelledError:  # as aiokafka ends a fetch that nobody waits for any more
                    return False
            return found

        fetcher._proc_fetch_request = fetch_and_pause  # noqa: SLF001 - as above


def consumer_class(settings: Settings) -> type[AIOKafkaConsumer]:
    """The consumer that suits the deployment's broker."""
    chosen: type[AIOKafkaConsumer] = PausingConsumer if settings.embedded else AIOKafkaConsumer
    return chosen
