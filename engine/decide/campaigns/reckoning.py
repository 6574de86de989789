"""How many points: fixed, by a rate, by whole steps, by bundles, by multiples of base earn (B-12). Exact, floored once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from engine.core.amounts import at_rate
from engine.core.bundles import bundles_of
from engine.decide.facts import earning_amount
from engine.ruleset.effects import AwardPoints, Bundle, Fixed, Multiple, Rate, Steps
from engine.ruleset.matching import Facts, Line, Rules
from engine.ruleset.model import Campaign

_WHOLE = 1000  # thousandths
_WITHOUT_LINES = (Fixed, Bundle)  # they name no lines that they are reckoned on


class Award(NamedTuple):
    """Points that a campaign gives, before limits.

    `number` is the effect's place in the campaign; `base_minor` what a rate was taken of.
    """

    campaign: Campaign
    number: int
    effect: AwardPoints
    points: int
    base_minor: int
    line_ids: tuple[str, ...]


class BaseEarn(NamedTuple):
    """One rate of base earn in force for an event."""

    campaign: Campaign
    rate: Rate
    account: str


def reckon(
    campaign: Campaign,
    number: int,
    facts: Facts,
    rules: Rules,
    base: Sequence[BaseEarn],
    times: int = 1,
    only: Collection[str] | None = None,
) -> Award:
    """What one effect awards `times` over. `only` restricts a rate or a multiple to some lines, those that a group left it."""
    effect = campaign.then[number]
    if not isinstance(effect, AwardPoints):
        raise AssertionError(f"effect {number} of {campaign.name} awards no points")
    return _reckoned(campaign, number, effect, facts, rules, base, times, only)


def _reckoned(
    campaign: Campaign,
    number: int,
    effect: AwardPoints,
    facts: Facts,
    rules: Rules,
    base: Sequence[BaseEarn],
    times: int,
    only: Collection[str] | None,
) -> Award:
    how = effect.how
    of = None if isinstance(how, _WITHOUT_LINES) else how.of
    lines = lines_of(campaign, of, facts, rules)
    if only is not None:
        lines = [line for line in lines if line["line_id"] in only]
    whole = of is None and only is None
    amount = amount_of(lines, facts, rules, whole=whole)
    match how:
        case Fixed(points):
            given = points
        case Rate(points, per_minor, _, each_line):
            amounts = [earning_amount(line, rules) for line in lines] if each_line else [amount]
            given = sum([at_rate(each, points, per_minor) for each in amounts])
        case Steps(points, every_minor):
            given = amount // every_minor * points
        case Bundle(points, pieces, at_most):
            given, lines = _bundled(campaign, pieces, at_most, points, facts, rules)
        case Multiple(thousandths):
            exact = exact_base(lines, effect.account, facts, rules, base, whole=whole)
            given = int(exact * thousandths / _WHOLE) - int(exact)
    base_minor = 0 if isinstance(how, _WITHOUT_LINES) else amount
    return Award(campaign, number, effect, given * times, base_minor, _ids(lines))


def line_values(award: Award, facts: Facts, rules: Rules, base: Sequence[BaseEarn]) -> dict[str, Fraction]:
    """What each line is worth in points by a rate or a multiple, not floored: what a group with the scope `line` compares."""
    how = award.effect.how
    if isinstance(how, Fixed | Bundle):
        raise AssertionError("the compiler let an award without lines into a group with the scope `line`")
    value: Callable[[Line], Fraction]
    match how:
        case Multiple(thousandths):
            extra = Fraction(thousandths - _WHOLE, _WHOLE)

            def value(line: Line) -> Fraction:
                return exact_base([line], award.effect.account, facts, rules, base, whole=False) * extra

        case Rate(points, per_minor) | Steps(points, per_minor):

            def value(line: Line) -> Fraction:
                return Fraction(earning_amount(line, rules) * points, per_minor)

    return {line["line_id"]: value(line) for line in lines_of(award.campaign, how.of, facts, rules)}


def exact_base(
    lines: Sequence[Line], account: str, facts: Facts, rules: Rules, base: Sequence[BaseEarn], *, whole: bool
) -> Fraction:
    """Base earn on some lines before it is floored."""
    total = Fraction(0)
    for earn in base:
        if earn.account != account:
            continue
        chosen = lines
        if earn.rate.of is not None:
            inside = set(_ids(lines_of(earn.campaign, earn.rate.of, facts, rules)))
            chosen = [line for line in lines if line["line_id"] in inside]
        amount = amount_of(chosen, facts, rules, whole=whole and earn.rate.of is None)
        total += Fraction(amount * earn.rate.points, earn.rate.per_minor)
    return total


def lines_of(campaign: Campaign, of: str | None, facts: Facts, rules: Rules) -> Sequence[Line]:
    """The earning lines of a set; None is all of them."""
    if of is None:
        return facts.earning
    lines = rules.matcher.select(campaign.line_sets[of], facts)
    if len(facts.earning) == len(facts.lines):
        return lines
    earning = set(_ids(facts.earning))
    return [line for line in lines if line["line_id"] in earning]


def amount_of(lines: Sequence[Line], facts: Facts, rules: Rules, *, whole: bool) -> int:
    """What some lines earn on; of the whole transaction, its own amount, which need not be the sum of its lines."""
    if whole:
        amount: int = facts.fields.get("transaction.amount", 0)
        return amount
    return sum([earning_amount(line, rules) for line in lines])


def _bundled(
    campaign: Campaign, pieces: Mapping[str, int], at_most: int | None, points: int, facts: Facts, rules: Rules
) -> tuple[int, list[Line]]:
    sets = {name: set(_ids(lines_of(campaign, name, facts, rules))) for name in pieces}
    dearest = sorted(facts.earning, key=_unit_price, reverse=True)
    stock = [(line["line_id"], line["quantity"]) for line in dearest]
    found = bundles_of(stock, [(sets[name], count) for name, count in sorted(pieces.items())], at_most)
    return found.number * points, [line for line in facts.earning if line["line_id"] in found.used]


def _unit_price(line: Line) -> Fraction:
    return Fraction(line["amount_minor"], line["quantity"]) if line["quantity"] else Fraction(0)


def _ids(lines: Sequence[Line]) -> tuple[str, ...]:
    return tuple([line["line_id"] for line in lines])
