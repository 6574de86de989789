"""The short chaos runs: faults from a printed seed while inputs are fed, then everything counted from the topics alone."""

import os

import pytest

from benchmarks.chaos.__main__ import plan_of, show
from benchmarks.chaos.run import run
from tests.conftest import SKIPPED
from tests.support.apache import unavailable

pytestmark = pytest.mark.chaos


@pytest.mark.apache
async def test_two_workers_on_apache_kafka_stay_exact_through_faults(seed: int) -> None:
    reason = unavailable()
    if reason and os.environ.get("GUERDON_TEST_APACHE") == "require":
        pytest.fail(reason)
    if reason:
        pytest.skip(f"{SKIPPED}: {reason}")
    await _exact("apache", seed)


@pytest.mark.embedded
async def test_one_worker_on_the_embedded_broker_stays_exact_through_kills_and_restarts(seed: int) -> None:
    await _exact("embedded", seed)


async def _exact(broker: str, seed: int) -> None:
    report = await run(plan_of(broker, seed % (1 << 31), long=False))
    show(report)
    assert report.violations == []
    assert report.faults.total() == len(report.plan.faults)
    assert report.decisions > 1_000
