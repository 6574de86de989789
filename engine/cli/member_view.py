"""A member as people read one, and as JSON: balances, tiers, what expires next, what happened last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from engine.cli import screen
from engine.core import instants
from engine.core.records import Row
from engine.decide.views.kept_rows import KeptRows
from engine.decide.views.view import MemberView, SaleView, SpendView, view_of
from engine.decide.views.view_progress import LimitView, TierView
from engine.match.plain import PlainMatcher
from engine.ruleset.matching import Rules
from engine.ruleset.model import Programme, Ruleset

LATEST = 10  # lots and changes of tier that are shown


def view(rows: Mapping[str, Row], member_id: str, ruleset: Ruleset, at_ms: int) -> MemberView | None:
    """The member whose rows these are, at an instant."""
    return view_of(KeptRows(rows), member_id, Rules(ruleset, PlainMatcher(ruleset)), at_ms)


def as_json(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A view as JSON: instants are RFC 3339, and their names lose the `_ms`."""
    if is_dataclass(value):
        return {
            field.name.removesuffix("_ms"): _instants(getattr(value, field.name))
            if field.name.endswith("_ms")
            else as_json(getattr(value, field.name))
            for field in fields(value)
        }
    if isinstance(value, Mapping):
        return {name: as_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    return value


def show(member: MemberView, ruleset: Ruleset) -> None:
    """Prints the member."""
    _show_person(member)
    screen.say("")
    _show_accounts(member)
    for tier in member.tiers:
        _show_tier(tier)
    _show_lots(member)
    _show_waiting_points(member)
    _show_counts(member)
    _show_recent(member, ruleset.programme)
    if member.waiting:
        screen.say(f"\n{member.waiting} events wait for something of this member")


def _show_person(member: MemberView) -> None:
    screen.say(f"member:{member.member_id}  enrolled {_instant(member.enrolled_at_ms)}  as of {_instant(member.at_ms)}")
    if member.forgotten_at_ms is not None:
        screen.say(f"forgotten {_instant(member.forgotten_at_ms)}: nothing personal is kept, and the keys are deleted")
    told = {
        "profile": ", ".join(f"{name}: {value}" for name, value in sorted(member.profile.items())),
        "locale": member.locale or "",
        "tags": ", ".join(member.tags),
        "consents": ", ".join(member.consents),
        "opt-ins": ", ".join(f"{name} {_day(at)}" for name, at in sorted(member.opt_ins_ms.items())),
    }
    for name, text in told.items():
        if text:
            screen.say(f"{name:<9} {text}")


def _show_accounts(member: MemberView) -> None:
    rows = [
        (
            account.account,
            account.balance,
            account.pending or None,
            account.held or None,
            -account.deficit or None,
            account.earned,
            "" if account.expiring is None else f"{account.expiring.points:,} after {account.expiring.last_day}",
        )
        for account in member.accounts
    ]
    screen.show_table(("account", "#balance", "#pending", "#held", "#deficit", "#earned", "expiring next"), rows)
    if sum(account.spendable for account in member.accounts) > 1:
        screen.say(f"{member.total:,} can be spent in all")


def _show_tier(tier: TierView) -> None:
    until = "" if tier.valid_until_ms is None else f" until {_instant(tier.valid_until_ms)}"
    if tier.next_tier is not None:
        ahead = f", {tier.missing:,} {tier.unit} to {tier.next_tier} ({tier.qualified:,} so far)"
    else:
        ahead = ", the highest" if tier.unit else " (a tier that the published rules do not have)"
    screen.say(f"\ntier      {tier.tier} of {tier.ladder} since {_instant(tier.since_ms)}{until}{ahead}")
    if tier.next_turn_at_ms is not None:
        screen.say(f"          next: {tier.next_turn} at {_instant(tier.next_turn_at_ms)}")
    changes = [(_instant(each.at_ms), each.before or "", each.after, each.reason) for each in reversed(tier.history)]
    if len(changes) > 1:
        screen.show_table(("changed", "from", "to", "because"), changes[:LATEST])


def _show_lots(member: MemberView) -> None:
    rows = [
        (
            lot.account,
            lot.points,
            lot.awarded,
            _instant(lot.earned_at_ms),
            lot.last_day or "ever",
            lot.campaign or "by hand",
        )
        for lot in member.lots[:LATEST]
    ]
    _table(("lots, first to go", "#points", "#of", "earned", "usable until", "campaign"), rows)
    if len(member.lots) > LATEST:
        screen.say(f"and {len(member.lots) - LATEST:,} more lots (--json shows all)")


def _show_waiting_points(member: MemberView) -> None:
    pending = [
        (
            lot.account,
            lot.points,
            _instant(lot.active_from_ms) if lot.active_from_ms is not None else f"once {lot.waits_for} is done",
            "" if lot.lapses_at_ms is None else _instant(lot.lapses_at_ms),
            lot.campaign or "",
        )
        for lot in member.pending
    ]
    _table(("pending", "#points", "active", "lapses", "campaign"), pending)
    holds = [
        (hold.hold_id, hold.account, hold.points, _instant(hold.held_at_ms), _instant_or(hold.held_until_ms, "ever"))
        for hold in member.holds
    ]
    _table(("held", "account", "#points", "since", "until"), holds)


def _show_counts(member: MemberView) -> None:
    achievements = [
        (each.title or each.name, f"{each.count:,} of {each.target:,}", f"{each.times:,} of {each.repeats:,}")
        for each in member.achievements
    ]
    _table(("achievement", "#stands at", "#completed"), achievements)
    counters = [(each.name, each.kept, _fields(each.fields)) for each in member.counters if each.kept]
    _table(("counter", "#kept", "now"), counters)
    limits = [(each.owner, each.limit, each.used, each.amount, each.left, _window(each)) for each in member.limits]
    _table(("limit of", "limit", "#used", "#of", "#left", "window"), limits)


def _show_recent(member: MemberView, programme: Programme) -> None:
    rows = []
    for each in member.recent:
        match each:
            case SaleView():
                rows.append((each.transaction_id, each.kind, _instant(each.at_ms), *_sale(each, programme)))
            case SpendView():
                back = f", {each.restored:,} given back" if each.restored else ""
                paid = f" for {each.transaction_id}" if each.transaction_id else ""
                rows.append(
                    (each.spend_id, each.kind, _instant(each.at_ms), "", f"-{each.points:,} {each.account}{paid}{back}")
                )
    _table(("latest", "", "when", "#amount", "points"), rows)


def _sale(sale: SaleView, programme: Programme) -> Iterator[str]:
    yield _money(sale.amount_minor, sale.currency, programme)
    points = ", ".join(
        f"{points:,} {account}" + (f" ({sale.left[account]:,} left)" if sale.left[account] != points else "")
        for account, points in sorted(sale.points.items())
    )
    given = f"{points} by {', '.join(sale.campaigns)}" if points else ""
    returned = _money(sale.returned_minor, sale.currency, programme) + " returned" if sale.returned_minor else ""
    yield ", ".join(text for text in (given, returned) if text)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        screen.say("")
        screen.show_table(columns, rows)


def _fields(fields_: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(fields_.items()))


def _window(limit: LimitView) -> str:
    if limit.from_ms is None:
        return "ever"
    return f"since {_instant(limit.from_ms)}" + ("" if limit.until_ms is None else f" until {_instant(limit.until_ms)}")


def _instants(value: Any) -> Any:  # noqa: ANN401 - an instant, a map of them, or None
    if isinstance(value, Mapping):
        return {name: instants.render(each) for name, each in value.items()}
    return None if value is None else instants.render(value)


def _instant(instant_ms: int) -> str:
    return instants.render(instant_ms)[:19].replace("T", " ")


def _instant_or(instant_ms: int | None, otherwise: str) -> str:
    return otherwise if instant_ms is None else _instant(instant_ms)


def _day(instant_ms: int) -> str:
    return instants.render(instant_ms)[:10]


def _money(amount_minor: int, currency: str, programme: Programme) -> str:
    if programme.currency != currency:
        return f"{amount_minor:,} minor units of {currency}"
    digits = programme.minor_digits
    whole, rest = divmod(amount_minor, 10**digits)
    return f"{whole:,}.{rest:0{digits}} {currency}" if digits else f"{whole:,} {currency}"
