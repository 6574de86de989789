"""A campaign's cap on a live broker, with workers killed in the middle, returns that give places back, and others that take them."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.cap import Plan, run_on
from tests.support.apache import ApacheBroker
from tests.support.brokers import Broker, seed_of, unique_name

SMALL = Plan(members=600, cap=100, kills=1)


@pytest.mark.apache
async def test_b14_two_workers_that_are_killed_award_exactly_the_cap(
    apache_broker: ApacheBroker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plan = replace(SMALL, seed=seed_of(request.node.name))
    report = await run_on(apache_broker, plan, unique_name(request.node.name), tmp_path)
    assert report.violations == []
    assert (report.awarded, report.reversed, report.awarded_again) == (100, 10, 10)


@pytest.mark.embedded
async def test_b14_one_worker_on_the_embedded_broker_does_too(
    embedded_broker: Broker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plan = replace(SMALL, seed=seed_of(request.node.name), workers=1)
    report = await run_on(embedded_broker, plan, unique_name(request.node.name), tmp_path)
    assert report.violations == []
