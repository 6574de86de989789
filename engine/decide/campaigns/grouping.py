"""Groups choose between campaigns (B-11): all, the first, or the one worth most or least, as a whole or line by line."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from engine.decide.campaigns.reckoning import Award, BaseEarn, line_values
from engine.ruleset.limits import Group
from engine.ruleset.matching import Facts, Rules

EXCLUDED = "excluded_by_group"


def winners(group: Group, awards: Mapping[str, Sequence[Award]], rules: Rules) -> set[str]:
    """The campaigns of a group that give, of those that would; `awards` by campaign in the ruleset's order."""
    names = list(awards)
    match group.keep:
        case "all":
            return set(names)
        case "first":
            return set(names[:1])
        case "highest":
            return {max(names, key=lambda name: (worth(awards[name], rules), -names.index(name)))} if names else set()
        case "lowest":
            return {min(names, key=lambda name: (worth(awards[name], rules), names.index(name)))} if names else set()


def winners_by_line(
    group: Group, awards: Mapping[str, Sequence[Award]], facts: Facts, rules: Rules, base: Sequence[BaseEarn]
) -> dict[str, set[str]]:
    """The lines that each campaign of a group with the scope `line` is left with; lines worth nothing to any are nobody's."""
    values: dict[str, dict[str, Fraction]] = {name: {} for name in awards}
    for name, given in awards.items():
        for award in given:
            worth_micro = rules.accounts[award.effect.account].worth_micro or 0
            for line, points in line_values(award, facts, rules, base).items():
                values[name][line] = values[name].get(line, Fraction(0)) + points * worth_micro
    left: dict[str, set[str]] = {name: set() for name in awards}
    for line in [each["line_id"] for each in facts.lines]:
        wanting = [name for name in awards if values[name].get(line, 0) > 0]
        for name in _of_line(group, line, wanting, values):
            left[name].add(line)
    return left


def _of_line(group: Group, line: str, names: list[str], values: Mapping[str, Mapping[str, Fraction]]) -> list[str]:
    match group.keep:
        case "all":
            return names
        case "first":
            return names[:1]
        case "highest":
            return [max(names, key=lambda name: (values[name][line], -names.index(name)))] if names else []
        case "lowest":
            return [min(names, key=lambda name: (values[name][line], names.index(name)))] if names else []


def worth(awards: Sequence[Award], rules: Rules) -> int:
    """What awards are worth, in millionths of a minor unit; points of an account without a worth count nothing."""
    return sum(award.points * (rules.accounts[award.effect.account].worth_micro or 0) for award in awards)
