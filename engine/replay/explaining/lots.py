"""Points forwards and backwards: what became of an award's lot, and which awards a spend, a reversal or an expiry took from."""

from collections.abc import Iterator, Mapping, Sequence

from engine.core import keys
from engine.replay.explaining import model
from engine.replay.explaining.finding import Place, Told
from engine.replay.explaining.member import Member, lots_of, points_in
from engine.replay.explaining.rows import uses_changed
from engine.replay.explaining.saying import Says
from engine.replay.explaining.watching import Watched

TAKING = ("points.spent", "points.held", "points.reversed", "points.expired", "points.released", "points.restored")
_VERBS = {
    "points.reversed": "taken back",
    "points.spent": "spent",
    "points.held": "held",
    "points.released": "free again",
    "points.restored": "given back",
    "points.expired": "expired",
    "points.activated": "became spendable",
    "points.adjusted": "adjusted by hand",
    "points.expiring": "about to expire",
    "member.merge_recorded": "transferred by a merge",
}
_OUT = ("points.reversed", "points.spent", "points.expired", "points.adjusted")


def touching(award: Told, member: Member) -> list[Told]:
    """What happened later to an award: to its lot, or to it by a return of its sale."""
    (lot,) = sorted(lots_of(award))[:1] or ("",)
    return [told for told in member.after(award) if _touches(told, award, lot)]


def fate(award: Told, member: Member, watched: Mapping[Place, Watched], says: Says) -> model.Fate:
    """What became of the lot that an award made; `watched` has its own record, and those of `touching`."""
    lot = str(award.data.get("lot_id") or award.data["lot_ids"][0])
    later = touching(award, member)
    here = watched.get(award.place)
    deficit = sum(each["points"] for each in award.data["postings"] if each["credit"] == "deficit")
    changes = [change(told, _of_lot(told, lot, later, watched), watched.get(told.place), says) for told in later]
    seen = [watched[told.place] for told in later if told.place in watched]
    last = seen[-1] if seen else here
    left = points_in(last.after).get(lot, 0) if last is not None else award.data["points"] - deficit
    return model.Fate(
        outcome_id=award.id,
        subject=award.subject,
        lot_id=lot,
        account=award.data["account"],
        campaign=award.data.get("campaign"),
        points=award.data["points"],
        paid_deficit=deficit,
        left=left,
        says=_fate_in_words(award, deficit, left, changes, later, member, says),
        changes=changes,
    )


def backwards(told: Told, watched: Watched | None, member: Member, says: Says) -> model.Backwards | None:
    """The lots that an outcome took from, or gave back to, each with where it came from."""
    if told.type not in TAKING or not told.data.get("points"):
        return None
    parts = _parts(told, watched)
    sales = {} if watched is None else watched.before
    lots = []
    for lot, points in parts.items():
        origin = member.origin_of(lot, sales)
        lots.append(model.Taken(lot_id=lot, points=points, says=_taken_in_words(points, origin, says), origin=origin))
    verb = _VERBS.get(told.type, told.type)
    where = "from" if told.type not in ("points.restored", "points.released") else "to"
    return model.Backwards(
        outcome_id=told.id,
        type=told.type,
        points=told.data["points"],
        says=f"{says.of(told.data['points'], told.data['account'])} {verb}, {where} {_count(len(lots), 'award')}",
        lots=lots,
    )


def change(told: Told, points: int | None, watched: Watched | None, says: Says) -> model.Change:
    """Something that happened later."""
    return model.Change(
        outcome_id=told.id,
        type=told.type,
        time=str(told.event["time"]),
        position=str(told.place),
        cause=told.cause,
        subject=told.subject,
        points=points,
        says=says.outcome(told.type, told.data),
        limits=[] if watched is None else list(_limits_back(told, watched, says)),
    )


def origin_in_words(origin: model.Origin, says: Says) -> str:
    """Where points came from."""
    of = f" by {origin.campaign}" if origin.campaign else " by hand" if origin.type == "points.adjusted" else ""
    text = f"{origin.points:,} awarded{of} on {says.day(origin.time)}"
    if origin.transaction_id is not None:
        amount = "" if origin.amount_minor is None else f" of {says.money(origin.amount_minor, origin.currency)}"
        return f"{text} for sale {origin.transaction_id}{amount}"
    return f"{text} for {origin.event_id}"


def _touches(told: Told, award: Told, lot: str) -> bool:
    if told.type == "member.merge_recorded":
        return keys.subject("member", told.data["merged_member_id"]) == award.subject
    if not told.type.startswith("points.") or told.data.get("account") != award.data["account"]:
        return False
    if lot in lots_of(told):
        return told.type != "points.awarded"
    sale = award.data.get("transaction_id")
    same = told.data.get("transaction_id") == sale and told.data.get("campaign") == award.data["campaign"]
    return told.type == "points.reversed" and sale is not None and same


def _of_lot(told: Told, lot: str, later: Sequence[Told], watched: Mapping[Place, Watched]) -> int | None:
    """How many of an outcome's points are of one lot; None where a record did several things to it that cannot be told apart."""
    if told.type == "member.merge_recorded":
        return None
    if lot not in lots_of(told):
        return 0
    if lots_of(told) == {lot}:
        return int(told.data["points"])
    here = watched.get(told.place)
    beside = [each for each in later if each.place == told.place and lot in lots_of(each) and each.id != told.id]
    if here is None or any(lots_of(each) != {lot} for each in beside):
        return None
    moved = points_in(here.before).get(lot, 0) - points_in(here.after).get(lot, 0)
    for each in beside:
        moved += -each.data["points"] if each.type in _OUT or each.type == "points.held" else each.data["points"]
    return abs(moved)


def _parts(told: Told, watched: Watched | None) -> dict[str, int]:
    """Points by lot. A spend and a hold are kept with their parts, else the lots themselves tell."""
    named = list(dict.fromkeys([*(told.data.get("lot_ids") or ()), *filter(None, [told.data.get("lot_id")])]))
    if len(named) == 1:
        return {named[0]: told.data["points"]}
    if watched is None:
        return {}
    kept = {"points.spent": ("spend", "spend_id"), "points.held": ("hold", "hold_id")}.get(told.type)
    if kept is not None:
        row = watched.after.get(keys.row(told.subject, kept[0], told.data[kept[1]]))
        if row is not None:
            return _summed((part["row"]["lot_id"], part["row"]["points"]) for part in row["parts"])
    before, after = points_in(watched.before), points_in(watched.after)
    moved = {lot: abs(before.get(lot, 0) - after.get(lot, 0)) for lot in named}
    return {lot: points for lot, points in moved.items() if points}


def _summed(parts: Iterator[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for lot, points in parts:
        found[lot] = found.get(lot, 0) + points
    return found


def _limits_back(told: Told, watched: Watched, says: Says) -> Iterator[str]:
    """Limits that a record gave back: the member's own, and those that it sent word of."""
    if told.type != "points.reversed":
        return
    for key in sorted({*watched.before, *watched.after}):
        if (
            "/" not in key
            or keys.collection_of(key) != "uses"
            or not _concerns(told, keys.unescaped(key.split("/")[2]))
        ):
            continue
        for (limit, _), (old, new) in uses_changed(watched.before.get(key), watched.after.get(key)).items():
            if new < old:
                yield f"limit of {keys.unescaped(key.split('/')[2])}, {limit}: {old:,} -> {new:,} used"
    for message in watched.messages:
        if message.type == "limit.returned" and any(_concerns(told, use["owner"]) for use in message.data["uses"]):
            yield f"{message.subject}: {says.message(message.type, message.data)}"


def _concerns(told: Told, owner: str) -> bool:
    """Whether a limit is of the campaign whose points were taken back, or of no campaign."""
    return not owner.startswith("campaign:") or owner == f"campaign:{told.data.get('campaign')}"


def _taken_in_words(points: int, origin: model.Origin | None, says: Says) -> str:
    if origin is None:
        return f"{points:,} of a lot whose award is not in what was read"
    return f"{points:,} of {origin_in_words(origin, says)}"


def _fate_in_words(
    award: Told,
    deficit: int,
    left: int,
    changes: Sequence[model.Change],
    later: Sequence[Told],
    member: Member,
    says: Says,
) -> str:
    told = []
    if deficit:
        told.append(f"{deficit:,} paid what the account owed")
    for each, cause in zip(changes, later, strict=True):
        if each.type == "points.expiring":
            continue
        verb = _VERBS.get(each.type, each.type)
        named = cause.data.get("return_id") or cause.data.get("spend_id") or cause.data.get("adjustment_id")
        by = f" ({named})" if named else ""
        count = "some" if each.points is None else f"{each.points:,}"
        if each.type == "member.merge_recorded":
            told.append(f"transferred to {cause.data['member_id']} by a merge on {says.day(each.time)}")
        elif each.type == "points.reversed" and each.points == 0:
            if cause.data["points"]:
                told.append(f"{cause.data['points']:,} taken back from other points on {says.day(each.time)}{by}")
        else:
            other = cause.data.get("campaign")
            if each.type == "points.reversed" and other != award.data.get("campaign"):
                verb = f"{verb} for {other}"
            told.append(f"{count} {verb} on {says.day(each.time)}{by}")
    whose = "" if award.subject == member.subject else f"{keys.name_of(award.subject)}'s "
    whole = f"Of {whose}{says.of(award.data['points'], award.data['account'])}{says.by(award.data)}"
    if not told:
        return f"{whole} all are there still." if left else f"{whole} none is left."
    return f"{whole}: {', '.join(told)}; {f'{left:,} left' if left else 'nothing is left'}."


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
