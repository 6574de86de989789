"""The faults on Apache Kafka with two workers, each a short script over the world. Adding one is adding a line to the table.

A fault raises Violation where what must happen by itself did not; whether anything was lost is counted afterwards.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable

from benchmarks.chaos.frames import Api
from benchmarks.chaos.processes import GUERDON, Worker
from benchmarks.chaos.proxy import Act
from benchmarks.chaos.world import BURST, Violation, World

Fault = Callable[[World], Awaitable[None]]
BEYOND_S = 3.0  # so long beyond the session
REST_S = 1.0  # the feeder's last chunk, a worker's last commit
PUBLISHER = "publisher"


async def kill(world: World) -> None:
    """A worker killed at work."""
    world.feeder.burst(BURST)
    await asyncio.sleep(world.rng.random())
    victim = world.one()
    victim.send(signal.SIGKILL)
    await victim.ended()


async def kill_with_open_transaction(world: World) -> None:
    """A worker killed between sending and committing: its transactions stay open, others wait for their end."""
    victim = world.one()
    rule = world.rule(victim, Api.END_TXN, Act.HOLD_REQUEST, world.deciding, times=None)
    await world.hit(rule)
    await asyncio.sleep(0.3)
    victim.send(signal.SIGKILL)
    await victim.ended()
    rule.release(pass_on=False)


async def terminate_in_mid_transaction(world: World) -> None:
    """SIGTERM while a transaction is open: the batch is finished, the exit code 0."""
    victim = world.one()
    rule = world.rule(victim, Api.END_TXN, Act.HOLD_REQUEST, world.deciding, times=None)
    await world.hit(rule)
    victim.send(signal.SIGTERM)
    await asyncio.sleep(0.5)
    rule.release(pass_on=True)
    code = await victim.ended()
    if code != 0:
        raise Violation(f"{victim.name} ended with {code} after SIGTERM in mid-transaction")


async def stop_beyond_session(world: World) -> None:
    """A worker stopped for longer than its session, then continued: a zombie."""
    victim = world.one()
    world.feeder.burst(BURST)
    victim.send(signal.SIGSTOP)
    await asyncio.sleep(world.settings.session_timeout_ms / 1000 + BEYOND_S)
    victim.send(signal.SIGCONT)


async def stop_between_send_and_commit(world: World) -> None:
    """A worker stopped with a transaction open, continued after the other took over: it must not commit any more."""
    victim, other = world.pair()
    rule = world.rule(victim, Api.END_TXN, Act.HOLD_REQUEST, world.deciding, times=None)
    await world.hit(rule)
    await _stopped_until_taken_over(world, victim, other)
    rule.release(pass_on=True)


async def lose_commit_answer_and_take_over(world: World) -> None:
    """The commit is done and the answer lost, while the other takes over: the worker must not decide it again."""
    victim, other = world.pair()
    rule = world.rule(victim, Api.END_TXN, Act.HOLD_ANSWER, world.deciding, times=None)
    await world.hit(rule)
    await asyncio.sleep(0.3)
    await _stopped_until_taken_over(world, victim, other)
    rule.release(pass_on=False)


async def lose_commit_answer(world: World) -> None:
    """The commit is done and the connection ends before the answer."""
    rule = world.rule(world.one(), Api.END_TXN, Act.CUT_ANSWER, world.deciding)
    await world.hit(rule)


async def refuse_batch_of_decisions(world: World) -> None:
    """The broker refuses a batch in mid-transaction: nothing of it may be committed, the worker exits."""
    victim = world.one()
    mark = victim.mark()
    rule = world.rule(victim, Api.PRODUCE, Act.REFUSE, world.deciding)
    await world.hit(rule)
    await world.until(f"{victim.name} exits after a refused batch", lambda: bool(victim.said("ending", mark)), 40.0)


async def refuse_batch_of_intake(world: World) -> None:
    """The broker refuses a batch of intake: what follows it must not be written before it."""
    victim = world.one()
    mark = victim.mark()
    rule = world.rule(victim, Api.PRODUCE, Act.REFUSE, world.topic("journal"), lacks=world.deciding)
    await world.hit(rule)
    await world.until(f"{victim.name} exits after a refused batch", lambda: bool(victim.said("ending", mark)), 40.0)


async def cut_in_mid_transaction(world: World) -> None:
    """Connections end in mid-transaction, before the broker has a batch or after: tried again, nothing twice."""
    victim = world.one()
    rules = [
        world.rule(victim, Api.PRODUCE, Act.CUT_REQUEST, world.deciding),
        world.rule(victim, Api.PRODUCE, Act.CUT_ANSWER, world.deciding),
        world.rule(victim, Api.ADD_PARTITIONS, Act.CUT_ANSWER, world.deciding),
        world.rule(victim, Api.PRODUCE, Act.CUT_ANSWER, world.topic("journal"), lacks=world.deciding),
    ]
    for rule in rules:
        await world.hit(rule)


async def cut_off(world: World) -> None:
    """A worker that reaches the broker no more for longer than its session, then again."""
    victim = world.one()
    world.feeder.burst(BURST)
    world.proxies[victim.name].freeze()
    await asyncio.sleep(world.settings.session_timeout_ms / 1000 + BEYOND_S)
    world.proxies[victim.name].thaw()


async def slow_coordinator_before_any_commit(world: World) -> None:
    """A new group that never committed, whose coordinator answers late while the second worker joins."""
    first, second = world.pair()
    await asyncio.gather(first.stop(), second.stop())
    world.groups += 1
    group = f"{world.settings.app_id}-members-{world.groups}"
    for worker in (first, second):
        worker.environment["GUERDON_MEMBERSHIP_GROUP"] = group
        world.rule(worker, Api.OFFSET_COMMIT, Act.CUT_REQUEST, group.encode(), times=None)
        for api in (Api.JOIN_GROUP, Api.SYNC_GROUP):
            world.rule(worker, api, Act.DELAY_ANSWER, times=None, delay_s=1.5 + world.rng.random())
    mark = first.mark()
    first.start()
    await world.until(f"{first.name} has partitions", lambda: bool(first.said("assigned", mark)), 60.0)
    world.feeder.burst(2 * BURST)
    mark = second.mark()
    second.start()
    await world.until(f"{second.name} has partitions", lambda: bool(second.said("assigned", mark)), 60.0)
    world.feeder.burst(BURST)
    await asyncio.sleep(2.0)


async def rebalance_during_restore(world: World) -> None:
    """The group changes twice while a worker restores its rows."""
    victim, other = world.pair()
    world.rule(victim, Api.FETCH, Act.DELAY_ANSWER, world.topic("state"), times=None, delay_s=1.5)
    mark = victim.mark()
    victim.send(signal.SIGKILL)
    await world.until(f"{victim.name} has partitions", lambda: bool(victim.said("assigned", mark)), 90.0)
    world.feeder.burst(BURST)
    other.send(signal.SIGTERM)
    await asyncio.sleep(5.0)


async def restart_broker(world: World) -> None:
    """The broker stopped and started."""
    world.feeder.burst(BURST)
    await asyncio.sleep(world.rng.random())
    await world.broker.stop()
    await world.broker.start()


async def kill_broker(world: World) -> None:
    """The broker killed and started."""
    world.feeder.burst(BURST)
    await asyncio.sleep(world.rng.random())
    world.broker.kill()
    await world.broker.start()


async def leader_gone(world: World) -> None:
    """No leader for a minute."""
    world.feeder.burst(BURST)
    await asyncio.sleep(world.rng.random())
    world.broker.kill()
    await asyncio.sleep(60.0)
    await world.broker.start()


async def kill_publish(world: World) -> None:
    """`guerdon rules publish` killed before its commit, which holds back everybody's view, then done."""
    rule = world.rule_at(PUBLISHER, Api.END_TXN, Act.HOLD_REQUEST)
    killed = await _publishing(world)
    await asyncio.wait_for(rule.hit.wait(), 60.0)
    with contextlib.suppress(ProcessLookupError):
        killed.kill()
    await killed.communicate()
    world.feeder.burst(BURST)
    await asyncio.sleep(1.0)
    rule.release(pass_on=False)
    publishing = await _publishing(world)
    _, said = await publishing.communicate()
    if publishing.returncode != 0:
        raise Violation(f"publishing again ended with {publishing.returncode}: {said.decode(errors='replace')}")


async def _publishing(world: World) -> asyncio.subprocess.Process:
    address = f"127.0.0.1:{world.proxies[PUBLISHER].port}"
    return await asyncio.create_subprocess_exec(
        *GUERDON,
        "rules",
        "publish",
        "--again",
        env={**os.environ, **world.environment, "GUERDON_BOOTSTRAP": address},
        cwd=world.root,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _stopped_until_taken_over(world: World, victim: Worker, other: Worker) -> None:
    mark = other.mark()
    victim.send(signal.SIGSTOP)
    try:
        await world.taken_over(other, mark)
    finally:
        victim.send(signal.SIGCONT)


FAULTS: dict[str, Fault] = {
    "kill -9": kill,
    "kill -9 with an open transaction": kill_with_open_transaction,
    "SIGTERM in mid-transaction": terminate_in_mid_transaction,
    "SIGSTOP beyond the session": stop_beyond_session,
    "SIGSTOP between send and commit, takeover": stop_between_send_and_commit,
    "commit answer lost, takeover": lose_commit_answer_and_take_over,
    "commit answer lost, connection cut": lose_commit_answer,
    "batch of decisions refused": refuse_batch_of_decisions,
    "batch of intake refused": refuse_batch_of_intake,
    "connections cut in mid-transaction": cut_in_mid_transaction,
    "worker cut off beyond the session": cut_off,
    "rebalance before any commit, slow coordinator": slow_coordinator_before_any_commit,
    "rebalance during a restore": rebalance_during_restore,
    "broker restarted": restart_broker,
    "broker killed": kill_broker,
    "rules publish killed half-way": kill_publish,
    "no leader for 60 s": leader_gone,
}
LONG_ONLY = frozenset({"no leader for 60 s"})
ALWAYS = ("commit answer lost, takeover", "SIGSTOP between send and commit, takeover", "batch of decisions refused")


async def terminate(world: World) -> None:
    """A worker stopped as told: exit code 0."""
    victim = world.one()
    world.feeder.burst(BURST)
    await asyncio.sleep(world.rng.random())
    victim.send(signal.SIGTERM)
    code = await victim.ended()
    if code != 0:
        raise Violation(f"{victim.name} ended with {code} after SIGTERM")


async def restart_resting_broker(world: World) -> None:
    """The broker stopped and started while nothing is written: what it acknowledges while it stops is lost."""
    world.feeder.burst(BURST)
    await asyncio.sleep(1.0)
    world.feeder.pause()
    try:
        await asyncio.sleep(REST_S)
        await world.well()
        await asyncio.sleep(REST_S)
        await world.broker.stop()
        await world.broker.start()
    finally:
        world.feeder.go_on()


# One worker on the embedded broker. What that broker promises is said in its docstring.
EMBEDDED_FAULTS: dict[str, Fault] = {
    "kill -9": kill,
    "broker restarted": restart_resting_broker,
    "SIGTERM": terminate,
}
