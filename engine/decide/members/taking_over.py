"""What a merged member had becomes the other's, with its dates (B-52): first rows, by collection, then the member's own row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from engine.core import keys
from engine.core.calendar import start_of_day
from engine.core.ledger import balance_of
from engine.core.records import Json
from engine.decide.counters.counter_rows import CounterRows
from engine.decide.counters.counting import SALE, counted_of, left_of, rebuild
from engine.decide.draft import Draft
from engine.decide.parking import as_json, from_json, release_returns
from engine.decide.points.ledger import Ledger
from engine.decide.rows.base import VERSION
from engine.decide.rows.counters import CounterMetaRow
from engine.decide.rows.limits import UsesRow
from engine.decide.rows.member import AccountRow, AchievementRow, LadderRow, MemberRow
from engine.decide.rows.schedules import ScheduleRow
from engine.decide.schedules.planning import keep, replanned, row_of
from engine.decide.tiers.progress import look_again
from engine.decide.tiers.qualifying import Place, number_of, period_of
from engine.decide.tiers.tier_changes import changed, tell

Moved = Sequence[Json]  # [key below the member, row, due instant]
_SUMMED = ("counter", "schedule", "parked", "tier")  # not kept as they are


def take_over(draft: Draft, member: MemberRow, other: MemberRow, rows: Sequence[Moved]) -> None:
    """Takes over all of the other member; the caller writes the member's row."""
    by_collection: dict[str, list[Moved]] = {}
    for moved in rows:
        by_collection.setdefault(moved[0].partition("/")[0], []).append(moved)
    _counters(draft, member, by_collection.pop("counter", []), by_collection.get("transaction", []))
    schedules = by_collection.pop("schedule", [])
    numbers = _parked(draft, by_collection.pop("parked", []))
    by_collection.pop("tier", None)  # made anew with the ladders
    for collection, moved_rows in by_collection.items():
        add = _ADD.get(collection, _keep_own)
        for below, row, due_ms in moved_rows:
            add(draft, f"{draft.subject}/{below}", _renamed(row, other["member_id"], member["member_id"]), due_ms)
    _accounts(draft, member, other)
    _own_row(member, other)
    _waits(draft, member, other, numbers)
    _ladders(draft, member, other)
    _schedules(draft, member, schedules)


# -- rows, by their collection


def _keep_own(draft: Draft, key: str, row: Json, due_ms: int | None) -> None:
    """A row that both have stays as the member has it: a repeat, the same sale."""
    if draft.get(key) is None:
        draft.put(key, row, due_ms)


def _lot(draft: Draft, key: str, row: Json, due_ms: int | None) -> None:
    there = draft.get(key)
    points = row["points"] + (0 if there is None else there["points"])
    draft.put(key, {**row, "points": points}, due_ms)


def _uses(draft: Draft, key: str, row: Json, due_ms: int | None) -> None:
    there = draft.get(key)
    if there is None or "used" not in row:
        _keep_own(draft, key, row, due_ms)
        return
    used = {name: dict(periods) for name, periods in there["used"].items()}
    for name, periods in row["used"].items():
        used[name] = _summed(used.get(name, {}), periods)
    at = {name: sorted([*there["at"].get(name, []), *row["at"].get(name, [])]) for name in {**there["at"], **row["at"]}}
    draft.put(key, UsesRow(v=VERSION, used=used, at=at), due_ms)


def _later(draft: Draft, key: str, row: Json, due_ms: int | None) -> None:
    """Of two last activities the later one counts (B-4a)."""
    there = draft.get(key)
    if there is None or there["at"] < row["at"]:
        draft.put(key, row, due_ms)


def _times(draft: Draft, key: str, row: Json, due_ms: int | None) -> None:
    there = draft.get(key)
    draft.put(key, row if there is None else {**row, "times": row["times"] + there["times"]}, due_ms)


_ADD: Mapping[str, Callable[[Draft, str, Json, int | None], None]] = {
    "lot": _lot,
    "pending": _lot,
    "uses": _uses,
    "sliding": _later,
    "active": _times,
}


def _renamed(row: Json, before: str, after: str) -> Json:
    """The row with lots that say whose they are; what an event said stays."""
    if isinstance(row, dict):
        named = {
            name: _renamed(each, before, after) if name not in ("sale", "kept") else each for name, each in row.items()
        }
        if named.get("member_id") == before:
            named["member_id"] = after
        return named
    return [_renamed(each, before, after) for each in row] if isinstance(row, list) else row


def _parked(draft: Draft, rows: Sequence[Moved]) -> dict[str, str]:
    """Events that wait, after those that wait already; their new numbers by the old ones."""
    waiting = draft.scan("parked")
    following = int(waiting[-1].rsplit("/", 1)[1]) + 1 if waiting else 0
    numbers: dict[str, str] = {}
    for below, row, due_ms in rows:
        old = below.rsplit("/", 1)[1]
        numbers[old] = f"{following + len(numbers):0{len(old)}d}"
        event = as_json(from_json(row["event"], draft.subject))
        draft.put(keys.row(draft.subject, "parked", numbers[old]), {**row, "event": event}, due_ms)
    return numbers


def _counters(draft: Draft, member: MemberRow, rows: Sequence[Moved], sales: Sequence[Moved]) -> None:
    """Entries are added at their instants; what the other counted by another definition is counted anew from their sales."""
    metas = {below.split("/")[1]: row for below, row, _ in rows if below.endswith("/meta")}
    for counter in draft.rules.ruleset.programme.counters:
        definition = draft.rules.definitions[counter.name]
        meta: CounterMetaRow | None = metas.get(counter.name)
        counts = CounterRows(draft, counter, definition)
        if counts.outdated:
            rebuild(counts, draft, member)
        if meta is not None and meta["definition"] == definition:
            _entries(counts, rows)
            for field, peaks in meta["peaks"].items():
                for when, highest in peaks:
                    counts.reach(field, when, highest)
        elif counter.on == SALE:
            for _, sale, _ in sales:
                added = counted_of(counter, sale, left_of(sale), member, draft.rules)
                if added is not None:
                    counts.add(sale["time"], added.amount, added.value)
        counts.keep()


def _entries(counts: CounterRows, rows: Sequence[Moved]) -> None:
    for below, row, _ in rows:
        _, name, *rest = below.split("/")
        if name == keys.escaped(counts.counter.name) and "at" in row:
            value = _unescaped(rest[1]) if rest[0] == "of" else None
            for when, amount in row["at"]:
                counts.add(when, amount, value)


def _schedules(draft: Draft, member: MemberRow, rows: Sequence[Moved]) -> None:
    """What came to either of them came; what is next is planned anew for both in one."""
    for _, row, _ in rows:
        if row["campaign"] not in draft.rules.timetable.definitions:
            continue
        campaign = draft.rules.campaigns[row["campaign"]]
        own = row_of(draft, campaign)
        both: ScheduleRow = row
        if own is not None:
            since = max((each for each in (own["since"], row["since"]) if each is not None), default=None)
            days, years = max(own["day"], row["day"]), max(own["year"], row["year"])
            both = ScheduleRow(**{**both, "day": days, "year": years, "since": since})
        now_ms = draft.time_ms if draft.clock_ms is None else max(draft.time_ms, draft.clock_ms)
        keep(draft, campaign, replanned(draft, campaign, member, both, now_ms))


# -- the member's own row


def _accounts(draft: Draft, member: MemberRow, other: MemberRow) -> None:
    """Books bucket by bucket; points that one has pay what the other owes (B-6)."""
    for name, account in other["accounts"].items():
        own = member["accounts"].get(name, AccountRow(balance=0, earned=0, books={}))
        books = {bucket: points for bucket, points in _summed(own["books"], account["books"]).items() if points}
        earned = own["earned"] + account["earned"]
        member["accounts"][name] = AccountRow(balance=balance_of(books), earned=earned, books=books)
        owed = min(-books.get("deficit", 0), books.get("available", 0))
        if owed > 0:
            Ledger(draft, member, name).take(owed, "deficit")


def _own_row(member: MemberRow, other: MemberRow) -> None:
    """The member's own word counts; what they did not say, the other did."""
    member["profile"] = {**other["profile"], **member["profile"]}
    member["locale"] = other["locale"] if member["locale"] is None else member["locale"]
    member["tags"] = sorted({*member["tags"], *other["tags"]})
    instants = {**other["opt_ins"], **member["opt_ins"]}
    member["opt_ins"] = {
        name: min(at, other["opt_ins"].get(name, at), member["opt_ins"].get(name, at)) for name, at in instants.items()
    }
    external = [
        *member["external_ids"],
        *(each for each in other["external_ids"] if each not in member["external_ids"]),
    ]
    member["external_ids"] = sorted(external, key=lambda each: (each["kind"], each["hash"]))
    member["aliases"] = sorted({*member.get("aliases", ()), other["member_id"], *other.get("aliases", ())})
    if "referrer" in other and "referrer" not in member and other["referrer"] != member["member_id"]:
        member["referrer"] = other["referrer"]
    achievements = dict(member.get("achievements", {}))
    for name, row in other.get("achievements", {}).items():
        achievements[name] = _both(achievements[name], row) if name in achievements else row
    if achievements:
        member["achievements"] = achievements


def _both(one: AchievementRow, two: AchievementRow) -> AchievementRow:
    return AchievementRow(
        count=one["count"] + two["count"],
        at=max(one["at"], two["at"]),
        times=one["times"] + two["times"],
        multiples=one["multiples"] + two["multiples"],
        highest=one["highest"] + two["highest"],
    )


def _waits(draft: Draft, member: MemberRow, other: MemberRow, numbers: Mapping[str, str]) -> None:
    """Returns that wait for a sale, by their new numbers; those whose sale is there now are decided next."""
    waits = dict(member.get("waits", {}))
    before = keys.subject("member", other["member_id"])
    for sale, waiting in other.get("waits", {}).items():
        key = f"{draft.subject}{sale.removeprefix(before)}"
        waits[key] = [*waits.get(key, []), *(numbers[number] for number in waiting)]
    if waits:
        member["waits"] = waits
    for sale in waits:
        if draft.get(sale) is not None:
            release_returns(draft, member, sale)


def _ladders(draft: Draft, member: MemberRow, other: MemberRow) -> None:
    """Progress period by period; the higher tier of the two, with its term, and above that what both reach together."""
    for ladder in draft.rules.ruleset.ladders:
        own, row = member["ladders"].get(ladder.name), other["ladders"].get(ladder.name)
        if row is None or own is None:
            if row is not None:
                member["ladders"][ladder.name] = row
            continue
        place = Place(draft, member, ladder, own)
        before, level = own["tier"], place.level
        entered = [each.tier for each in ladder.levels if each.tier in {*own["entered"], *row["entered"]}]
        also = {name: _periods(place, row.get("also", {}).get(name, {})) for name in row.get("also", {})}
        joint = LadderRow(
            **{**own, "qualified": _summed(own["qualified"], _periods(place, row["qualified"])), "entered": entered}
        )
        if also or "also" in own:
            kept = own.get("also", {})
            joint["also"] = {name: _summed(kept.get(name, {}), also.get(name, {})) for name in {**kept, **also}}
        higher = number_of(ladder, row["tier"]) > level
        if higher:
            joint = LadderRow(
                **{**joint, "tier": row["tier"], "since": row["since"], "until": row["until"], "steps": row["steps"]}
            )
        place.row = joint
        place.write()
        if higher:
            changed(place, before, "merged")
            tell(place, "tier.upgraded", before, draft.time_ms, reason="merged")
    look_again(draft, member, draft.time_ms)


def _periods(place: Place, sums: Mapping[str, int]) -> dict[str, int]:
    """Sums by the periods of the member who stays: a year of membership begins on another day."""
    if place.ladder.within != "membership_year":
        return dict(sums)
    found: dict[str, int] = {}
    for period, amount in sums.items():
        at_ms = start_of_day(date.fromisoformat(period), place.zone)
        name = period_of(place.ladder, max(at_ms, place.member["enrolled_at"]), place.member["enrolled_at"], place.zone)
        found[name] = found.get(name, 0) + amount
    return found


def _summed(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + two.get(name, 0) for name in sorted({*one, *two})}


def _unescaped(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%")
