"""The sixth stage: what works and is probably not meant."""

from engine.core.calendar import Period
from engine.rulebook.book import Book, Document, conditions_in
from engine.rulebook.diagnostics import Place, Report, shown
from engine.rulebook.drafts import FieldDraft, IsDraft, leaves
from engine.rulebook.limiting import days
from engine.rulebook.load import TEST_SUFFIX
from engine.rulebook.shapes import EffectShape, Part


def lint(book: Book, report: Report) -> Book:
    """Warns in files without errors. Changes nothing."""
    tested = any(path.endswith(TEST_SUFFIX) for path in book.sources)
    for document, campaign in book.of_kind("campaign"):
        if not report.has_errors(document.path):
            _end(campaign, report)
            _effects(campaign, report)
            _sets(campaign, report)
            if tested:
                _tested(document, book, report)
    _definitions(book, report)
    _counters(book, report)
    return book


def _tested(document: Document, book: Book, report: Report) -> None:
    """Once a folder has tests, each campaign without one is told; that there are none at all, `guerdon rules test` says."""
    beside = f"{document.path.removesuffix('.yaml')}.test.yaml"
    if beside not in book.sources:
        message = "no test stands beside this campaign"
        report.add("no-test", Place(document.path), message, f"write {beside}")


def _counters(book: Book, report: Report) -> None:
    """A counter that is asked further back than it remembers."""
    for document in book.documents:
        if document.content is None or report.has_errors(document.path):
            continue
        for asked in conditions_in(document.content):
            for leaf in leaves(asked.draft):
                counted = leaf.counted if isinstance(leaf, FieldDraft) else None
                declared = book.named("counter").get(counted.counter) if counted else None
                if counted is None or declared is None or not isinstance(leaf, FieldDraft):
                    continue
                kept = declared.part.read("keep") or Period(24, "months")
                back = counted.window.period
                if isinstance(kept, Period) and back is not None and days(back) > days(kept):
                    message = f"{counted.counter} remembers {kept.amount} {kept.unit}, less than is asked of it"
                    report.add("counter-forgets", leaf.counting[0].place, message, "let it `keep` longer")


def _end(campaign: Part, report: Report) -> None:
    awards = [effect for effect in _all_effects(campaign) if effect.value.key.text == "award_points"]
    limited = campaign.get("limits") is not None or campaign.get("runs", "until") is not None
    if awards and not campaign.read("base") and not limited:
        message = "this awards points without any limit or end"
        report.add("no-end", awards[0].value.key.place, message, "say `limits:` or `runs: {until: ..}`")


def _effects(campaign: Part, report: Report) -> None:
    if not _all_effects(campaign):
        report.add("no-effect", campaign.node.place, "the campaign does nothing", "say what it does under `then`")
    for effect in _all_effects(campaign):
        points = effect.value.part.get("points")
        if points is not None and points.value == 0:
            report.add("no-effect", points.node.place, "an award of no points does nothing")


def _sets(campaign: Part, report: Report) -> None:
    sets = campaign.get("lines")
    used = {effect.value.part.read("of") for effect in _all_effects(campaign)}
    for effect in _all_effects(campaign):
        bundles = effect.value.part.get("for_each")
        used |= set(bundles.entries) if bundles else set()
    for asked in conditions_in(campaign):
        if asked.scope != "line":
            used |= {leaf.key.text.rpartition(".")[0] for leaf in leaves(asked.draft) if isinstance(leaf, FieldDraft)}
    for name, named in sets.entries.items() if sets else ():
        if name not in used:
            report.add("unused-set", named.key.place, f"nothing uses the set {shown(name)}", "use it or remove it")


def _definitions(book: Book, report: Report) -> None:
    used: set[str] = set()
    for document in book.documents:
        for asked in conditions_in(document.content) if document.content else ():
            used |= {leaf.name.text for leaf in leaves(asked.draft) if isinstance(leaf, IsDraft)}
    for name, declared in book.named("definition").items():
        if name not in used and not report.has_errors():
            message = f"nothing uses the definition {shown(name)}"
            report.add("unused-definition", declared.place, message, "use it or remove it")


def _all_effects(campaign: Part) -> list[Part]:
    return [part for part in campaign.within() if isinstance(part.shape, EffectShape)]
