import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.broker.clients import admin, consumer, idempotent_producer, probe, transactional_producer
from engine.broker.embedded import free_port
from engine.broker.settings import Settings, load_settings
from engine.errors import BrokerRefused, BrokerUnavailable
from tests.support.apache import PASSWORD, USERNAME, ApacheBroker


async def administer(settings: Settings) -> None:
    async with admin(settings) as kafka:
        await kafka.list_topics()


async def consume(settings: Settings) -> None:
    async with consumer(settings) as kafka:
        await kafka.topics()


async def produce(settings: Settings) -> None:
    producer = await idempotent_producer(settings)
    await producer.stop()


async def transact(settings: Settings) -> None:
    producer = await transactional_producer(settings, "t")
    await producer.stop()


every_client = pytest.mark.parametrize("use", [administer, consume, produce, transact, probe])
Use = Callable[[Settings], Awaitable[Any]]


@every_client
async def test_nobody_listening_is_said_with_the_address(use: Use) -> None:
    port = free_port()
    with pytest.raises(BrokerUnavailable, match=rf"127\.0\.0\.1:{port}.*Connect call failed"):
        await use(load_settings(bootstrap=f"127.0.0.1:{port}"))


async def test_an_unknown_host_is_said() -> None:
    with pytest.raises(BrokerUnavailable, match=r"no-such-host\.invalid:9092"):
        await administer(load_settings(bootstrap="no-such-host.invalid:9092"))


async def _swallow(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@every_client
async def test_one_that_accepts_but_never_answers_is_left_in_bounded_time(use: Use) -> None:
    server = await asyncio.start_server(_swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        with pytest.raises(BrokerUnavailable, match=r"no answer|did not answer"):
            await use(load_settings(bootstrap=f"127.0.0.1:{port}", request_timeout_ms=300))
    finally:
        server.close()
    assert loop.time() - began < 10


def sasl(broker: ApacheBroker, **given: object) -> Settings:
    account = {"sasl_username": USERNAME, "sasl_password": PASSWORD, "sasl_mechanism": "PLAIN"}
    return load_settings(
        **({"bootstrap": broker.sasl_bootstrap, "security_protocol": "SASL_PLAINTEXT"} | account | given)
    )


@pytest.mark.apache
@every_client
async def test_the_right_credentials_are_let_in(apache_broker: ApacheBroker, use: Use) -> None:
    await use(sasl(apache_broker))


@pytest.mark.apache
@every_client
async def test_wrong_credentials_are_refused_and_never_shown(apache_broker: ApacheBroker, use: Use) -> None:
    wrong = "wrong-and-hidden"
    with pytest.raises(BrokerRefused, match="SaslAuthenticationFailed") as refused:
        await use(sasl(apache_broker, sasl_password=wrong))
    assert "GUERDON_SASL_PASSWORD" in str(refused.value)
    assert wrong not in str(refused.value)


@pytest.mark.apache
async def test_a_mechanism_that_the_broker_does_not_speak_is_named(apache_broker: ApacheBroker) -> None:
    with pytest.raises(BrokerRefused, match=r"UnsupportedSaslMechanism.*GUERDON_SASL_MECHANISM"):
        await administer(sasl(apache_broker, sasl_mechanism="SCRAM-SHA-512"))


@pytest.mark.apache
async def test_no_credentials_for_a_listener_that_asks_for_them(apache_broker: ApacheBroker) -> None:
    plain = load_settings(bootstrap=apache_broker.sasl_bootstrap, request_timeout_ms=2000)
    with pytest.raises((BrokerUnavailable, BrokerRefused), match="GUERDON_SECURITY_PROTOCOL"):
        await administer(plain)


@pytest.mark.apache
async def test_tls_with_a_listener_that_has_none_is_named(apache_broker: ApacheBroker) -> None:
    settings = load_settings(bootstrap=apache_broker.bootstrap, security_protocol="SSL", request_timeout_ms=2000)
    with pytest.raises((BrokerUnavailable, BrokerRefused), match="GUERDON_SECURITY_PROTOCOL"):
        await administer(settings)
