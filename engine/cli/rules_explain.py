"""`guerdon rules explain`: why one event was decided as it was, in words."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import AsJson, rulesets_of
from engine.cli.rules_trace import trace_lines
from engine.errors import UsageError
from engine.match.trace import Traced
from engine.match.trace_words import seen_text
from engine.replay import lines
from engine.ruleset.conditions import Test
from engine.ruleset.model import Ruleset
from engine.ruleset.wording.words import Words
from engine.trying.comparing import things_text
from engine.trying.explain import Explained, Explanation, explain

_RULED_OUT = 20  # campaigns that could not hold are named up to this number, unless all are asked for
_IN_WORDS = {
    "excluded_by_group": "its group chose another",
    "member_limit_reached": "the member's limit is used up",
    "shadow": "runs in shadow: recorded only",
    "fired": "fired",
}


def explain_event(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The `id` of the event.")],
    events: Annotated[list[Path], typer.Option(help="Files of events, as `feed` reads them, in order.")],
    rules: Annotated[
        Path | None, typer.Option(help="A folder of rules, or a file of `guerdon tail rulesets --json`.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every campaign's conditions.")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate events up to one, and show which campaigns were considered, each condition with what was seen and asked."""
    settings = deployment(embedded=True)  # nothing leaves this machine, so the development secret will do
    rulesets = rulesets_of(rules or settings.rules, settings)
    if len(rulesets) != 1:
        raise UsageError(f"{rules} holds {len(rulesets)} rulesets; an event is decided by one")
    ruleset = next(iter(rulesets.values()))
    taken = (line._replace(topic=settings.short(line.topic)) for path in events for line in lines.read(path))
    found = explain(event_id, taken, ruleset, settings.secret_bytes)
    if as_json:
        screen.say_json(_as_json(found, Words(ruleset.programme)))
    else:
        _show(found, ruleset, show_all=show_all)


def _show(found: Explanation, ruleset: Ruleset, *, show_all: bool) -> None:
    decided = found.decision["input"]
    screen.say(
        f"{decided['type']} {found.event_id} of {decided['subject']} at {decided['time']}: {found.decision['status']}"
    )
    screen.say(f"happened: {things_text(found.seen.things)}")
    for line in _also(found.decision):
        screen.say(line)
    if found.facts is None:
        return
    screen.say("")
    for each in found.campaigns:
        if each.candidate or show_all:
            _show_campaign(each, found, ruleset)
    if not show_all:
        ruled_out = [each for each in found.campaigns if not each.candidate]
        for each in ruled_out[:_RULED_OUT]:
            screen.say(f"{each.trace.campaign.name} could not hold: {each.verdict}")
        if len(ruled_out) > _RULED_OUT:
            screen.say(f"and {len(ruled_out) - _RULED_OUT} more that could not hold (--all shows them)")
    if found.other_campaigns:
        screen.say(f"{found.other_campaigns} other campaigns are paused, over, or on other events")


def _show_campaign(each: Explained, found: Explanation, ruleset: Ruleset) -> None:
    if found.facts is None:
        return
    for line in trace_lines(each.trace, found.facts, ruleset.programme):
        screen.say(line, markup=True)
    if each.verdict in _IN_WORDS:
        screen.say(f"  {_IN_WORDS[each.verdict]}")


def _also(decision: Mapping[str, Any]) -> Iterator[str]:
    """What limits cut, what waits for later work, and what shadows would have done."""
    for cut in decision.get("limited", ()):
        yield f"limited: {cut['campaign']} asked {cut['asked']} points, {cut['given']} were given"
    for carried in decision.get("carried", ()):
        points = f" of {carried['points']} points" if "points" in carried else ""
        yield f"carried: {carried['campaign']} {carried['effect']}{points} awaits {carried['awaits']}"
    for shadow in decision.get("shadow", ()):
        given = ", ".join(f"{points} {account}" for account, points in shadow["points"].items()) or "nothing"
        would = f"would give {given}" if shadow["fired"] else f"would not fire: {shadow['reason']}"
        yield f"shadow: {shadow['campaign']} {would}"


def _as_json(found: Explanation, words: Words) -> dict[str, Any]:
    return {
        "event": found.event_id,
        "decision": dict(found.decision),
        "happened": [
            {"effect": thing.effect, "what": thing.what, "campaign": thing.campaign, "count": count}
            for thing, count in sorted(found.seen.things.items())
        ],
        "campaigns": [
            {
                "campaign": each.trace.campaign.name,
                "candidate": each.candidate,
                "verdict": each.verdict,
                "audience": _tree(each.trace.audience, words),
                "when": _tree(each.trace.when, words),
            }
            for each in found.campaigns
        ],
        "other_campaigns": found.other_campaigns,
    }


def _tree(traced: Traced | None, words: Words) -> dict[str, Any] | None:
    if traced is None:
        return None
    if isinstance(traced.condition, Test):
        test = traced.condition
        return {
            "field": test.field,
            "asked": words.asked(test),
            "held": traced.held,
            "value": list(traced.value) if isinstance(traced.value, tuple) else traced.value,
            "seen": seen_text(traced, words),
        }
    return {"name": traced.name, "held": traced.held, "parts": [_tree(part, words) for part in traced.parts]}
