"""Rows in words: what became of a member, a lot, a limit, a sale."""

from collections.abc import Callable

from engine.core import keys
from engine.replay.explaining.saying import Data, Says

SayRow = Callable[[Says, str, Data | None, Data | None], str]


def row_in_words(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    """What became of a row, "" where its fields have to speak for themselves."""
    say = _ROWS.get(keys.collection_of(key)) if "/" in key else _OWN_ROWS.get(keys.kind_of(key))
    return "" if say is None else say(says, key, before, after)


def _member_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    del key
    if before is None or after is None:
        return "the member comes into being" if after is not None else "the member is gone"
    told: list[str] = []
    accounts = {**before.get("accounts", {}), **after.get("accounts", {})}
    for name in sorted(accounts):
        old = before.get("accounts", {}).get(name, {}).get("balance", 0)
        new = after.get("accounts", {}).get(name, {}).get("balance", 0)
        if old != new:
            told.append(f"balance of {name} {old:,} -> {new:,}")
    for name, ladder in sorted(after.get("ladders", {}).items()):
        old_tier = before.get("ladders", {}).get(name, {}).get("tier")
        if old_tier != ladder["tier"]:
            told.append(f"{name}: {old_tier or 'no tier'} -> {ladder['tier']}")
    told += [
        f"{name} {says.value(before.get(name))} -> {says.value(after.get(name))}"
        for name in ("tags", "consents", "aliases", "referrer", "alias_of", "locale")
        if before.get(name) != after.get(name)
    ]
    return "; ".join(told)


def _lot_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    lot = after or before or {}
    state = "pending " if keys.collection_of(key) == "pending" else ""
    of = f" of {lot['campaign']}" if lot.get("campaign") else ""
    name = f"{state}lot{of} earned {says.day(lot['earned_at'])}"
    if before is None:
        until = lot.get("expires_at")
        return f"{name}: {lot['points']:,} {lot['account']}{f', usable until {says.last_day(until)}' if until else ''}"
    left = 0 if after is None else after["points"]
    return f"{name}: {before['points']:,} -> {left:,} {lot['account']}"


def _uses_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    owner = keys.unescaped(key.split("/")[2])
    told = [
        f"{limit}{_since(says, period)}: {old:,} -> {new:,} used"
        for (limit, period), (old, new) in uses_changed(before, after).items()
    ]
    return f"limit of {owner}, {'; '.join(told)}" if told else ""


def _since(says: Says, period: str) -> str:
    return f" since {says.day(int(period))}" if period.isdecimal() and int(period) > 0 else ""


def uses_changed(before: Data | None, after: Data | None) -> dict[tuple[str, str], tuple[int, int]]:
    """What was used of limits, before and after, by limit and the beginning of its period ("" where that slides)."""
    old, new = _used(before), _used(after)
    return {
        name: (old.get(name, 0), new.get(name, 0))
        for name in sorted({*old, *new})
        if old.get(name, 0) != new.get(name, 0)
    }


def _used(row: Data | None) -> dict[tuple[str, str], int]:
    if row is None or "used" not in row:
        return {}
    used = {(limit, period): count for limit, periods in row["used"].items() for period, count in periods.items()}
    return used | {(limit, ""): sum(amount for _, amount in uses) for limit, uses in row.get("at", {}).items()}


def _sale_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    del key
    row = after or before or {}
    sale = row["sale"]
    name = f"sale {sale['transaction_id']} of {says.money(sale['amount_minor'], sale['currency'])}"
    if before is None:
        return f"{name} is kept"
    if after is None:
        return f"{name} is forgotten"
    told = []
    old, new = (each.get("returned", {}).get("amount_minor", 0) for each in (before, after))
    if old != new:
        told.append(f"returned {says.money(old, sale['currency'])} -> {says.money(new, sale['currency'])}")
    for was, now in zip(before["awards"], after["awards"], strict=False):
        if was["left"] != now["left"]:
            told.append(f"{now['campaign']} {was['left']:,} -> {now['left']:,} {now['account']}")
    return f"{name}: {'; '.join(told)}" if told else name


def _spend_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    del key
    row = after or before or {}
    name = f"spend {row['spend_id']} of {says.of(row['points'], row['account'])}"
    if before is None or after is None:
        return name
    return f"{name}: given back {before['restored']:,} -> {after['restored']:,}"


def _asked_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    del says, key
    if after is not None:
        return f"the event waits for: {', '.join(after['waiting'])}"
    return "all answers are there" if before is not None else ""


def _named(text: str) -> SayRow:
    def say(says: Says, key: str, before: Data | None, after: Data | None) -> str:
        del says, before, after
        return f"{text} {keys.unescaped(key.split('/')[2])}"

    return say


def _parked_row(says: Says, key: str, before: Data | None, after: Data | None) -> str:
    row = after or before or {}
    del key
    return f"{says.value(row['event']['type'])} {'waits' if after is not None else 'waits no more'}"


_OWN_ROWS: dict[str, SayRow] = {"member": _member_row}

_ROWS: dict[str, SayRow] = {
    "lot": _lot_row,
    "pending": _lot_row,
    "uses": _uses_row,
    "transaction": _sale_row,
    "spend": _spend_row,
    "asked": _asked_row,
    "counter": _named("counter"),
    "tier": _named("what comes next on the ladder"),
    "hold": _named("hold"),
    "schedule": _named("next time of campaign"),
    "seen": lambda *_: "that the event came is remembered",
    "key": lambda *_: "its natural key is remembered",
    "parked": _parked_row,
    "warning": lambda *_: "when to warn of points that expire",
}
