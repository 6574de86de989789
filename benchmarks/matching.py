"""What matching an event costs, by the number of campaigns: both matchers of ours, and two other engines on the same rules.

All must find the same campaigns for every event. Each figure is CPU time, the median of several rounds over the same events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.table import Table

from benchmarks.matching_mix import baskets, facts, offers, ruleset
from benchmarks.matching_others import Answer, Hits, documented, zen
from benchmarks.timing import elapsed_s, median_us
from engine.match import rete
from engine.match.plain import PlainMatcher
from engine.ruleset.matching import Facts, Matcher

SIZES = (10, 100, 1_000, 10_000)
EVENTS = 1_000
SEED = 7
ROUNDS = 15
FEW_EVENTS = {1_000: 100, 10_000: 20}  # for engines whose cost follows the number of campaigns
FEW_ROUNDS = 3
LIMIT_S = 60.0  # for durable-rules as documented, which hangs on many values
AIM_US = 10.0  # at 1,000 campaigns, the best of ours
AIM_GROWTH = 2.0  # from 1,000 to 10,000


@dataclass(frozen=True, slots=True)
class Size:
    """One number of campaigns; microseconds an event. A text says why there is no figure."""

    campaigns: int
    hits: float  # an event, on average
    plain_us: float
    rete_us: float | str
    documented_us: float | str
    zen_us: float | str
    plain_s: float  # on the clock, to make the matcher
    rete_s: float | str


def measure(count: int = EVENTS) -> list[Size]:
    """Measures every size. Asserts that all engines agree."""
    return [_size(campaigns, count) for campaigns in SIZES]


def _size(campaigns: int, count: int) -> Size:
    made, events = offers(campaigns, SEED), baskets(campaigns, count, SEED)
    rules, asked = ruleset(made), [facts(event) for event in events]
    matchers: list[Matcher] = []
    plain_s = elapsed_s(lambda: matchers.append(PlainMatcher(rules)))
    hits = _hits(matchers[0], asked)
    plain_us = median_us(partial(_ask, matchers[0], asked), count, ROUNDS)  # before others fill the caches
    rete_us: float | str = "durable-rules is not installed"
    rete_s: float | str = rete_us
    if rete.installed():
        rete_s = elapsed_s(lambda: matchers.append(rete.ReteMatcher(rules)))
        _agree("rete", _hits(matchers[1], asked), hits)
        rete_us = median_us(partial(_ask, matchers[1], asked), count, FEW_ROUNDS)
    few = FEW_EVENTS.get(campaigns, count)
    as_documented = documented(campaigns, few, SEED, LIMIT_S) if rete.installed() else str(rete_us)
    return Size(
        campaigns=campaigns,
        hits=sum(map(len, hits)) / count,
        plain_us=plain_us,
        rete_us=rete_us,
        documented_us=_us("durable-rules", as_documented, hits),
        zen_us=_us("zen-engine", zen(made, events[:few], FEW_ROUNDS), hits),
        plain_s=plain_s,
        rete_s=rete_s,
    )


def _us(name: str, answer: Answer | str, hits: Hits) -> float | str:
    if isinstance(answer, str):
        return answer
    _agree(name, answer.hits, hits[: len(answer.hits)])
    return answer.us


def _ask(matcher: Matcher, events: Sequence[Facts]) -> None:
    for each in events:
        matcher.candidates(each)


def _hits(matcher: Matcher, events: Sequence[Facts]) -> Hits:
    return [sorted(verdict.campaign.name for verdict in matcher.candidates(each) if verdict.holds) for each in events]


def _agree(name: str, found: Hits, expected: Hits) -> None:
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one != other:
            raise AssertionError(f"event {number}: {name} finds {one}, the plain matcher {other}")


def show(console: Console, sizes: Sequence[Size]) -> None:
    """The table, what has no figure and why, and the aims."""
    table = Table(
        title="matching: microseconds of CPU an event, every engine agreeing on the hits", title_justify="left"
    )
    columns = (
        "campaigns",
        "hits/event",
        "plain",
        "rete",
        "durable-rules (documented)",
        "zen-engine",
        "plain made in",
        "rete",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for size in sizes:
        figures = (size.plain_us, size.rete_us, size.documented_us, size.zen_us)
        table.add_row(
            f"{size.campaigns:,}",
            f"{size.hits:.1f}",
            *(f"{figure:,.1f}" if isinstance(figure, float) else "[bold]none[/bold]" for figure in figures),
            f"{size.plain_s:.2f} s",
            f"{size.rete_s:.2f} s" if isinstance(size.rete_s, float) else "",
        )
    console.print(table)
    for size in sizes:
        for name, figure in (("rete", size.rete_us), ("durable-rules", size.documented_us), ("zen", size.zen_us)):
            if isinstance(figure, str):
                console.print(f"[bold]NOT MEASURED[/bold]: {name} with {size.campaigns:,} campaigns: {figure}")
    best = {size.campaigns: min(us for us in (size.plain_us, size.rete_us) if isinstance(us, float)) for size in sizes}
    console.print(
        f"best of ours at 1,000 campaigns: {best[1_000]:.1f} us (aim: at most {AIM_US:g}); "
        f"from 1,000 to 10,000: x {best[10_000] / best[1_000]:.2f} (aim: below {AIM_GROWTH:g})"
    )
