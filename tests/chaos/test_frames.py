"""What the proxy reads and writes is what the client writes and reads."""

import asyncio
import struct
from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7

from benchmarks.chaos.frames import REFUSED, Api, correlation_of, refusal, request_of
from benchmarks.chaos.proxy import HOST, Act, Proxy, Rule
from engine.broker.embedded import free_port


def _request(api: int, body: bytes, correlation: int = 7, version: int = 7) -> bytes:
    client = b"a client"
    return struct.pack(">hhih", api, version, correlation, len(client)) + client + body


def test_a_refusal_names_every_partition_of_the_request() -> None:
    asked: Any = ProduceRequest_v7("app-decide-1", -1, 1000, [("a", [(0, b"xyz"), (3, b"")]), ("b", [(1, b"q")])])
    answer = refusal(request_of(_request(Api.PRODUCE, asked.encode())))
    assert correlation_of(answer) == 7
    decoded: Any = ProduceResponse_v7.decode(BytesIO(answer[4:]))
    refused = [(topic, [(each[0], each[1]) for each in partitions]) for topic, partitions in decoded.topics]
    assert refused == [("a", [(0, REFUSED), (3, REFUSED)]), ("b", [(1, REFUSED)])]


def test_an_unknown_version_is_no_guess() -> None:
    with pytest.raises(ValueError, match="version 9"):
        refusal(request_of(_request(Api.PRODUCE, b"", version=9)))


async def test_rules_hold_cut_and_let_pass() -> None:
    got: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while length := await reader.read(4):
            body = await reader.readexactly(struct.unpack(">i", length)[0])
            got.append(body)
            writer.write(struct.pack(">i", 4) + body[4:8])
        writer.close()

    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(free_port(), server.sockets[0].getsockname()[1])
    await proxy.start()
    held = proxy.add(Rule(Api.END_TXN, Act.HOLD_REQUEST, b"decide"))
    cut = proxy.add(Rule(Api.END_TXN, Act.CUT_ANSWER, b"publish"))
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    _send(writer, _request(Api.END_TXN, b"decide-1", 1))
    await asyncio.wait_for(held.hit.wait(), 5)
    assert got == []
    held.release(pass_on=True)
    assert await asyncio.wait_for(reader.readexactly(8), 5) == struct.pack(">ii", 4, 1)
    _send(writer, _request(Api.END_TXN, b"decide-1", 2))
    assert await asyncio.wait_for(reader.readexactly(8), 5) == struct.pack(">ii", 4, 2)
    _send(writer, _request(Api.END_TXN, b"publish", 3))
    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert cut.hits == 1
    assert len(got) == 3
    writer.close()
    await proxy.stop()
    server.close()


def _send(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(struct.pack(">i", len(body)) + body)
