"""The answer as one value: what `--json` prints, what `report.json` holds and what the page shows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.core import instants
from engine.history.history import History
from engine.replay.whatif.asking import Answer, Noted
from engine.replay.whatif.conditions import Asked
from engine.replay.whatif.money import written
from engine.replay.whatif.tables import Row, Tables
from engine.wire import journal

MOST_MEMBERS = 20  # gainers and losers that are named
_BARS = 24  # of the distribution, at most

Report = dict[str, Any]


def report_of(history: History, answer: Answer, changes: Sequence[str]) -> tuple[Report, Tables]:
    """The report, and the tables that its files are written from. `changes`: what differs between the rules, in words."""
    tables = Tables(answer)
    members = _members(tables.members())
    report: Report = {
        "question": _question(history, answer),
        "programme": _programme(answer),
        "changes": list(changes),
        "same": answer.counts.differing == 0,
        "headline": _headline(tables, members),
        "counts": answer.counts._asdict(),
        "first_difference": None if answer.first is None else _first(answer.first),
        "first_points": None if answer.first_points is None else _first(answer.first_points),
        "campaigns": tables.campaigns(),
        "accounts": tables.accounts(),
        "tiers": tables.tiers(),
        "members": members,
        "days": tables.days(),
        "outcomes": tables.outcomes(),
        "messages": tables.messages(),
        "refused": tables.refused(),
        "limits": tables.limits(),
        "refusals": tables.refusals(),
        "liability": tables.liability(),
    }
    report["said"] = said(report, answer)
    return report, tables


def said(report: Mapping[str, Any], answer: Answer) -> list[str]:
    """The answer in a few sentences."""
    if report["same"]:
        return ["Nothing differs: under these rules every outcome is what was recorded."]
    headline, programme = report["headline"], answer.question.rules.programme
    sentences = [_of_points(headline, lambda minor: written(minor, programme))]
    members = report["members"]
    sentences.append(
        f"{_counted(members['more'], 'member')} would have got more, {members['less']:,} less,"
        f" {members['same']:,} the same."
    )
    sentences.extend(
        f"On the ladder {ladder['ladder']} {_counted(ladder['higher'], 'member')} would stand higher in the end,"
        f" {ladder['lower']:,} lower."
        for ladder in report["tiers"]
        if ladder["higher"] or ladder["lower"]
    )
    owed = [row for row in report["accounts"] if row["outstanding_difference"]]
    for row in owed:
        worth = row["minor_difference"]
        money = "" if worth is None else f" ({_signed(written(worth, programme), worth)})"
        more = "more" if row["outstanding_difference"] > 0 else "less"
        sentences.append(
            f"In the end {abs(row['outstanding_difference']):,} {row['account']} {more} would be outstanding{money}."
        )
    return sentences


def _of_points(headline: Mapping[str, Any], money: Callable[[int], str]) -> str:
    difference, recorded = headline["points_difference"], headline["points_recorded"]
    if not difference:
        return f"Under the new rules members would have got {recorded:,} points, as many as were recorded."
    more = "more" if difference > 0 else "less"
    details = []
    if recorded:
        details.append(f"{'+' if difference > 0 else '-'}{abs(difference) * 100 / abs(recorded):.1f} %")
    worth = headline["minor_difference"]
    if worth is not None:
        details.append(_signed(money(worth), worth))
    said_of = f" ({', '.join(details)})" if details else ""
    return (
        f"Under the new rules members would have got {abs(difference):,} points {more}{said_of}:"
        f" {headline['points_new']:,} instead of {recorded:,}."
    )


def _signed(text: str, minor: int) -> str:
    return f"+{text}" if minor > 0 else text


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _question(history: History, answer: Answer) -> Row:
    question = answer.question
    return {
        "history": history.name,
        "partitions": history.partitions,
        "rules": question.rules.digest,
        "recorded_rules": answer.before.digest,
        "rulesets_recorded": sorted(history.rulesets),
        "from": _instant(question.from_ms),
        "until": _instant(question.until_ms),
        "members": None if question.members is None else len(question.members),
        "clock": _instant(answer.clock_ms),
    }


def _programme(answer: Answer) -> Row:
    programme = answer.question.rules.programme
    return {
        "name": programme.name,
        "zone": programme.zone.name,
        "currency": programme.currency,
        "minor_digits": programme.minor_digits,
    }


def _headline(tables: Tables, members: Row) -> Row:
    recorded, other = tables.given()
    money = tables.money_given()
    days = [row["day"] for row in tables.days()]
    return {
        "points_recorded": recorded,
        "points_new": other,
        "points_difference": other - recorded,
        "minor_recorded": None if money is None else money[0],
        "minor_new": None if money is None else money[1],
        "minor_difference": None if money is None else money[1] - money[0],
        "accounts": list(tables.spendable),
        "members": members["more"] + members["less"] + members["same"],
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
    }


def _members(rows: Iterable[Row]) -> Row:
    """How many gain and lose, who most, and how that is spread."""
    found = list(rows)
    changes = [row["points_difference"] for row in found]
    by_most = sorted(found, key=lambda row: (-row["points_difference"], row["member_id"]))
    by_least = sorted(found, key=lambda row: (row["points_difference"], row["member_id"]))
    return {
        "more": sum(change > 0 for change in changes),
        "less": sum(change < 0 for change in changes),
        "same": sum(change == 0 for change in changes),
        "gainers": [row for row in by_most[:MOST_MEMBERS] if row["points_difference"] > 0],
        "losers": [row for row in by_least[:MOST_MEMBERS] if row["points_difference"] < 0],
        "distribution": _distribution([change for change in changes if change]),
    }


def _distribution(changes: Sequence[int]) -> list[Row]:
    """Members by how much more or less they get, in bars of a round width; those who get the same are left out."""
    if not changes:
        return []
    width = _round_width(max(changes) - min(changes))
    first, last = min(changes) // width, max(changes) // width
    return [
        {"from": at * width, "below": (at + 1) * width, "members": sum(change // width == at for change in changes)}
        for at in range(first, last + 1)
    ]


def _round_width(spread: int) -> int:
    width = 1
    while True:
        for factor in (1, 2, 5):
            if spread // (width * factor) < _BARS:
                return width * factor
        width *= 10


def _first(noted: Noted) -> Row:
    first = noted.first
    decoded = journal.decode(first.record.value)
    row: Row = {
        "partition": first.partition,
        "offset": first.record.offset,
        "only_new": first.inserted,
        "kind": getattr(decoded, "type", None) or getattr(decoded, "kind", type(decoded).__name__),
        "subject": getattr(decoded, "subject", None),
        "event_id": getattr(decoded, "event_id", None) or getattr(decoded, "cause", None),
        "time": _instant(getattr(decoded, "time_ms", None) or getattr(decoded, "to_ms", None)),
        "outcomes_recorded": list(first.recorded),
        "outcomes_new": list(first.other),
    }
    row["campaigns"] = [
        {
            "campaign": each.name,
            "definition_differs": each.changed,
            "recorded": _asked(each.recorded),
            "new": _asked(each.other),
        }
        for each in noted.campaigns
    ]
    return row


def _asked(asked: Asked) -> Row | None:
    if not asked.known:
        return None
    return {
        "running": asked.running,
        "holds": asked.holds,
        "gave": asked.fired,
        "points": asked.points,
        "reason": asked.reason,
        "conditions": [{"name": name, "seen": value, "held": held} for name, value, held in asked.tests],
    }


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else instants.render(at_ms)
