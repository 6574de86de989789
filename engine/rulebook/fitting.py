"""The stage of effects, limits and groups: what is well written and does not go together."""

from collections.abc import Iterator, Mapping

from engine.rulebook.book import Book, event_of
from engine.rulebook.diagnostics import Report, shown
from engine.rulebook.drafts import Draft, FieldDraft, GroupDraft, leaves
from engine.rulebook.events import SALE
from engine.rulebook.limiting import awards_in, limits_of
from engine.rulebook.schedules import schedule_of
from engine.rulebook.shapes import Named, Part, Record
from engine.rulebook.voucher_checks import pools_of, vouchers_of
from engine.ruleset.schedules import SCHEDULED

_ON_AMOUNTS = ("per", "every", "times_base", "for_each")  # ways to award that need a sale
_BY_LINE = ("per", "every", "times_base")


def fitting(book: Book, report: Report) -> Book:
    """Looks at what stands together. Changes nothing."""
    limits_of(book, report)
    for _, campaign in book.of_kind("campaign"):
        _events(campaign, report)
        _group(campaign, book, report)
        _every(campaign, report)
        schedule_of(campaign, book, report)
    for kind in ("tiers", "promo_codes"):
        for _, content in book.of_kind(kind):
            _awards_without_sale(content, "here", report)
    for _, programme in book.of_kind("programme"):
        _counters(programme, report)
        _groups(programme, book, report)
    vouchers_of(book, report)
    pools_of(book, report)
    return book


def _events(campaign: Part, report: Report) -> None:
    event = event_of(campaign)
    if event in ("", SALE):
        return
    says = "a schedule" if event == SCHEDULED else event
    lines = campaign.get("lines")
    if lines is not None:
        report.add("field-not-here", lines.node.place, f"{says} has no lines", f"known on {SALE}")
    _awards_without_sale(campaign, says, report)


def _awards_without_sale(content: Part, says: str, report: Report) -> None:
    for part in content.within():
        if isinstance(part.shape, Record) and part.shape.name == "award_points":
            for key in _ON_AMOUNTS:
                way = part.get(key)
                if way is not None:
                    what = f"{says} has no sale for it to count" if says != "here" else "there is no sale to count here"
                    report.add("field-not-here", way.node.place, what, "give so many `points`")


def _group(campaign: Part, book: Book, report: Report) -> None:
    """Line by line, only awards that lines have a part of; by worth, only accounts that have one."""
    named = campaign.get("group")
    declared = book.named("group").get(named.value) if named else None
    then = campaign.get("then")
    if named is None or declared is None or then is None:
        return
    awards = [effect for effect in then.items if effect.value.key.text == "award_points"]
    if declared.part.read("scope") == "line":
        odd = next((each for each in awards if not any(each.value.part.get(key) for key in _BY_LINE)), None)
        if not awards or odd is not None:
            place = odd.value.key.place if odd is not None else named.node.place
            message = f"the group {shown(named.value)} chooses line by line; this has no part in a line"
            report.add(
                "group-needs-lines", place, message, "award by per, every or times_base, or choose another group"
            )
    if declared.part.read("keep") in ("highest", "lowest"):
        _worth(campaign, named, book, report)


def _worth(campaign: Part, named: Part, book: Book, report: Report) -> None:
    keep = book.named("group")[named.value].part.read("keep")
    for award in awards_in(campaign, book):
        account = book.named("account").get(award.account)
        if account is not None and account.part.get("worth") is None:
            message = f"the group {shown(named.value)} keeps the {keep}; {award.account} has no `worth` to compare"
            report.add("no-worth", named.node.place, message, f"give {award.account} a worth in programme.yaml")


def _groups(programme: Part, book: Book, report: Report) -> None:
    """Two groups of one name are told by the names; here that each is used."""
    used = {campaign.read("group") for _, campaign in book.of_kind("campaign")}
    for name, named in _entries(programme, "groups").items():
        if name not in used:
            message = f"no campaign is in the group {shown(name)}"
            report.add("unused-definition", named.key.place, message, "use it or remove it")


def _every(campaign: Part, report: Report) -> None:
    """`every` says how often the effects come, so it must hold whenever the campaign does, and once."""
    when = campaign.get("when")
    audience = campaign.get("audience")
    found = list(_multiples(when.value, nested=False)) if when else []
    found += [(field, True) for field, _ in _multiples(audience.value, nested=True)] if audience else []
    for position, (field, nested) in enumerate(found):
        place = next(check.place for check in field.counting if check.word == "every")
        if nested:
            message = "`every` must hold whenever the campaign does; it stands in `when` itself, not within any or none"
            report.add("window-not-here", place, message, "write it directly under `when`")
        elif position:
            report.add("keys-contradict", place, "a second `every`; one says how often the effects come", "keep one")


def _multiples(draft: Draft, *, nested: bool) -> Iterator[tuple[FieldDraft, bool]]:
    if isinstance(draft, FieldDraft) and draft.counted is not None and draft.counted.how == "every":
        yield draft, nested
    elif isinstance(draft, GroupDraft):
        for part in draft.parts:
            yield from _multiples(part, nested=nested or draft.kind != "all")


def _counters(programme: Part, report: Report) -> None:
    """A counter adds what its event has."""
    for named in _entries(programme, "counters").values():
        counter = named.part
        event, add, lines = event_of(counter), counter.get("add"), counter.get("lines")
        if lines is not None and event not in ("", SALE):
            report.add("field-not-here", lines.node.place, f"{event} has no lines", f"known on {SALE}")
        wanted = {"pieces": SALE, "count": SALE, "amount": SALE, "points": "points."}.get(add.value if add else "", "")
        if add is not None and wanted and event and not event.startswith(wanted):
            known = "points.* events" if wanted == "points." else SALE
            report.add("field-not-here", add.node.place, f"{event} has no {add.value}", f"known on {known}")
        when = counter.get("when")
        for leaf in leaves(when.value) if when else ():
            if isinstance(leaf, FieldDraft) and leaf.key.text == "member.opted_in":
                report.add("field-not-here", leaf.key.place, "a counter has no campaign to opt in to", "leave it out")


def _entries(part: Part, key: str) -> Mapping[str, Named]:
    inner = part.get(key)
    return inner.entries if inner else {}
