"""`python -m benchmarks.chaos [--long] [--seed N] [--broker apache|embedded]`: faults from a printed seed, then the count."""

import argparse
import asyncio
import logging
import random
import signal
import sys
from dataclasses import replace

from benchmarks.chaos.run import Plan, Report, drawn, drawn_embedded, run
from tests.support.apache import unavailable


def plan_of(broker: str, seed: int, *, long: bool) -> Plan:
    """The plan of a run; the long one with the timeouts of production."""
    if broker == "embedded":
        size = (12_000, 150, 60.0) if long else (1_500, 40, 30.0)
        return Plan(broker, seed, *size, drawn_embedded(seed, long=long))
    if long:
        return Plan(broker, seed, 24_000, 200, 25.0, drawn(seed, long=True))
    return Plan(broker, seed, 2_500, 60, 20.0, drawn(seed, long=False), session_ms=4_000, transaction_ms=5_000)


def show(report: Report) -> None:
    """Prints totals and the verdict."""
    plan = report.plan
    print(f"{plan.broker}, seed {plan.seed}: {report.seconds:.0f} s")
    for name, count in sorted(report.faults.items()):
        print(f"  {count} x {name}")
    codes = ", ".join(f"{count} x {code}" for code, count in sorted(report.exits.items()))
    print(f"  faults survived   {report.faults.total()} of {len(plan.faults)}")
    print(f"  inputs            {report.inputs:,} ({report.repeats:,} repeats, {report.dead_letters} unreadable)")
    print(f"  decisions         {report.decisions:,}")
    print(f"  outcomes          {report.outcomes:,}, {report.points:,} points")
    print(f"  exits by code     {codes}")
    print(f"  longest stall     {report.stall_s:.1f} s without a decision while some were owed")
    print(f"  longest held back {report.held_back_s:.1f} s by an open transaction")
    for text in report.violations:
        print(f"  VIOLATED {text}")
    if report.kept is not None:
        print(f"  logs and exports are kept in {report.kept}")
    verdict = (
        f"{len(report.violations)} VIOLATIONS" if report.violations else "exactly once: nothing lost, nothing twice"
    )
    print(f"{plan.broker}, seed {plan.seed}: {verdict}", flush=True)


async def _until_told(plan: Plan) -> Report:
    """Runs a plan; SIGTERM ends it like Ctrl-C, with all that it started."""
    running = asyncio.current_task()
    if running is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await run(plan, lambda text: print(text, flush=True))


def main() -> int:
    """Runs what is asked for; 1 where anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--long", action="store_true", help="every kind of fault, ten minutes and more")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--broker", choices=("apache", "embedded"), default=None, help="both by default")
    parser.add_argument("--only", default=None, help="a fault's name, to carry out that one alone (with --broker)")
    parser.add_argument("--times", type=int, default=1, help="with --only: how often")
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is away is what this is about
    seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    brokers = [given.broker] if given.broker else ["apache", "embedded"]
    failed = False
    for broker in brokers:
        if broker == "apache" and (reason := unavailable()):
            print(f"apache left out: {reason}")
            continue
        plan = plan_of(broker, seed, long=given.long)
        if given.only:
            plan = replace(plan, faults=(given.only,) * given.times)
        print(f"{broker}: seed {seed}, {plan.events:,} events, {len(plan.faults)} faults", flush=True)
        report = asyncio.run(_until_told(plan))
        show(report)
        failed = failed or bool(report.violations)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
