"""What the levels of a ladder ask for: the same for every event, so found once a ruleset."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.ruleset.model import Ladder
from engine.ruleset.tiers import Criterion


class LadderAsks(NamedTuple):
    """All that a ladder asks for. `main`: the points of its own account, which may be none (""); it is first of `criteria`, if any.

    `several`: whether more than `main` is asked, so that criteria are looked at one by one. `accounts` and `counts_events` are
    what `criteria` are of; `for_life`: the accounts that are asked for a tier that stands for ever. `numbers` are of the levels.
    """

    main: Criterion
    several: bool
    criteria: tuple[Criterion, ...]
    accounts: tuple[str, ...]
    counts_events: bool
    for_life: frozenset[str]
    numbers: Mapping[str, int]


def asks_of(ladder: Ladder) -> LadderAsks:
    """What a ladder asks for."""
    main = Criterion("account", ladder.account, 0)
    criteria = (*((main,) if ladder.account else ()), *_criteria(ladder, "reach", "stay", "for_life"))
    return LadderAsks(
        main=main,
        several=any(level.reach or level.stay or level.for_life for level in ladder.levels),
        criteria=criteria,
        accounts=tuple(dict.fromkeys(each.name for each in criteria if each.of == "account")),
        counts_events=any(each.of == "counter" for each in criteria),
        for_life=frozenset(each.name for each in _criteria(ladder, "for_life") if each.of == "account"),
        numbers={level.tier: number for number, level in enumerate(ladder.levels)},
    )


def _criteria(ladder: Ladder, *what: str) -> Iterator[Criterion]:
    """Level by level, what is asked for in these respects."""
    for level in ladder.levels:
        found = {"reach": level.reach, "stay": level.stay, "for_life": level.for_life}
        for name in what:
            criteria = found[name]
            for way in () if criteria is None else criteria.ways:
                yield from way
