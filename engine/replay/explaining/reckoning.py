"""How an award was reckoned, step by step: what it was taken of, at which rate, and what rounding left."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from engine.decide.campaigns.reckoning import Award, BaseEarn, amount_of, exact_base, lines_of
from engine.decide.facts import earning_amount
from engine.replay.explaining.saying import Says
from engine.ruleset.effects import Bundle, Fixed, Multiple, Rate, Steps
from engine.ruleset.matching import Facts, Rules

_THOUSAND = 1000
_PLACES = 4


class Reckoned(NamedTuple):
    """The exact number of points before they were rounded down, and the way there in words."""

    exact: str
    says: str


def reckoned(award: Award, times: int, facts: Facts, rules: Rules, base: Sequence[BaseEarn], says: Says) -> Reckoned:
    """The way to an award's points."""
    exact, text = _once(award, facts, rules, base, says)
    if times != 1:
        return Reckoned(_number(exact), f"{text}; {times:,} times over: {award.points:,}")
    return Reckoned(_number(exact), text)


def _once(award: Award, facts: Facts, rules: Rules, base: Sequence[BaseEarn], says: Says) -> tuple[Fraction, str]:
    how, words = award.effect.how, says.words
    amount = award.base_minor
    match how:
        case Fixed(points):
            return Fraction(points), f"{points:,} whatever the amount"
        case Rate(points, per_minor, of, True):
            lines = lines_of(award.campaign, of, facts, rules)
            amounts = [earning_amount(line, rules) for line in lines if line["line_id"] in award.line_ids]
            exact = [Fraction(each * points, per_minor) for each in amounts]
            told = " + ".join(
                f"{words.money(each)} -> {int(value):,}" for each, value in zip(amounts, exact, strict=True)
            )
            return sum(
                exact, Fraction(0)
            ), f"{points:,} per {words.money(per_minor)}, each line rounded down: {told or '0'}"
        case Rate(points, per_minor):
            value = Fraction(max(amount, 0) * points, per_minor)
            return (
                value,
                f"{words.money(amount)} at {points:,} per {words.money(per_minor)} = {_number(value)}{_down(value)}",
            )
        case Steps(points, every_minor):
            steps = amount // every_minor
            full = f"{words.money(amount)} holds {words.money(every_minor)} {steps:,} times in full"
            return Fraction(steps * points), f"{full}, {points:,} for each = {steps * points:,}"
        case Bundle(points, pieces):
            count = award.points // points if points else 0
            bundle = " and ".join(f"{number} of {name}" for name, number in sorted(pieces.items()))
            return Fraction(award.points), f"{count:,} bundles of {bundle}, {points:,} for each = {award.points:,}"
        case Multiple(thousandths, of):
            return _multiple(award, of, thousandths, facts, rules, base, says)


def _multiple(
    award: Award, of: str | None, thousandths: int, facts: Facts, rules: Rules, base: Sequence[BaseEarn], says: Says
) -> tuple[Fraction, str]:
    """The extra points over base earn: both are rounded down, so that base and bonus together are exact."""
    lines = [line for line in lines_of(award.campaign, of, facts, rules) if line["line_id"] in award.line_ids]
    whole = of is None and amount_of(lines, facts, rules, whole=True) == award.base_minor
    exact = exact_base(lines, award.effect.account, facts, rules, base, whole=whole)
    more = exact * thousandths / _THOUSAND
    factor = _number(Fraction(thousandths, _THOUSAND))
    earned = f"base earn on {says.words.money(award.base_minor)} is {_number(exact)}"
    return (
        more - exact,
        f"{earned}; {factor} times that is {_number(more)}: {int(more):,} less {int(exact):,} of base = {int(more) - int(exact):,}",
    )


def _down(value: Fraction) -> str:
    return "" if value.denominator == 1 else f", rounded down to {int(value):,}"


def _number(value: Fraction) -> str:
    """Exact where four places are enough, else with a mark that more follow."""
    if value.denominator == 1:
        return f"{value.numerator:,}"
    scaled = value * 10**_PLACES
    text = f"{int(scaled) // 10**_PLACES:,}.{int(scaled) % 10**_PLACES:0{_PLACES}d}".rstrip("0")
    return text if scaled.denominator == 1 else f"{text}..."
