"""Achievements: where a member stands, each completion told once, and what a return takes back.

A multiple of the target that comes back and is bought again stands again, but is told as completed only once: `completed` is said
beyond the highest that ever stood (B-17a). A completion that merely grows old, because its window moves on, stays.
"""

from engine.core.records import Event
from engine.decide.counters.counter_rows import CounterRows
from engine.decide.counters.counting import Counts, counter_of, passed, span_of
from engine.decide.draft import Draft
from engine.decide.rows.member import AchievementRow, MemberRow
from engine.ruleset.achievements import Achievement
from engine.ruleset.limits import Window
from engine.ruleset.matching import Rules

_NEW = AchievementRow(count=0, at=0, times=0, multiples=0, highest=0)


def progress(draft: Draft, event: Event, member: MemberRow, counts: Counts) -> None:
    """Moves the achievements whose counters counted an event. What was counted before an achievement came to be counts as well."""
    rules = draft.rules
    for achievement in rules.ruleset.achievements:
        if achievement.counter in counts.counted:
            _, amount, value = counts.counted[achievement.counter]
            rows = _rows_of(draft, achievement)
            span = span_of(window_of(achievement, rules), event, member, rules)
            if span is None or not amount:
                continue
            known = member.get("achievements", {}).get(achievement.name)
            after = rows.total(span)
            before = 0 if known is None else rows.total_without(span, after, event.time_ms, amount, value)
            told = passed(achievement.field, achievement.target, rows, span, event.time_ms, before, after)
            _advance(
                draft, event, member, achievement, after // achievement.target - before // achievement.target, told
            )


def returned(draft: Draft, event: Event, member: MemberRow, achievement: Achievement, lost: int) -> None:
    """Takes back the completions that so many multiples, lost by a return, were; the counter has given back already."""
    known = member.get("achievements", {}).get(achievement.name)
    if known is None:
        return
    row = _stood(draft, event, member, achievement, known, -lost)
    _keep(member, achievement, row)
    if row["times"] < known["times"]:
        _tell(draft, member, achievement, "rolled_back", row, row["times"])
    elif row["count"] != known["count"]:
        _tell(draft, member, achievement, "progressed", row, row["times"])


def window_of(achievement: Achievement, rules: Rules) -> Window:
    """The time that an achievement counts in."""
    of_counter = rules.derived_of[achievement.counter]
    return next(derived.window for derived in of_counter if derived.field == achievement.field)


def _advance(draft: Draft, event: Event, member: MemberRow, achievement: Achievement, gained: int, told: int) -> None:
    known = member.get("achievements", {}).get(achievement.name, _NEW)
    row = _stood(draft, event, member, achievement, known, gained)
    row["highest"] += told
    _keep(member, achievement, row)
    if (row["count"], row["times"]) != (known["count"], known["times"]):
        _tell(draft, member, achievement, "progressed", row, row["times"])
    completed = min(row["highest"], achievement.repeats) - min(known["highest"], achievement.repeats)
    for later in reversed(range(completed)):
        _tell(draft, member, achievement, "completed", row, row["times"] - later)


def _stood(
    draft: Draft, event: Event, member: MemberRow, achievement: Achievement, known: AchievementRow, gained: int
) -> AchievementRow:
    """Where the member stands now; a late event does not turn back what an app shows."""
    at = max(known["at"], event.time_ms)
    span = span_of(window_of(achievement, draft.rules), event._replace(time_ms=at), member, draft.rules)
    multiples = max(known["multiples"] + gained, 0)
    return {
        "count": 0 if span is None else _rows_of(draft, achievement).total(span),
        "at": at,
        "times": min(multiples, achievement.repeats),
        "multiples": multiples,
        "highest": known["highest"],
    }


def _rows_of(draft: Draft, achievement: Achievement) -> CounterRows:
    rules = draft.rules
    return CounterRows(draft, counter_of(rules, achievement.counter), rules.definitions[achievement.counter])


def _keep(member: MemberRow, achievement: Achievement, row: AchievementRow) -> None:
    member["achievements"] = {**member.get("achievements", {}), achievement.name: row}


def _tell(
    draft: Draft, member: MemberRow, achievement: Achievement, what: str, row: AchievementRow, times: int
) -> None:
    data = {
        "member_id": member["member_id"],
        "achievement": achievement.name,
        "count": max(row["count"], 0),
        "target": achievement.target,
        "times": times,
    }
    draft.happened(f"achievement.{what}", data, achievement.name)
