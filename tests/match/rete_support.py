"""Rulesets of a few campaigns, and the mark of tests that need durable-rules."""

from collections.abc import Iterable, Mapping

import pytest

from engine.core.calendar import Zone
from engine.match import rete
from engine.ruleset.conditions import Condition, LineSet
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.model import Account, Campaign, Earning, Programme, Ruleset, TimeRules

needs_engine = pytest.mark.skipif(
    not rete.installed(),
    reason="LEFT OUT: the rete matcher was not held to the plain one, since durable-rules is not installed "
    "(pip install '.[rete]': needs a C compiler, and Python before 3.13)",
)


def campaign(name: str, when: Condition | None, sets: Mapping[str, LineSet] | None = None) -> Campaign:
    return Campaign(
        name=name,
        title="",
        on="transaction.completed",
        from_ms=None,
        until_ms=None,
        audience=None,
        line_sets=sets or {},
        when=when,
        then=(AwardPoints(Fixed(1), "points"),),
        otherwise=(),
        base=False,
        priority=0,
        state="live",
    )


def ruleset(campaigns: Iterable[Campaign]) -> Ruleset:
    account = Account("points", spendable=True, expires=None, worth_micro=None)
    programme = Programme(
        name="p",
        zone=Zone("UTC", (0,), (0,)),
        currency="USD",
        minor_digits=2,
        accounts=(account,),
        attributes=(),
        earning=Earning("amount", None),
        time=TimeRules("wall", 0, "refuse", 0),
        transaction_key=("transaction_id",),
        modules=(),
    )
    return Ruleset("", 1, programme, tuple(campaigns), (), ())
