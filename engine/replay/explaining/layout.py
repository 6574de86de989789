"""What the terminal and the page share: an explanation's values in words, in the programme's currency and zone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.sealed import is_sealed
from engine.replay.explaining import model

_DUE = re.compile("[0-9a-f]{32}")
_POSTED = {"available": "available", "pending": "pending", "held": "held", "deficit": "owed"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Says values of one programme."""

    programme: model.Programme

    def when(self, instant: str | None) -> str:
        """An instant in the programme's zone."""
        if instant is None:
            return "never"
        zone = _zone(self.programme.zone)
        return datetime.fromisoformat(instant).astimezone(zone).strftime("%Y-%m-%d %H:%M")

    def money(self, minor: int, currency: str | None = None) -> str:
        """An amount with its currency."""
        if currency is not None and currency != self.programme.currency:
            return f"{minor:,} minor units of {currency}"
        digits = self.programme.minor_digits
        whole, rest = divmod(abs(minor), 10**digits)
        return f"{'-' if minor < 0 else ''}{whole:,}{f'.{rest:0{digits}d}' if digits else ''} {self.programme.currency}"

    def value(self, name: str, value: Any) -> str:  # noqa: ANN401 - any JSON
        """A value by the unit that its field's name ends with."""
        if is_sealed(value):
            return "(sealed)"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int) and name.endswith("_minor"):
            return self.money(value)
        if isinstance(value, Mapping):
            return ", ".join(f"{_plain(key)} {self.value(key, each)}" for key, each in value.items()) or "nothing"
        if isinstance(value, list):
            return ", ".join(self.value(name, each) for each in value) or "none"
        return "none" if value is None else str(value)

    def data(self, data: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
        """A payload, field by field; a list of things one by one."""
        if not isinstance(data, Mapping):
            yield self.value("", data)
            return
        for name, value in data.items():
            if isinstance(value, list) and value and isinstance(value[0], Mapping):
                yield f"{_plain(name)}:"
                yield from (f"  - {self.value(name, each)}" for each in value)
            else:
                yield f"{_plain(name)}: {self.value(name, value)}"

    def standing(self, before: model.Before) -> Iterator[tuple[str, str, str]]:
        """What stood: name, before, after."""
        old, new = before.member, before.member_after
        if old is not None or new is not None:
            yield from self._of_member(old or _NOBODY, new or _NOBODY)
        yield from self._of_sale(before.sale, before.sale_after)

    def _of_member(self, old: model.Standing, new: model.Standing) -> Iterator[tuple[str, str, str]]:
        for name in _names(old.balances, new.balances):
            yield f"balance of {name}", f"{old.balances.get(name, 0):,}", f"{new.balances.get(name, 0):,}"
        for what, first, second in (("pending", old.pending, new.pending), ("held", old.held, new.held)):
            for name in _names(first, second):
                yield f"{what} {name}", f"{first.get(name, 0):,}", f"{second.get(name, 0):,}"
        for name in _names(old.tiers, new.tiers):
            yield f"tier of {name}", old.tiers.get(name, "none"), new.tiers.get(name, "none")
        for name in _names(old.counters, new.counters):
            yield f"counter {name}", f"{old.counters.get(name, 0):,}", f"{new.counters.get(name, 0):,}"
        if old.tags or new.tags:
            yield "tags", ", ".join(old.tags) or "none", ", ".join(new.tags) or "none"

    def _of_sale(self, old: model.Sale | None, new: model.Sale | None) -> Iterator[tuple[str, str, str]]:
        if old is None:
            return
        name, after = f"sale {old.transaction_id}", new or old
        yield (
            f"{name}, amount",
            self.money(old.amount_minor, old.currency),
            self.money(after.amount_minor, old.currency),
        )
        first, second = (self.money(each.returned_minor, old.currency) for each in (old, after))
        yield f"{name}, returned", first, second
        for was, now in zip(old.awards, after.awards, strict=False):
            yield (
                f"{name}, left of {was.campaign}",
                f"{was.left:,} of {was.points:,}",
                f"{now.left:,} of {now.points:,}",
            )

    def group(self, group: model.GroupChoice) -> str:
        """What a group chose."""
        of = " of each line" if group.scope == "line" else ""
        gave = ", ".join(group.gave) or "nobody"
        lost = f"; {', '.join(group.excluded)} gave way" if group.excluded else ""
        return f"group {group.name} keeps {group.keep}{of}: {gave} gave{lost}"

    def limit(self, limit: model.LimitSeen) -> str:
        """A limit with what was used of it."""
        text = f"limit of {limit.owner}: {limit.limit}"
        if limit.used_before is not None:
            after = limit.used_before if limit.used_after is None else limit.used_after
            text += f"; {limit.used_before:,} -> {after:,} of {limit.amount:,} used"
        if limit.held_by is not None:
            asked = "" if limit.asked is None else f" was asked for {sum(limit.asked):,} points"
            said = f", refused: {limit.reason}" if limit.reason else ", has not answered"
            if limit.granted is not None:
                said = f", granted {sum(limit.granted):,}"
            text += f"; {limit.held_by}{asked}{said}"
        return text

    def award(self, award: model.Award) -> str:
        """How points were reckoned, and what was given."""
        to = "" if award.to == "member" else f" to the {award.to}"
        counted = award.base_minor or award.how.find(" for each ") >= 0
        lines = f" (lines {', '.join(award.line_ids)})" if award.line_ids and counted else ""
        given = "nothing was given" if award.given is None else f"{award.given:,} given"
        cut = f", cut from {award.reckoned:,}" if award.given is not None and award.given < award.reckoned else ""
        return f"{award.account}{to}: {award.calculation}{lines}: {given}{cut}"

    def cause(self, change: model.Change) -> str:
        """What a later thing goes back to: an event's id, or that it was due."""
        return change.cause if _DUE.fullmatch(change.cause) is None else "it was due"

    def postings(self, outcome: model.Outcome) -> str:
        """The postings of an outcome, with the balance before and after."""
        postings: Sequence[Mapping[str, Any]] = outcome.data.get("postings") or ()
        if not postings:
            return ""
        told = ", ".join(
            f"{each['points']:,} from {_bucket(each['debit'])} to {_bucket(each['credit'])}" for each in postings
        )
        return f"{told}; balance {outcome.data['balance_before']:,} -> {outcome.data['balance_after']:,}"


def layout_of(found: model.Explanation) -> Layout:
    """The layout of an explanation's programme."""
    return Layout(found.programme)


_NOBODY = model.Standing(balances={}, pending={}, held={}, tiers={}, counters={}, tags=[])


def _names(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _bucket(name: str) -> str:
    return _POSTED.get(name, name)


def _plain(name: str) -> str:
    return name.removesuffix("_minor").replace("_", " ")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
