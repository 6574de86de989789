"""Each campaign that runs on an event: its conditions with the values seen, its group, its limits, and what it wanted to give."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.core import instants, keys
from engine.core.calendar import Period
from engine.core.records import Message
from engine.core.windows import Span
from engine.decide.campaigns.campaigning import Proposal, base_earn, proposed_by
from engine.decide.campaigns.limiting import limit_name
from engine.decide.counters.series import Series
from engine.decide.draft import Draft
from engine.decide.views.kept_rows import KeptRows
from engine.decide.views.view import view_of
from engine.match.plain import PlainMatcher
from engine.match.trace import Trace, Traced, trace
from engine.match.trace_words import heading, seen_text
from engine.replay.explaining import model
from engine.replay.explaining.finding import Told
from engine.replay.explaining.reckoning import reckoned
from engine.replay.explaining.saying import Says
from engine.replay.explaining.watching import Row, Watched
from engine.ruleset.conditions import Test
from engine.ruleset.limits import Limit
from engine.ruleset.matching import Facts, Rules
from engine.ruleset.model import Campaign

EXCLUDED = "excluded_by_group"
_OWN = ("member",)


@dataclass(slots=True)
class Answers:
    """What those who hold shared limits were asked and said, by holder and campaign."""

    asked: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    granted: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    used: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)  # and the limit: before and after

    def take(self, message: Message, watched: Watched | None) -> None:
        """Takes a message of the conversation, and what its holder's rows said when it was decided."""
        data = message.data
        match message.type:
            case "limit.asked":
                name = (message.subject, data["campaign"])
                self.asked[name] = [each["points"] for each in data["awards"]]
                if watched is not None:
                    for limit in data["limits"]:
                        before = _held(watched.rules, watched.before, *name, limit)
                        self.used[*name, limit["limit"]] = (before, _held(watched.rules, watched.after, *name, limit))
            case "limit.granted":
                self.granted[message.sender, data["campaign"]] = list(data["points"])
            case "limit.refused":
                self.refused[message.sender, data["campaign"]] = data["reason"]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision on campaigns: what was asked, where, and all that came of it until it was settled.

    `before` and `after`: the rows of the member. `told`: the outcomes of the decision; `decision`: its record, None while it waits.
    """

    facts: Facts
    watched: Watched
    subject: str
    before: Mapping[str, Row]
    after: Mapping[str, Row]
    told: Sequence[Told]
    decision: Mapping[str, Any] | None
    answers: Answers


def considered(decided: Decided, says: Says, only: str | None = None) -> model.Considered:
    """Every campaign on this type of event; `only` is the one that a schedule was due for."""
    facts, rules = decided.facts, decided.watched.rules
    matcher = PlainMatcher(rules.ruleset)
    verdicts = matcher.candidates(facts)
    candidates = {verdict.campaign.name for verdict in verdicts}
    base = base_earn(verdicts)
    traces = [trace(campaign, facts, matcher) for campaign in rules.ruleset.campaigns if campaign.on == facts.on]
    running = [each for each in traces if each.running and (only is None or each.campaign.name == only)]
    used = _used(decided)
    awards = list(decided.told)
    campaigns = []
    for each in running:
        name = each.campaign.name
        proposal = proposed_by(each.campaign, facts, rules, base) if each.holds else None
        verdict = _verdict(name, each, decided)
        campaigns.append(
            model.Campaign(
                campaign=name,
                title=each.campaign.title,
                verdict=verdict,
                says=_says(verdict, each, says),
                fired=verdict == "fired",
                candidate=name in candidates,
                audience=condition(each.audience, says),
                when=condition(each.when, says),
                group=_group(each.campaign, decided, rules),
                limits=list(_limits(each.campaign, proposal, decided, rules, used, says)),
                awards=list(_awards(proposal, decided, rules, base, awards, verdict, says)) if proposal else [],
            )
        )
    return model.Considered(
        on=facts.on,
        time=instants.render(facts.time_ms),
        position=str(decided.watched.taken.place),
        ruleset=rules.ruleset.digest,
        campaigns=campaigns,
        others=len(rules.ruleset.campaigns) - len(running),
    )


def condition(traced: Traced | None, says: Says) -> model.Condition | None:
    """A condition with all that it is made of."""
    if traced is None:
        return None
    asked = traced.condition
    if isinstance(asked, Test):
        value = list(traced.value) if isinstance(traced.value, tuple) else traced.value
        return model.Condition(
            text=says.words.condition(asked),
            held=traced.held,
            field=asked.field,
            asked=says.words.asked(asked),
            value=value,
            seen=seen_text(traced, says.words).removeprefix("seen: "),
            lines=None if traced.lines is None else list(traced.lines),
        )
    parts = [part for part in (condition(each, says) for each in traced.parts) if part is not None]
    return model.Condition(text=heading(traced), held=traced.held, parts=parts)


def _verdict(name: str, traced: Trace, decided: Decided) -> str:
    decision = decided.decision
    if decision is not None:
        if name in decision["campaigns_fired"]:
            return "fired"
        refused = {each["campaign"]: each["reason"] for each in decision["campaigns_refused"]}
        if name in refused:
            return str(refused[name])
        if any(each["campaign"] == name for each in decision.get("shadow", ())):
            return "shadow"
    if not traced.holds:
        return traced.reason
    return "waits" if decision is None else "undecided"


def _says(verdict: str, traced: Trace, says: Says) -> str:
    said = says.reason(verdict)
    return f"does not hold: {said}" if not traced.holds and said == verdict else said


def _group(campaign: Campaign, decided: Decided, rules: Rules) -> model.GroupChoice | None:
    group = rules.groups.get(campaign.group)
    if group is None:
        return None
    members = [each.name for each in rules.ruleset.campaigns if each.group == group.name]
    decision = decided.decision or {"campaigns_fired": (), "campaigns_refused": ()}
    excluded = [each["campaign"] for each in decision["campaigns_refused"] if each["reason"] == EXCLUDED]
    return model.GroupChoice(
        name=group.name,
        keep=group.keep,
        scope=group.scope,
        gave=[name for name in members if name in decision["campaigns_fired"]],
        excluded=[name for name in members if name in excluded],
    )


# -- limits


def _limits(
    campaign: Campaign,
    proposal: Proposal | None,
    decided: Decided,
    rules: Rules,
    used: Mapping[tuple[str, str], tuple[int, int]],
    says: Says,
) -> Iterator[model.LimitSeen]:
    """Those of the campaign, its group and the accounts that it awards."""
    owners: list[tuple[str, Sequence[Limit]]] = [(f"campaign:{campaign.name}", campaign.limits or ())]
    if campaign.group:
        owners.append((f"group:{campaign.group}", rules.groups[campaign.group].limits))
    accounts = dict.fromkeys(award.effect.account for award in proposal.awards) if proposal else {}
    owners += [(f"account:{name}", rules.accounts[name].limits) for name in accounts]
    for owner, limits in owners:
        for limit in limits:
            amount = 1 if limit.not_within is not None else limit.amount
            common = {"owner": owner, "limit": says.words.limit(limit), "per": limit.per, "amount": amount}
            if limit.per in _OWN:
                before, after = used.get((owner, limit_name(limit)), (0, 0))
                yield model.LimitSeen(**common, used_before=before, used_after=after)
            else:
                yield _shared(campaign, limit, common, decided)


def _shared(campaign: Campaign, limit: Limit, common: dict[str, Any], decided: Decided) -> model.LimitSeen:
    answers = decided.answers
    holder = next(
        (each for each in (*answers.asked, *answers.granted) if each[1] == campaign.name and _holds(each[0], limit)),
        None,
    )
    if holder is None:
        return model.LimitSeen(**common, used_before=None, used_after=None)
    before, after = answers.used.get((*holder, f"{limit_name(limit)} {limit.per}"), (None, None))
    return model.LimitSeen(
        **common,
        used_before=before,
        used_after=after,
        held_by=holder[0],
        asked=answers.asked.get(holder),
        granted=answers.granted.get(holder),
        reason=answers.refused.get(holder),
    )


def _holds(holder: str, limit: Limit) -> bool:
    return keys.kind_of(holder) == limit.per


def _held(rules: Rules, rows: Mapping[str, Row], holder: str, campaign: str, limit: Mapping[str, Any]) -> int:
    """What a holder counted of a limit in the window of a question."""
    owner = f"campaign:{campaign}"
    if limit["period"]:
        row = rows.get(keys.row(holder, "uses", owner))
        count: int = 0 if row is None else row["used"].get(limit["limit"], {}).get(limit["period"], 0)
        return count
    draft = Draft(KeptRows(rows), holder, "", "", 0, 0, rules, _no_other_rules)  # only to read by
    series = Series(draft, "uses", (owner, limit["limit"]), Period(limit["keep_days"], "days"))
    return series.total(Span(limit["from_ms"], limit["until_ms"]))


def _no_other_rules(digest: str) -> Rules:
    raise AssertionError(f"reading asks for no other rules, as {digest}")


def _used(decided: Decided) -> dict[tuple[str, str], tuple[int, int]]:
    """What the member had used of each limit at the event's own time, before and after."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, rows in enumerate((decided.before, decided.after)):
        rules, at_ms = decided.watched.rules, decided.facts.time_ms
        view = view_of(KeptRows(rows), keys.name_of(decided.subject), rules, at_ms, 0)
        for limit in () if view is None else view.limits:
            found.setdefault((limit.owner, limit.limit), [0, 0])[place] = limit.used
    return {name: (before, after) for name, (before, after) in found.items()}


# -- amounts


def _awards(
    proposal: Proposal,
    decided: Decided,
    rules: Rules,
    base: Sequence[Any],
    told: list[Told],
    verdict: str,
    says: Says,
) -> Iterator[model.Award]:
    name = proposal.campaign.name
    for award in proposal.awards:
        given = None
        if verdict == "fired":
            given = next(
                (
                    each
                    for each in told
                    if each.type == "points.awarded"
                    and each.data["campaign"] == name
                    and each.data["account"] == award.effect.account
                ),
                None,
            )
        if given is not None:
            told.remove(given)
        way = reckoned(award, proposal.times, decided.facts, rules, base, says)
        yield model.Award(
            account=award.effect.account,
            to=award.effect.to,
            how=says.words.how(award.effect.how),
            calculation=way.says,
            base_minor=award.base_minor,
            exact=way.exact,
            reckoned=award.points,
            given=None if given is None else given.data["points"],
            line_ids=list(award.line_ids),
            outcome_id=None if given is None else given.id,
        )
