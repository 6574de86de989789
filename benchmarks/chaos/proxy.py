"""A proxy between one worker and the broker, on loopback: passes frames on, and holds, delays, refuses or cuts what rules name.

The broker has a listener for each proxy and advertises the proxy's port there, so no answer needs rewriting.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import Enum

from benchmarks.chaos.frames import Api, Request, correlation_of, read_frame, refusal, request_of, write_frame

HOST = "127.0.0.1"


class Act(Enum):
    """What is done to a request or its answer."""

    HOLD_REQUEST = "the broker does not get it before it is released"
    HOLD_ANSWER = "the broker has done it, the client does not know"
    DELAY_ANSWER = "the answer comes later"
    CUT_REQUEST = "the connection ends before the broker has it"
    CUT_ANSWER = "the connection ends after the broker has done it"
    REFUSE = "the broker says no and has done nothing"


@dataclass(eq=False, slots=True)
class Rule:
    """What is done to requests of a kind: to the first `times` of them, to all where it is None.

    `contains` and `lacks` look at the request's bytes: ids and topics stand in them in clear. What was held is cut on
    `release`, unless it is passed on.
    """

    api: Api
    act: Act
    contains: bytes = b""
    lacks: bytes | None = None
    times: int | None = 1
    delay_s: float = 0.0
    hits: int = 0
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    pass_on: bool = False

    def matches(self, request: Request) -> bool:
        """Whether it is about this request."""
        return (
            request.api == self.api
            and not self.released.is_set()
            and (self.times is None or self.hits < self.times)
            and self.contains in request.body
            and (self.lacks is None or self.lacks not in request.body)
        )

    def release(self, *, pass_on: bool) -> None:
        """Lets go of what is held, and ends the rule."""
        self.pass_on = pass_on
        self.released.set()


class Proxy:
    """Listens on `port`, passes on to `upstream`."""

    def __init__(self, port: int, upstream: int) -> None:
        self.port = port
        self._upstream = upstream
        self._rules: list[Rule] = []
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Starts listening."""
        self._server = await asyncio.start_server(self._connected, HOST, self.port)

    async def stop(self) -> None:
        """Ends all connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def add(self, rule: Rule) -> Rule:
        """Puts a rule in force."""
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Ends all rules, what they hold is cut; lets everything through."""
        for rule in self._rules:
            if not rule.released.is_set():
                rule.release(pass_on=False)
        self._rules.clear()
        self.thaw()

    def freeze(self) -> None:
        """Passes nothing on in either direction; connections stay open."""
        self._open.clear()

    def thaw(self) -> None:
        """Passes on again."""
        self._open.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("connections are served by tasks")
        self._connections.add(task)
        try:
            await self._open.wait()
            upstream = await asyncio.open_connection(HOST, self._upstream)
            await _Connection(self, (reader, writer), upstream).run()
        except (OSError, asyncio.CancelledError):
            pass  # The broker is away, or the run ends: the client sees a closed connection.
        finally:
            writer.close()
            self._connections.discard(task)

    def rule_for(self, request: Request) -> Rule | None:
        """The first rule about a request, counted as hit."""
        for rule in self._rules:
            if rule.matches(request):
                rule.hits += 1
                rule.hit.set()
                return rule
        return None

    async def passable(self) -> None:
        """Returns when anything may pass."""
        await self._open.wait()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Cut(Exception):
    """The connection ends here."""


class _Connection:
    def __init__(self, proxy: Proxy, client: Ends, broker: Ends) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_broker, self._to_broker = broker
        self._answers: dict[int, Rule] = {}
        self._writing = asyncio.Lock()

    async def run(self) -> None:
        tasks = {asyncio.create_task(self._requests()), asyncio.create_task(self._replies())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError, OSError, _Cut):
                    await task
            self._to_broker.close()

    async def _requests(self) -> None:
        while (body := await read_frame(self._from_client)) is not None:
            await self._proxy.passable()
            request = request_of(body)
            rule = self._proxy.rule_for(request)
            if rule is not None and await self._done_for(rule, request):
                continue
            await write_frame(self._to_broker, body)

    async def _done_for(self, rule: Rule, request: Request) -> bool:
        """Acts on a request; True where the broker does not get it."""
        match rule.act:
            case Act.HOLD_REQUEST:
                await rule.released.wait()
                if not rule.pass_on:
                    raise _Cut
                return False
            case Act.CUT_REQUEST:
                raise _Cut
            case Act.REFUSE:
                async with self._writing:
                    await write_frame(self._to_client, refusal(request))
                return True
            case _:
                self._answers[request.correlation] = rule
                return False

    async def _replies(self) -> None:
        while (body := await read_frame(self._from_broker)) is not None:
            await self._proxy.passable()
            rule = self._answers.pop(correlation_of(body), None)
            if rule is not None:
                await self._done_to_answer(rule)
            async with self._writing:
                await write_frame(self._to_client, body)

    async def _done_to_answer(self, rule: Rule) -> None:
        match rule.act:
            case Act.HOLD_ANSWER:
                await rule.released.wait()
                if not rule.pass_on:
                    raise _Cut
            case Act.CUT_ANSWER:
                raise _Cut
            case Act.DELAY_ANSWER:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(rule.released.wait(), rule.delay_s)
