"""What the broker's errors mean for the caller: try again later (BrokerUnavailable) or mend something (BrokerRefused)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import errors as kafka_errors
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from engine.broker.settings import Settings, client_options
from engine.errors import BrokerRefused, BrokerUnavailable, EngineError

DIAGNOSE_TIMEOUT_S = 5.0

REFUSALS = (
    kafka_errors.SaslAuthenticationFailed,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
    kafka_errors.AuthenticationFailedError,
    kafka_errors.AuthenticationMethodNotSupported,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.GroupAuthorizationFailedError,
    kafka_errors.ClusterAuthorizationFailedError,
    kafka_errors.TransactionalIdAuthorizationFailed,
    kafka_errors.CommitFailedError,  # a group used without membership has members
    kafka_errors.PolicyViolationError,
    kafka_errors.InvalidTransactionTimeout,
    kafka_errors.UnsupportedVersionError,
    kafka_errors.IncompatibleBrokerVersion,
)


@asynccontextmanager
async def named_errors(settings: Settings, doing: str) -> AsyncIterator[None]:
    """Turns errors of aiokafka and the network into BrokerUnavailable or BrokerRefused, naming what was done and where."""
    try:
        yield
    except EngineError:
        raise
    except kafka_errors.KafkaConnectionError as error:
        # aiokafka only logs why it could not connect, so ask once more and listen.
        raise await diagnose(settings, doing, error) from error
    except kafka_errors.KafkaError as error:
        raise named(settings, doing, error) from error
    except (OSError, TimeoutError) as error:
        raise BrokerUnavailable(f"{doing}: {settings.bootstrap} did not answer ({_text(error)})") from error


def named(settings: Settings, doing: str, error: Exception) -> EngineError:
    """The exception of ours for one of aiokafka's."""
    where = f"{doing}: the broker at {settings.bootstrap}"
    if isinstance(error, REFUSALS):
        return BrokerRefused(f"{where} refused: {_text(error)}{_hint(error)}")
    lasting = isinstance(error, kafka_errors.BrokerResponseError) and not error.retriable
    return (
        BrokerRefused(f"{where} refused: {_text(error)}") if lasting else BrokerUnavailable(f"{where}: {_text(error)}")
    )


async def diagnose(settings: Settings, doing: str, error: Exception) -> EngineError:
    """Connects once to each address to learn why no connection could be made."""
    reasons = []
    for address in client_options(settings)["bootstrap_servers"]:
        reason = await _reason(settings, address)
        if isinstance(reason, BrokerRefused):
            return BrokerRefused(f"{doing}: {reason}")
        reasons.append(f"{address}: {reason}" if reason else f"{address}: {_text(error)}, but it answers now")
    return BrokerUnavailable(f"{doing}: cannot reach the broker; " + "; ".join(reasons))


async def _reason(settings: Settings, address: str) -> BrokerRefused | str | None:
    """Why this address does not serve us; None where it does."""
    options = client_options(settings)
    del options["bootstrap_servers"], options["request_timeout_ms"]
    host, _, port = address.rpartition(":")
    connection: AIOKafkaConnection | None = None
    try:
        async with asyncio.timeout(DIAGNOSE_TIMEOUT_S):
            connection = await create_conn(host, int(port), **options)
            await connection.send(MetadataRequest([]))
    except REFUSALS as error:
        return BrokerRefused(f"the broker at {address} refused: {_text(error)}{_hint(error)}")
    except ssl.SSLError as error:
        return BrokerRefused(
            f"TLS with {address} failed: {error}; see GUERDON_TLS_CA_FILE and GUERDON_SECURITY_PROTOCOL"
        )
    except TimeoutError:
        return f"no answer within {DIAGNOSE_TIMEOUT_S:.0f} s"
    except (kafka_errors.KafkaConnectionError, ConnectionResetError) as error:
        return f"{_text(error)}; does this listener speak {settings.security_protocol}? (GUERDON_SECURITY_PROTOCOL)"
    except (kafka_errors.KafkaError, OSError) as error:
        return _text(error)
    finally:
        if connection is not None:
            connection.close()
    return None


def _hint(error: Exception) -> str:
    if isinstance(error, kafka_errors.SaslAuthenticationFailed | kafka_errors.AuthenticationFailedError):
        return "; see GUERDON_SASL_USERNAME and GUERDON_SASL_PASSWORD"
    if isinstance(error, kafka_errors.UnsupportedSaslMechanismError):
        return "; see GUERDON_SASL_MECHANISM"
    return ""


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
