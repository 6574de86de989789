import asyncio
import os
from pathlib import Path

import pytest

from engine.broker import embedded
from engine.broker.clients import probe
from engine.broker.embedded import EmbeddedBroker, embedded_settings, free_port, listening
from engine.errors import BrokerUnavailable, UsageError

pytestmark = pytest.mark.embedded


async def test_it_answers_when_started_and_is_gone_when_stopped(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "data")
    assert broker.pid is None
    async with broker:
        assert broker.pid is not None
        await probe(embedded_settings(broker.bootstrap))
        assert await broker.start() is broker  # started already
    assert not broker.alive()
    assert not listening(broker.port)


async def test_a_killed_one_is_gone_at_once_and_no_other_process_serves_on(tmp_path: Path) -> None:
    broker = await EmbeddedBroker(tmp_path).start()
    pid = broker.pid
    assert pid is not None
    broker.kill()
    assert not listening(broker.port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await broker.start()
    assert broker.pid != pid
    await broker.stop()


async def test_a_missing_program_is_a_matter_of_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PACKAGE", "no_such_package")
    with pytest.raises(UsageError, match="noida-db is not installed"):
        await EmbeddedBroker(tmp_path).start()


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    async with EmbeddedBroker(tmp_path / "first") as first:
        second = EmbeddedBroker(tmp_path / "second", port=first.port)
        with pytest.raises(UsageError, match=f"port {first.port} is taken"):
            await second.start()
        assert not second.alive()


async def test_one_that_ends_at_once_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no space left on device\nexit 1\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(embedded, "program", lambda: str(program))
    with pytest.raises(BrokerUnavailable, match=r"ended at once.*\n.*no space left"):
        await EmbeddedBroker(tmp_path / "data").start()


async def test_a_free_port_is_free() -> None:
    port = free_port()
    assert not listening(port)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    assert listening(port)
    server.close()
