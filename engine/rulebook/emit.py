"""The last stage: the ruleset with its digest. Runs only where no file has an error."""

from dataclasses import replace
from typing import Any

from engine.rulebook import emitting
from engine.rulebook.book import Book
from engine.rulebook.currencies import DIGITS
from engine.rulebook.diagnostics import Report
from engine.rulebook.emitting import Context
from engine.rulebook.language import EFFECTS
from engine.rulebook.shapes import Part
from engine.rulebook.zones import zone_table
from engine.ruleset.codec import sealed
from engine.ruleset.effects import Effect
from engine.ruleset.model import SEMANTICS, Campaign, Programme, Ruleset


def emit(book: Book, report: Report) -> Book:
    """Makes the ruleset: campaigns in the order of behaviour B-10, ladders and messages by name."""
    if report.has_errors():
        return book
    programme = next(content for _, content in book.of_kind("programme"))
    accounts = programme.get("accounts")
    context = Context(
        default_account=next(iter(accounts.entries)) if accounts else "",
        definitions={name: declared.part.value for name, declared in book.named("definition").items()},
    )
    campaigns = [_campaign(content, context) for _, content in book.of_kind("campaign")]
    ladders = [emitting.ladder(content) for _, content in book.of_kind("tiers")]
    messages = [
        emitting.message(name, named.part, context)
        for _, content in book.of_kind("messages")
        for name, named in _entries(content, "messages").items()
    ]
    ruleset = Ruleset(
        digest="",
        semantics=SEMANTICS,
        programme=_programme(programme, context),
        campaigns=tuple(sorted(campaigns, key=lambda campaign: (-campaign.priority, campaign.name))),
        ladders=tuple(sorted(ladders, key=lambda ladder: ladder.name)),
        messages=tuple(sorted(messages, key=lambda message: message.name)),
    )
    return replace(book, ruleset=sealed(ruleset))


def _programme(part: Part, context: Context) -> Programme:
    currency = part.read("currency")
    modules = _entries(part, "modules")
    key = part.get("transaction_key")
    return Programme(
        name=part.read("programme"),
        zone=zone_table(part.read("zone")),
        currency=currency,
        minor_digits=DIGITS[currency],
        accounts=tuple(emitting.account(name, named.part) for name, named in _entries(part, "accounts").items()),
        attributes=tuple(
            emitting.attribute(name, named.part) for name, named in sorted(_entries(part, "attributes").items())
        ),
        earning=emitting.earning(part.get("earning"), context),
        time=emitting.time_rules(part.get("time")),
        transaction_key=tuple(item.value for item in key.items) if key else ("transaction_id",),
        modules=tuple(sorted(name for name, named in modules.items() if named.part.value == "on")),
    )


def _campaign(part: Part, context: Context) -> Campaign:
    name = part.read("campaign")
    return Campaign(
        name=name,
        title=part.read("title") or name,
        on=part.read("on"),
        from_ms=part.read("runs", "from"),
        until_ms=part.read("runs", "until"),
        audience=emitting.condition(part.read("audience"), context),
        line_sets={
            name: emitting.line_set(named.part, context) for name, named in sorted(_entries(part, "lines").items())
        },
        when=emitting.condition(part.read("when"), context),
        then=_effects(part, "then", context),
        otherwise=_effects(part, "otherwise", context),
        base=part.read("base") or False,
        priority=part.read("priority") or 0,
        state=part.read("state") or "live",
    )


def _effects(campaign: Part, key: str, context: Context) -> tuple[Effect, ...]:
    listed = campaign.get(key)
    return tuple(EFFECTS[item.value.key.text].emit(item.value.part, context) for item in listed.items) if listed else ()


def _entries(part: Part, key: str) -> dict[str, Any]:
    inner = part.get(key)
    return dict(inner.entries) if inner else {}
