"""Programmes with a ladder of tiers, and what is told of a member on it."""

from dataclasses import replace
from typing import Any

import orjson

from engine.core.calendar import Period
from engine.core.instants import parse
from engine.core.partitioning import partition_of
from engine.core.records import Row
from engine.decide.draft import Draft
from engine.decide.membership import finish, known_member
from engine.decide.tiers.progress import returned
from engine.ruleset.codec import sealed
from engine.ruleset.effects import AwardPoints, Rate
from engine.ruleset.limits import Counter
from engine.ruleset.matching import Rules
from engine.ruleset.model import Account, Ladder, Level
from engine.ruleset.tiers import Criterion, LadderRules, Validity
from engine.wire.rows import encode
from tests.support.journals import Log, enrolled, line, sale
from tests.support.programme import campaign, rules, ruleset

KEY = "member:M"
POINTS = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)
MILES = campaign("miles", AwardPoints(Rate(2, 100), "miles"))
ACCOUNTS = (Account("points", True, None, 1_000_000), Account("miles", True, None, None))
VISITS = Counter("visits", "transaction.completed", None, None, "one", None, Period(36, "months"))
LEVELS = (Level("blue", 0), Level("silver", 100), Level("gold", 1000))
END_OF_NEXT_YEAR = Validity("end_of_next_year", None, plus=Period(1, "months"))
ONE_MONTH = Validity(None, Period(1, "months"))


def account(name: str, least: int) -> Criterion:
    """Points of an account."""
    return Criterion("account", name, least)


def visits(least: int) -> Criterion:
    """A number of visits."""
    return Criterion("counter", "visits", least)


def ladder(*levels: Level, within: Any = "calendar_year", last: Period | None = None, **laws: Any) -> Ladder:
    """A ladder of the account `points`."""
    return Ladder("status", "points", within, levels or LEVELS, last, LadderRules(**laws) if laws else None)


def programme(made: Ladder, *campaigns: Any, **changes: Any) -> Rules:
    """A programme with this ladder alone."""
    whole = ruleset(*(campaigns or (POINTS,)), accounts=ACCOUNTS, **changes)
    return rules(sealed(replace(whole, ladders=(made,), messages=())))


def at(text: str) -> int:
    """An instant; of a day its noon."""
    return parse(text if "T" in text else f"{text}T12:00:00Z")


def begin(made: Ladder, *campaigns: Any, enrolled_on: str = "2025-03-10", **changes: Any) -> Log:
    """A member who is enrolled."""
    return Log(programme(made, *campaigns, **changes)).feed(enrolled("M", time_ms=at(enrolled_on)))


def buy(log: Log, day: str, points: int, **data: Any) -> None:
    """The member buys for so many units of money."""
    log.feed(sale("M", f"T{day}{points}", line(1, points * 100), time_ms=at(day), **data))


def go(log: Log, day: str) -> Log:
    """Moves the clocks there at once, so that all that was missed is made up for."""
    return log.tick(at(day))


def told(log: Log) -> list[tuple[str, str, str | None, str]]:
    """What happened to the tier, in order: the day, the kind, and from where to where."""
    kinds = ("tier.joined", "tier.upgraded", "tier.downgraded", "tier.retained", "tier.will_downgrade")
    found = []
    for _, _, value in log.topics["tier-changes"]:
        each = decoded(value)
        if each["type"] in kinds:
            data = each["data"]
            found.append((each["time"][:16], each["type"][5:], data["tier_before"], data["tier_after"]))
    return found[1:]  # everybody joins first


def decoded(value: bytes) -> Any:
    """An outcome."""
    return orjson.loads(value)


def standing(log: Log) -> Any:
    """Where the member stands."""
    return log.row(KEY)["ladders"]["status"]


def last_progress(log: Log) -> tuple[int, int, str]:
    """What was told last: qualified, missing, and of what."""
    data = log.data("tier.progress_changed")[-1]
    return data["qualified"], data["missing"], data["unit"]


class AsKept(dict[str, Row]):
    """The rows of a log as a step reads them."""

    def scan(self, prefix: str) -> list[str]:
        return sorted(key for key in self if key.startswith(prefix))

    def due_ms(self, _key: str) -> int | None:
        return None


def give_back(log: Log, made: Ladder, earned_on: str, points: int, *, on: str = "") -> list[str]:
    """A return of points as its step calls it, written as a transaction would; what happened to the tier."""
    active = programme(made)
    rows = AsKept({key: orjson.loads(value) for key, value in log.rows().items()})
    cause = f"return {earned_on} {points}"
    draft = Draft(rows, KEY, cause, cause, at(on or earned_on), 0, active, lambda _: active)
    member = known_member(draft)
    returned(draft, member, {"points": points}, at(earned_on))
    finish(draft, member)
    decision = draft.done()
    number = partition_of(KEY, len(log.partitions))
    for key, kept in decision.rows.items():
        log.state[number][key.encode()] = (None, None) if kept is None else (encode(kept.row), kept.due_ms)
    log.crash(number)
    return [f"{each.type} {each.data['tier_before']} {each.data['tier_after']}" for each in decision.outcomes]
