"""What a return takes back of what a sale gave: points by B-3, the uses of limits to their own periods (B-22, B-23)."""

from collections.abc import Mapping, Sequence

from engine.core.records import Json
from engine.decide.campaigns import budget, limiting, referring
from engine.decide.draft import Draft
from engine.decide.points.ledger import Ledger
from engine.decide.returns.again import points_left, still_wanting
from engine.decide.rows.member import MemberRow
from engine.decide.rows.sale import AwardRow, ProposedRow, TransactionRow, UseRow
from engine.ruleset.matching import Rules

_MICRO = 1_000_000
KEEP = "keep"


def reverse(
    draft: Draft,
    member: MemberRow,
    sale: TransactionRow,
    kept: Mapping[str, Json] | None,
    data: Mapping[str, Json],
    reason: str,
) -> tuple[list[AwardRow], dict[str, ProposedRow], dict[str, int]]:
    """Takes back what the kept lines do not earn. Returns the awards and campaigns as they are left, and points gone by account."""
    rules = draft.rules_of(sale["ruleset"])
    wanting = still_wanting(sale, kept, rules)
    awards: list[AwardRow] = []
    gone: dict[str, int] = {}
    for award, left in zip(sale["awards"], points_left(sale, wanting, rules), strict=True):
        less = award["left"] - left
        if less <= 0 or rules.campaigns[award["campaign"]].on_return == KEEP:
            awards.append(award)
            continue
        awards.append(_shortened(draft, award, left, rules))
        why = _why(sale, data, reason)
        if "to" in award:
            referring.take_back(draft, award, less, why, sale["time"])
        else:
            _take(draft, member, award, less, _own(award, sale), why)
            gone[award["account"]] = gone.get(award["account"], 0) + less
    proposed = {
        name: _settled(draft, name, each, rules, wanting=name in wanting) for name, each in sale["proposed"].items()
    }
    return awards, proposed, gone


def _why(sale: TransactionRow, data: Mapping[str, Json], reason: str) -> dict[str, Json]:
    why: dict[str, Json] = {"reason": reason, "transaction_id": sale["sale"]["transaction_id"]}
    if "return_id" in data:
        why["return_id"] = data["return_id"]
    return why


def _own(award: AwardRow, sale: TransactionRow) -> list[str]:
    """The sale's own lots of an award's account: pending ones first, the award's before the others, then in spend order (B-3)."""
    lots = {each["lot"] for each in sale["awards"] if each["account"] == award["account"] and "to" not in each}
    return sorted(lots, key=lambda lot: (lot.startswith("lot/"), lot != award["lot"], lot))


def _take(
    draft: Draft, member: MemberRow, award: AwardRow, points: int, own: Sequence[str], why: Mapping[str, Json]
) -> None:
    """From the sale's own points, then from other pending ones, then in spend order; else the shortfall or a deficit."""
    ledger = Ledger(draft, member, award["account"])
    movement = ledger.take(points, "reversed", own, pending_first=True, into_deficit=True)
    ledger.earn(-points)
    told: dict[str, Json] = {
        "member_id": member["member_id"],
        "campaign": award["campaign"],
        "account": award["account"],
        "points": movement.points,
        "shortfall": movement.shortfall,
        **movement.told(),
        "line_ids": award["line_ids"],
        **why,
    }
    draft.happened("points.reversed", told, award["campaign"])


def _shortened(draft: Draft, award: AwardRow, left: int, rules: Rules) -> AwardRow:
    """The award with what is left of it; what it used of limits by its points is given back."""
    worth_micro = rules.accounts[award["account"]].worth_micro or 0
    now = {"points": left, "budget": left * worth_micro // _MICRO}
    kept = [
        UseRow(**{**use, "amount": min(use["amount"], now.get(use["kind"], use["amount"]))}) for use in award["uses"]
    ]
    _return_uses(draft, award["uses"], kept)
    return AwardRow(**{**award, "left": left, "uses": kept})


def _settled(draft: Draft, campaign: str, proposed: ProposedRow, rules: Rules, *, wanting: bool) -> ProposedRow:
    """A campaign that gives nothing any more gives back that it gave at all."""
    if wanting or not proposed["uses"] or rules.campaigns[campaign].on_return == KEEP:
        return proposed
    _return_uses(draft, proposed["uses"], [UseRow(**{**use, "amount": 0}) for use in proposed["uses"]])
    return ProposedRow(times=proposed["times"], uses=[])


def _return_uses(draft: Draft, before: Sequence[UseRow], after: Sequence[UseRow]) -> None:
    pairs = zip(before, after, strict=True)
    given_back = [UseRow(**{**use, "amount": use["amount"] - kept["amount"]}) for use, kept in pairs]
    limiting.give_back(draft, given_back)
    budget.give_back(draft, given_back)
