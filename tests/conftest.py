"""Fixtures of every test: brokers (one of each kind a session), settings of a deployment of one's own, seeds."""

import os
import random
from collections.abc import Iterator

import pytest

from engine.broker import topics
from engine.broker.settings import Settings
from tests.support.apache import ApacheBroker, fetched_jars, unavailable
from tests.support.brokers import Broker, Embedded, blocking, broker_settings, dissolve, seed_of, unique_name

SKIPPED = "APACHE KAFKA WAS NOT TESTED"


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """Tests say their settings themselves; the developer's own must not leak in."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "KAFKA_BOOTSTRAP" or (name.startswith("GUERDON_") and not name.startswith("GUERDON_TEST_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The session's embedded broker."""
    broker = Embedded(tmp_path_factory.mktemp("embedded-broker"))
    blocking(broker.start)
    yield broker
    blocking(broker.stop)


@pytest.fixture(scope="session")
def apache_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheBroker]:
    """The session's Apache Kafka; skips where Java or Maven are missing, fails there with GUERDON_TEST_APACHE=require."""
    reason = unavailable()
    if reason and os.environ.get("GUERDON_TEST_APACHE") == "require":
        pytest.fail(reason)
    if reason:
        pytest.skip(f"{SKIPPED}: {reason}")
    broker = ApacheBroker(tmp_path_factory.mktemp("apache-broker"), fetched_jars())
    blocking(broker.start)
    yield broker
    blocking(broker.stop)


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("apache", marks=pytest.mark.apache)]
)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Each kind of broker in turn, running; a test may kill it, it is started again afterwards."""
    found: Broker = request.getfixturevalue(f"{request.param}_broker")
    blocking(found.start)
    yield found
    blocking(found.start)


@pytest.fixture
def settings(request: pytest.FixtureRequest, broker: Broker) -> Iterator[Settings]:
    """A deployment of the test's own on `broker`: prefix, ids, 4 partitions. Its topics do not exist yet."""
    made = broker_settings(broker, unique_name(request.node.name))
    yield made
    blocking(broker.start)
    blocking(lambda: dissolve(made))


@pytest.fixture
def deployment(settings: Settings) -> Settings:
    """`settings`, with all topics created."""
    applied = blocking(lambda: topics.apply(settings))
    assert applied.remaining == ()
    return settings


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The test's seed, printed; give GUERDON_TEST_SEED to repeat a run."""
    return seed_of(request.node.nodeid)


@pytest.fixture
def rng(seed: int) -> random.Random:
    """A random generator from the test's seed."""
    return random.Random(seed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly, after everything else, that half of the brokers were left out."""
    skipped = [each for each in terminalreporter.stats.get("skipped", []) if SKIPPED in str(each.longrepr)]
    if skipped:
        terminalreporter.section(SKIPPED, sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped: {skipped[0].longrepr[-1]}")
