"""The last stage: the ruleset with its digest. Runs only where no file has an error."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from engine.rulebook.book import Book
from engine.rulebook.currencies import DIGITS
from engine.rulebook.diagnostics import Report
from engine.rulebook.emission import campaigns, feedback, programme, reference, tiers, vouchers
from engine.rulebook.emission.conditions import entries
from engine.rulebook.emission.context import Context
from engine.rulebook.language import EFFECTS
from engine.rulebook.shapes import Part
from engine.ruleset.codec import sealed
from engine.ruleset.model import SEMANTICS, Campaign, Ruleset


class _WithName(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_WithName)
_EMITTERS = {name: kind.emit for name, kind in EFFECTS.items()}


def emit(book: Book, report: Report) -> Book:
    """Makes the ruleset: campaigns in the order of behaviour B-10, all else by name."""
    if report.has_errors():
        return book
    ruleset = _ruleset(book)
    return replace(book, ruleset=sealed(ruleset))


def _ruleset(book: Book) -> Ruleset:
    part = next(content for _, content in book.of_kind("programme"))
    accounts = part.get("accounts")
    context = Context(
        default_account=next(iter(accounts.entries)) if accounts else "",
        definitions={name: declared.part.value for name, declared in book.named("definition").items()},
        minor_digits=DIGITS[part.read("currency")],
    )
    messages = next((content for _, content in book.of_kind("messages")), None)
    quiet = campaigns.quiet(messages.get("quiet")) if messages else None
    outlets = next((reference.outlets(content) for _, content in book.of_kind("outlets")), {})
    found = sorted((campaigns.campaign(each, _EMITTERS, context) for each in _all(book, "campaign")), key=order)
    without = Ruleset(
        digest="",
        semantics=SEMANTICS,
        programme=programme.programme(part, context),
        campaigns=tuple(found),
        ladders=_by_name(tiers.ladder(each, _EMITTERS, context) for each in _all(book, "tiers")),
        messages=_by_name(
            campaigns.message(name, named.part, context) for name, named in entries(messages, "messages").items()
        ),
        achievements=_by_name(tiers.achievement(each, context) for each in _all(book, "achievement")),
        vouchers=_by_name(vouchers.voucher(each, context) for each in _all(book, "voucher")),
        pools=_by_name(vouchers.pool(each) for each in _all(book, "pool")),
        promo_codes=_by_name(vouchers.promo_codes(each, _EMITTERS, context) for each in _all(book, "promo_codes")),
        feedback=next((feedback.feedback(each) for each in _all(book, "feedback")), None),
        quiet=quiet,
        lists={name: reference.listed(given.part) for name, given in sorted(book.named("list").items())},
        outlets=outlets,
        rates=next((reference.rates(each) for each in _all(book, "rates")), ()),
        zones=reference.zones(outlets, quiet),
    )
    # once more, now that every use of a counter is known
    return replace(without, programme=programme.programme(part, context))


def order(campaign: Campaign) -> tuple[bool, str, int, str]:
    """Groups by name, those of none last; then higher priority first; then by name (B-10)."""
    return (not campaign.group, campaign.group, -campaign.priority, campaign.name)


def _all(book: Book, kind: str) -> list[Part]:
    return [content for _, content in book.of_kind(kind)]


def _by_name(made: Iterable[_N]) -> tuple[_N, ...]:
    return tuple(sorted(made, key=lambda each: each.name))
