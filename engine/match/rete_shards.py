"""The rules that durable-rules is given, in shards, and what it should find: pure, with nothing of the engine.

A shard is small enough for every limit of the engine: fewer rules than branches that may match at once, fewer values of one condition
than its lists are long.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.match.rete_codes import PRESENT, Code, Codes
from engine.match.rete_forms import Comparison, Form, forms_of
from engine.ruleset.model import Ruleset

MOST_RULES = 60  # of a shard; the engine loses an event that matches more than 64

Event = Mapping[str, int]  # codes of the event's properties by name
Lines = Sequence[Mapping[str, int]]  # the same of each line


class Asked(NamedTuple):
    """One comparison as the engine is told it."""

    name: str
    op: Comparison
    code: Code


class Rule(NamedTuple):
    """One form of one campaign, in the engine's words; `position` is the campaign's in the ruleset."""

    position: int
    event: tuple[Asked, ...]
    lines: tuple[tuple[Asked, ...], ...]


class Trial(NamedTuple):
    """Facts, and the numbers of the rules that must be found by them."""

    facts: str
    found: tuple[int, ...]


class Shard(NamedTuple):
    """Rules that are loaded together; a rule's number is its place."""

    rules: tuple[Rule, ...]

    def source(self) -> str:
        """The JSON that the engine compiles."""
        return json.dumps({f"r{number}": {"all": [{"m": _condition(rule)}]} for number, rule in enumerate(self.rules)})

    def trials(self) -> Iterator[Trial]:
        """No facts, and for each rule facts that satisfy it, if there can be any."""
        yield self._trial({}, ())
        for rule in self.rules:
            event = _witness(rule.event)
            lines = [_witness(group) for group in rule.lines]
            if event is not None and None not in lines:
                yield self._trial(event, [line for line in lines if line is not None])

    def _trial(self, event: Event, lines: Lines) -> Trial:
        found = (number for number, rule in enumerate(self.rules) if _satisfied(rule, event, lines))
        return Trial(render(event, lines), tuple(found))


class Plan(NamedTuple):
    """What of a ruleset the engine takes: codes and shards by type of event, and why the other campaigns are left to plain."""

    codes: Mapping[str, Codes]
    shards: Mapping[str, Sequence[Shard]]
    left: Mapping[str, str]  # by campaign


def plan(ruleset: Ruleset) -> Plan:
    """Shares out the campaigns of a ruleset."""
    left: dict[str, str] = {}
    taken: dict[str, list[tuple[int, tuple[Form, ...]]]] = defaultdict(list)
    codes: dict[str, Codes] = defaultdict(Codes)
    for position, campaign in enumerate(ruleset.campaigns):
        forms = forms_of(campaign)
        if isinstance(forms, str):
            left[campaign.name] = forms
        elif not codes[campaign.on].take(forms):
            left[campaign.name] = "too many different fields are asked for"
        elif campaign.state != "paused":
            taken[campaign.on].append((position, forms))
    return Plan(codes, {on: _shards(asked, codes[on]) for on, asked in taken.items()}, left)


def render(event: Event, lines: Lines) -> str:
    """Facts as the engine reads them; the constant id keeps it to one state, and to one message at a time."""
    own = "".join(f',"{name}":{code}' for name, code in event.items())
    each = (",".join(f'"{name}":{code}' for name, code in line.items()) for line in lines)
    return f'{{"id":"e","sid":"0"{own},"l":[{",".join(f"{{{line}}}" for line in dict.fromkeys(each) if line)}]}}'


def _shards(taken: Iterable[tuple[int, tuple[Form, ...]]], codes: Codes) -> list[Shard]:
    """Campaigns side by side share a shard; the rules of one are never parted."""
    codes.finish()
    shards: list[list[Rule]] = [[]]
    for position, forms in taken:
        rules = [_rule(position, form, codes) for form in forms]
        if len(shards[-1]) + len(rules) > MOST_RULES:
            shards.append([])
        shards[-1] += rules
    return [Shard(tuple(_shared_first(rules))) for rules in shards]


def _rule(position: int, form: Form, codes: Codes) -> Rule:
    def asked(compares: Iterable[Any]) -> tuple[Asked, ...]:
        return tuple(Asked(codes.name_of(each.property), each.op, codes.code_of(each)) for each in compares)

    return Rule(position, asked(form.event), tuple(map(asked, form.lines)))


def _shared_first(rules: Sequence[Rule]) -> Iterator[Rule]:
    """Comparisons that many rules begin with are asked once."""
    shared = Counter(asked for rule in rules for asked in dict.fromkeys(rule.event))
    for rule in rules:
        yield rule._replace(event=tuple(sorted(dict.fromkeys(rule.event), key=lambda asked: (-shared[asked], asked))))


def _condition(rule: Rule) -> Mapping[str, Any]:
    conditions = [_comparison(asked, "") for asked in rule.event]
    conditions += [{"$iany": {"l": _all([_comparison(asked, "$i.") for asked in group])}} for group in rule.lines]
    return _all(conditions)


def _all(conditions: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return conditions[0] if len(conditions) == 1 else {"$and": conditions}


def _comparison(asked: Asked, prefix: str) -> Mapping[str, Any]:
    compared = {prefix + asked.name: asked.code}
    match asked.op:
        case "eq":
            return compared
        case "present":
            return {"$gte": compared}
        case op:
            return {f"${op}": compared}


def _passes(asked: Asked, code: Code | None) -> bool:
    if code is None:
        return False
    match asked.op:
        case "eq":
            return code == asked.code
        case "neq":
            return code != asked.code
        case "gt":
            return code > asked.code
        case "gte" | "present":
            return code >= asked.code
        case "lt":
            return code < asked.code
        case "lte":
            return code <= asked.code


def _satisfied(rule: Rule, event: Event, lines: Lines) -> bool:
    return all(_passes(asked, event.get(asked.name)) for asked in rule.event) and all(
        any(all(_passes(asked, line.get(asked.name)) for asked in group) for line in lines) for group in rule.lines
    )


def _witness(asked: Sequence[Asked]) -> dict[str, Code] | None:
    """Codes that pass all of the comparisons; None where there are none."""
    found: dict[str, Code] = {}
    for name in dict.fromkeys(each.name for each in asked):
        of_name = [each for each in asked if each.name == name]
        near = sorted({PRESENT, *(max(each.code + step, PRESENT) for each in of_name for step in (-1, 0, 1))})
        passing = (code for code in near if all(_passes(each, code) for each in of_name))
        code = next(passing, None)
        if code is None:
            return None
        found[name] = code
    return found
