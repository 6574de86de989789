"""What conditions see of an event and its member, as they were before this event (B-9)."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from engine.core.birthdays import days_until
from engine.core.calendar import WEEKDAYS, Zone, local_day, local_ms
from engine.core.instants import DAY_MS, MINUTE_MS
from engine.core.records import Event, Json
from engine.decide.rows.member import MemberRow
from engine.ruleset.matching import Facts, Line, Rules

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
SCALARS = (str, int, bool)
_NO_LINES: tuple[Line, ...] = ()
_NOTHING: Mapping[str, str] = {}


def facts_of(event: Event, member: MemberRow, rules: Rules, *, as_at_enrolment: bool) -> Facts:
    """The facts of an event. One parked for its enrolment counts for no opt-in (B-19)."""
    asked = rules.asked
    fields: dict[str, Json] = {}
    if asked.member:
        _add_member(fields, event, member, rules, as_at_enrolment=as_at_enrolment)
    if asked.balance:
        for account in rules.ruleset.programme.accounts:
            kept = member["accounts"].get(account.name)
            fields["balance." + account.name] = 0 if kept is None else kept["balance"]
    for achievement in rules.ruleset.achievements:
        stands = member.get("achievements", {}).get(achievement.name)
        fields["achievement." + achievement.name] = 0 if stands is None else stands["times"]
    return event_facts(event.type, event.time_ms, event.data, rules, fields)


def event_facts(
    kind: str, time_ms: int, data: Mapping[str, Json], rules: Rules, stood: Mapping[str, Json] = _NOTHING
) -> Facts:
    """What an event says itself, besides what stood when it came: so a sale is asked again as it was (B-22)."""
    asked = rules.asked
    fields: dict[str, Json] = {**stood}
    lines: Sequence[Line] = data.get("lines", _NO_LINES)
    outlet = rules.ruleset.outlets.get(data.get("outlet_code", ""), _NOTHING)
    if asked.time:
        _add_time(fields, time_ms, rules.ruleset.programme.zone, rules.ruleset.zones.get(outlet.get("zone", "")))
    for name in asked.outlet:
        if name in outlet:
            fields["outlet." + name] = outlet[name]
    facts = Facts(kind, time_ms, fields, lines)
    match kind:
        case "transaction.completed":
            facts = Facts(kind, time_ms, fields, lines, rules.matcher.earning_lines(facts))
            _add_transaction(fields, data, facts, rules)
        case "transaction.returned" | "transaction.cancelled":
            _add_return(fields, data)
        case "activity.recorded":
            fields["activity.name"] = data["name"]
            _add_flat(fields, "activity.attributes.", data.get("attributes"))
        case "member.enrolled":
            pass
        case _:
            fields.update(outcome_fields(kind, data))
    return facts


def outcome_fields(kind: str, data: Mapping[str, Json]) -> dict[str, Json]:
    """What conditions see of an outcome: `tier.upgraded` has `tier.before`, `tier.after`, `tier.next`; others their own family's.

    An event of the programme's own has its attributes: `custom.<name>`.
    """
    family = kind.split(".", 1)[0]
    values = data["attributes"] if family == "custom" else data
    return {
        f"{family}.{name.removeprefix(family + '_')}": value
        for name, value in values.items()
        if isinstance(value, SCALARS)
    }


def earning_amount(line: Line, rules: Rules) -> int:
    """What a line earns on: its amount, before discounts where the programme says so (B-12)."""
    amount: int = line["amount_minor"]
    if rules.ruleset.programme.earning.on == "amount_before_discounts":
        amount += line.get("discount_minor", 0)
    return amount


def paid_with_points(sale: Mapping[str, Json]) -> int:
    """What points paid of a sale, in minor units."""
    payments = sale.get("payments")
    if not payments:
        return 0
    return sum(
        payment["amount_minor"] for payment in payments if payment["method"] == "points" or "spend_id" in payment
    )


def _add_time(fields: dict[str, Json], time_ms: int, zone: Zone, of_outlet: Zone | None) -> None:
    day, in_day = divmod(local_ms(time_ms, zone), DAY_MS)
    fields.update(_of_day("time.programme.", day))
    fields["time.programme.clock"] = in_day // MINUTE_MS
    if of_outlet is not None:
        day, in_day = divmod(local_ms(time_ms, of_outlet), DAY_MS)
    fields.update(_of_day("time.", day))
    fields["time.clock"] = in_day // MINUTE_MS


@lru_cache(maxsize=1024)
def _of_day(prefix: str, day: int) -> Mapping[str, Json]:
    """What is the same all day long, of a number of days since 1970."""
    local = date.fromordinal(_EPOCH_ORDINAL + day)
    weekday = WEEKDAYS[(day + _EPOCH_WEEKDAY) % 7]
    return {prefix + "weekday": weekday, prefix + "day_of_month": local.day, prefix + "month": local.month}


def _add_member(
    fields: dict[str, Json], event: Event, member: MemberRow, rules: Rules, *, as_at_enrolment: bool
) -> None:
    zone = rules.ruleset.programme.zone
    ladders = member["ladders"]
    for position, ladder in enumerate(rules.ruleset.ladders):
        standing = ladders.get(ladder.name)
        if standing is not None:
            fields["member.tier." + ladder.name] = standing["tier"]
            if position == 0:
                fields["member.tier"] = standing["tier"]
    fields["member.tags"] = tuple(member["tags"])
    fields["member.opt_ins"] = () if as_at_enrolment else tuple(member["opt_ins"])
    days = local_ms(event.time_ms, zone) // DAY_MS - local_ms(member["enrolled_at"], zone) // DAY_MS
    fields["member.enrolled_days"] = days
    fields["member.referred"] = "referrer" in member
    profile = member["profile"]
    if "birthday" in profile:
        birthday = days_until(profile["birthday"], local_day(event.time_ms, zone))
        if birthday is not None:
            fields["member.birthday_in_days"] = birthday
    for name in rules.asked.profile:
        value = profile.get(name)
        if value is not None:
            fields["member.profile." + name] = value


def _add_transaction(fields: dict[str, Json], sale: Mapping[str, Json], facts: Facts, rules: Rules) -> None:
    for name in ("channel", "outlet_code", "merchant_id", "currency"):
        if name in sale:
            fields["transaction." + name] = sale[name]
    amount: int = sale["amount_minor"]
    discounts: int = sum([line.get("discount_minor", 0) for line in facts.lines])
    by_points = paid_with_points(sale)
    before_discounts = rules.ruleset.programme.earning.on == "amount_before_discounts"
    earned_on = amount + discounts if before_discounts else amount
    if len(facts.earning) < len(facts.lines):
        kept = {line["line_id"] for line in facts.earning}
        earned_on -= sum(earning_amount(line, rules) for line in facts.lines if line["line_id"] not in kept)
    fields["transaction.amount"] = max(earned_on - by_points, 0)
    fields["transaction.amount_before_discounts"] = amount + discounts
    fields["transaction.paid_with_points"] = by_points
    if rules.asked.attributes:
        _add_flat(fields, "transaction.attributes.", sale.get("attributes"))
    if rules.asked.payments:
        _add_payments(fields, sale.get("payments") or (), rules.asked.payments)


def _add_payments(fields: dict[str, Json], payments: Sequence[Mapping[str, Json]], asked: Sequence[str]) -> None:
    """How a sale was paid: the methods, and what payments come to, `amount[card,cash]` by these methods alone."""
    if not payments:
        return
    fields["payments.method"] = tuple(sorted({payment["method"] for payment in payments}))
    for name in asked:
        if name.startswith("amount"):
            methods = name.removeprefix("amount").strip("[]").split(",")
            chosen = (each["amount_minor"] for each in payments if methods == [""] or each["method"] in methods)
            fields["payments." + name] = sum(chosen)


def _add_return(fields: dict[str, Json], back: Mapping[str, Json]) -> None:
    for name in ("outlet_code", "original_outlet_code", "reason"):
        if name in back:
            fields["return." + name] = back[name]
    if "lines" in back:
        fields["return.pieces"] = sum(line["quantity"] for line in back["lines"])


def _add_flat(fields: dict[str, Json], prefix: str, values: Mapping[str, Json] | None) -> None:
    if values:
        for name, value in values.items():
            fields[prefix + name] = value
